//! The Merkle tree of RFC 6962 in tiles of 256 hashes, as C2SP `tlog-tiles` has it.

use std::cell::RefCell;

use tlog_tiles::tile;
use tlog_tiles::tlog::{self, HashReader};

use super::Hash;

/// Hashes in a full tile.
pub const WIDTH: usize = 256;
const HEIGHT: u8 = 8;
const FULL: usize = WIDTH * tlog::HASH_SIZE;

/// Why something does not belong to the tree.
pub type Error = tlog::Error;

/// Up to 256 hashes of one level, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    pub level: u8,
    pub number: u64,
    pub hashes: Vec<u8>,
}

/// A tree that can grow. It holds its right edge, which is all that growing takes.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    size: u64,
    /// The tiles that are not full, from the leaves up; empty ones included.
    edge: Vec<Vec<u8>>,
}

impl Tree {
    /// A tree of a size, whose tiles are asked for by level and number.
    pub fn load<E>(size: u64, mut tile: impl FnMut(u8, u64) -> Result<Vec<u8>, E>) -> Result<Tree, E> {
        let levels = (0..HEIGHT).take_while(|level| width(size, *level) > 0);
        let edge = levels.map(|level| {
            let count = place(size, level).1 * tlog::HASH_SIZE;
            let mut hashes = match count {
                0 => Vec::new(),
                _ => tile(level, place(size, level).0)?,
            };
            hashes.truncate(count);
            Ok(hashes)
        });
        Ok(Tree { size, edge: edge.collect::<Result<_, E>>()? })
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds leaves. Returns every tile that is new or longer than before.
    pub fn append(&mut self, leaves: &[Hash]) -> Vec<Tile> {
        let before = self.size;
        let mut changed = Vec::new();
        for leaf in leaves {
            self.push(leaf, &mut changed);
        }
        changed.extend(self.edge().filter(|tile| width(before, tile.level) != width(self.size, tile.level)));
        changed
    }

    /// The tiles that are not full.
    pub fn edge(&self) -> impl Iterator<Item = Tile> {
        let partial = (0..).zip(&self.edge).filter(|(_, hashes)| !hashes.is_empty());
        partial.map(|(level, hashes)| Tile { level, number: place(self.size, level).0, hashes: hashes.clone() })
    }

    fn push(&mut self, leaf: &Hash, full: &mut Vec<Tile>) {
        let mut hash = *leaf;
        for level in 0.. {
            if self.edge.len() == usize::from(level) {
                self.edge.push(Vec::with_capacity(FULL));
            }
            let edge = &mut self.edge[usize::from(level)];
            edge.extend_from_slice(&hash);
            if edge.len() < FULL {
                break;
            }
            hash = tile::Tile::subtree_hash(edge).0;
            full.push(Tile { level, number: place(self.size, level).0, hashes: std::mem::take(edge) });
        }
        self.size += 1;
    }

    /// The root: what the tree's perfect parts come to, from the smallest at the right to the largest at the left.
    pub fn root(&self) -> Hash {
        let mut root = None;
        for hashes in &self.edge {
            let count = hashes.len() / tlog::HASH_SIZE;
            for bit in (0..HEIGHT).filter(|bit| count >> bit & 1 == 1) {
                let start = (count >> (bit + 1)) << (bit + 1);
                let part = &hashes[start * tlog::HASH_SIZE..(start + (1 << bit)) * tlog::HASH_SIZE];
                let left = tile::Tile::subtree_hash(part);
                root = Some(root.map_or(left, |right| tlog::node_hash(left, right)));
            }
        }
        root.unwrap_or(tlog::EMPTY_HASH).0
    }
}

/// How many hashes a level has.
fn width(size: u64, level: u8) -> u64 {
    size >> (HEIGHT * level)
}

/// The tile that the level's next hash goes to, and how many are in it.
fn place(size: u64, level: u8) -> (u64, usize) {
    let count = width(size, level);
    (count / 256, usize::try_from(count % 256).unwrap_or_default())
}

/// The hashes beside the way from a leaf to the root of the tree of a size.
pub fn prove_inclusion(
    size: u64,
    leaf: u64,
    tile: impl FnMut(u8, u64) -> Result<Vec<u8>, String>,
) -> Result<Vec<Hash>, Error> {
    Ok(plain(tlog::prove_record(size, leaf, &Reader(RefCell::new(tile)))?))
}

/// The ways from the leaves of one full tile to the root. Their upper part is one and the same, and their lower parts
/// lie in one small tree, so that all of them together take hardly more hashes than one.
pub struct Ways {
    /// From the leaves up.
    levels: Vec<Vec<Hash>>,
    above: Vec<Hash>,
}

impl Ways {
    /// To the root of the tree of a size, from the leaves of a tile with these hashes.
    pub fn of_tile(
        size: u64,
        number: u64,
        hashes: &[u8],
        tile: impl FnMut(u8, u64) -> Result<Vec<u8>, String>,
    ) -> Result<Ways, Error> {
        if hashes.len() != FULL {
            return Err(Error::InvalidInput(format!("tile {number} of the leaves is not whole")));
        }
        let above = prove_inclusion(size, number * WIDTH as u64, tile)?.split_off(usize::from(HEIGHT));
        let mut levels: Vec<Vec<Hash>> = vec![hashes.as_chunks().0.to_vec()];
        for below in 0..usize::from(HEIGHT) - 1 {
            let pairs = levels[below].as_chunks::<2>().0.iter();
            levels.push(pairs.map(|[left, right]| tlog::node_hash(tlog::Hash(*left), tlog::Hash(*right)).0).collect());
        }
        Ok(Ways { levels, above })
    }

    /// The way from the leaf at a place of the tile, as [`prove_inclusion`] has it.
    pub fn of(&self, place: usize) -> Vec<Hash> {
        let beside = (0..).zip(&self.levels).map(|(level, hashes)| hashes[(place >> level) ^ 1]);
        beside.chain(self.above.iter().copied()).collect()
    }
}

/// The hashes that show that the tree of a size begins with the tree of an older one.
pub fn prove_consistency(
    size: u64,
    older: u64,
    tile: impl FnMut(u8, u64) -> Result<Vec<u8>, String>,
) -> Result<Vec<Hash>, Error> {
    Ok(plain(tlog::prove_tree(size, older, &Reader(RefCell::new(tile)))?))
}

/// Whether the leaf's hash is in the tree at its place.
pub fn check_inclusion(path: &[Hash], size: u64, root: Hash, leaf: u64, hash: Hash) -> Result<(), Error> {
    tlog::check_record(&wrapped(path), size, tlog::Hash(root), leaf, tlog::Hash(hash))
}

/// Whether a tree begins with an older one.
pub fn check_consistency(path: &[Hash], size: u64, root: Hash, older: u64, its_root: Hash) -> Result<(), Error> {
    tlog::check_tree(&wrapped(path), size, tlog::Hash(root), older, tlog::Hash(its_root))
}

fn plain(hashes: Vec<tlog::Hash>) -> Vec<Hash> {
    hashes.into_iter().map(|hash| hash.0).collect()
}

fn wrapped(hashes: &[Hash]) -> Vec<tlog::Hash> {
    hashes.iter().map(|hash| tlog::Hash(*hash)).collect()
}

struct Reader<F>(RefCell<F>);

impl<F: FnMut(u8, u64) -> Result<Vec<u8>, String>> HashReader for Reader<F> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, Error> {
        let read = |index: &u64| {
            let tile = tile::Tile::from_index(HEIGHT, *index);
            let hashes = (self.0.borrow_mut())(tile.level(), tile.level_index()).map_err(Error::InvalidInput)?;
            tile.hash_at_index(&hashes, *index)
        };
        indexes.iter().map(read).collect()
    }
}
