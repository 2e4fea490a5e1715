//! Whether the log still is what was sealed: rows against leaves, leaves against tree, tree against checkpoints.

mod archived;
mod report;
mod rows;
pub mod store;

use std::collections::VecDeque;
use std::path::Path;

use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::leaf::Log;
use super::note::{self, Checkpoint, PublicKeys};
use super::tree::{Tile, Tree, WIDTH};
use super::{Hash, store as sealed};
use crate::error::AppError;
use archived::Archived;
pub use report::{Report, Verdict};
use rows::Seen;
use store::Kept;

/// Without a newer checkpoint for this long, nobody seals.
const CHECKPOINT_AGE: SignedDuration = SignedDuration::from_hours(2);
/// An event waits for its leaf no longer than this.
const QUEUE_AGE: SignedDuration = SignedDuration::from_mins(10);
/// Checkpoints that are read at once.
const PAGE: i64 = 1000;
/// Tiles that are read at once.
const TILES: u64 = 64;

/// What is verified against.
pub struct Verification<'a> {
    /// Without keys signatures are not looked at, and the result is never good.
    pub keys: Option<&'a PublicKeys>,
    /// A checkpoint from outside, which nobody with access to the database could change.
    pub held: Option<Checkpoint>,
    pub now: Timestamp,
    /// Where the files of archived months are; without it they are not looked at.
    pub archives: Option<&'a Path>,
    /// Hears of leaves that are done, and of how many there are.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Verification<'_> {
    /// Looks at all of it as it is at this moment. Further connections make it quicker.
    pub fn run(&self, conn: &mut PgConnection, others: Vec<PgConnection>) -> Result<Report, AppError> {
        conn.build_transaction().read_only().repeatable_read().run(|conn| {
            let size = sealed::size(conn)?;
            let mut report = Report::of(size);
            let archived = Archived::load(conn, &mut report)?;
            let seen = rows::check(conn, others, size, &archived, self.progress, &mut report)?;
            report.archived = archived.count(&mut report).cast_unsigned();
            let latest = self.check_tree(conn, &mut report)?;
            if let Some(folder) = self.archives {
                archived.check_files(conn, folder, self.keys, &mut report)?;
            }
            self.check_rest(conn, &seen, latest, &mut report)?;
            Ok(report)
        })
    }

    /// Grows the tree anew from its leaves, past every checkpoint.
    fn check_tree(&self, conn: &mut PgConnection, report: &mut Report) -> Result<Option<Timestamp>, AppError> {
        let mut walk = Walk { tree: Tree::default(), checkpoints: Checkpoints::default(), latest: None };
        self.stop(conn, &mut walk, report)?;
        let mut tiles = Vec::new().into_iter();
        while walk.tree.size() < report.tree_size {
            let number = walk.tree.size() / WIDTH as u64;
            if tiles.len() == 0 {
                tiles = store::leaf_tiles(conn, number, number + TILES)?.into_iter();
            }
            let (found, hashes) = tiles.next().unwrap_or_default();
            let end = report.tree_size.min((number + 1) * WIDTH as u64);
            let hashes = hashes.as_chunks().0;
            let Some(mut rest) = hashes.get(..length(end - walk.tree.size())).filter(|_| found == number) else {
                report.mismatch(Some(walk.tree.size()), format!("Tile {number} of the leaves is not whole."));
                break;
            };
            while !rest.is_empty() {
                let next = walk.checkpoints.peek(conn)?.into_iter().chain(self.held.iter().map(|held| held.size));
                let stop = next.filter(|size| *size > walk.tree.size()).fold(end, u64::min);
                let (now, later) = rest.split_at(length(stop - walk.tree.size()));
                let full = walk.tree.append(now).into_iter().filter(|tile| tile.hashes.len() == WIDTH * 32);
                check_tiles(conn, full, report)?;
                self.stop(conn, &mut walk, report)?;
                rest = later;
            }
        }
        check_tiles(conn, walk.tree.edge(), report)?;
        report.root = walk.tree.root();
        self.check_longer(conn, &mut walk, report)?;
        Ok(walk.latest)
    }

    /// Compares the tree with the checkpoints of its size.
    fn stop(&self, conn: &mut PgConnection, walk: &mut Walk, report: &mut Report) -> Result<(), AppError> {
        let size = walk.tree.size();
        if self.held.as_ref().is_some_and(|held| held.size == size && held.root != walk.tree.root()) {
            report.mismatch(None, format!("The first {size} leaves are not those of the checkpoint that was given."));
        }
        while walk.checkpoints.peek(conn)? == Some(size) {
            if let Some(kept) = walk.checkpoints.take() {
                walk.latest = walk.latest.max(self.check_kept(&kept, Some(walk.tree.root()), report));
            }
        }
        Ok(())
    }

    /// A checkpoint of more leaves than there are.
    fn check_longer(&self, conn: &mut PgConnection, walk: &mut Walk, report: &mut Report) -> Result<(), AppError> {
        let size = walk.tree.size();
        if let Some(held) = self.held.as_ref().filter(|held| held.size > size) {
            report.mismatch(
                Some(size),
                format!("The checkpoint that was given has {} leaves, the tree {size}.", held.size),
            );
        }
        while let Some(longer) = walk.checkpoints.peek(conn)? {
            if let Some(kept) = walk.checkpoints.take() {
                report.mismatch(Some(size), format!("A checkpoint has {longer} leaves, the tree {size}."));
                self.check_kept(&kept, None, report);
            }
        }
        Ok(())
    }

    /// Returns when it was signed, where it holds.
    fn check_kept(&self, kept: &Kept, root: Option<Hash>, report: &mut Report) -> Option<Timestamp> {
        report.checkpoints += 1;
        let what = format!("The checkpoint of {} leaves from {}", kept.tree_size, kept.created_at.to_jiff());
        let said = match self.keys {
            Some(keys) => note::open(&kept.note, keys),
            None => note::read(&kept.note),
        };
        let said = match said {
            Ok(said) => said,
            Err(refused) => {
                report.mismatch(None, format!("{what} does not hold: {refused}."));
                return None;
            }
        };
        if said.size != kept.tree_size.cast_unsigned() || said.root.as_slice() != kept.root {
            report.mismatch(None, format!("{what} is kept with another size or root than it was signed with."));
        }
        if root.is_some_and(|root| root != said.root) {
            report.mismatch(None, format!("{what} is of another tree."));
        }
        Some(said.signed_at.unwrap_or(kept.created_at.to_jiff()))
    }

    /// What is in the log without having a leaf, and how long ago something was sealed.
    fn check_rest(
        &self,
        conn: &mut PgConnection,
        seen: &Seen,
        latest: Option<Timestamp>,
        report: &mut Report,
    ) -> Result<(), AppError> {
        let counts = store::counts(conn)?;
        report.unsealed = counts.unsealed.cast_unsigned();
        if let Some(event) = store::vanished(conn)? {
            report.mismatch(None, format!("Event {event} was to be sealed and is gone."));
        }
        if seen.rows + counts.unsealed != counts.rows {
            for log in [Log::Events, Log::SecurityEvents] {
                if let Some(event) = store::smuggled_in(conn, log)? {
                    report.mismatch(None, format!("Event {event} has no leaf and does not wait for one."));
                }
            }
        }
        if seen.changes + counts.unsealed_changes != counts.changes
            && let Some(change) = store::stray_change(conn)?
        {
            report.mismatch(None, format!("Change {change} belongs to no event."));
        }
        if self.keys.is_none() {
            report.add(Verdict::Incomplete, "Without a public key no signature could be checked.".into());
        }
        if latest.is_some_and(|at| self.now.duration_since(at) > CHECKPOINT_AGE)
            || latest.is_none() && report.tree_size > 0
        {
            report.add(Verdict::Stale, "The last checkpoint is older than two hours.".into());
        }
        if store::oldest_unsealed(conn)?.is_some_and(|at| self.now.duration_since(at) > QUEUE_AGE) {
            report.add(Verdict::Stale, "Events have waited for their leaves for more than ten minutes.".into());
        }
        Ok(())
    }
}

struct Walk {
    tree: Tree,
    checkpoints: Checkpoints,
    /// When the newest that holds was signed.
    latest: Option<Timestamp>,
}

/// Tiles over those of the leaves, against what they have to be.
fn check_tiles(
    conn: &mut PgConnection,
    tiles: impl Iterator<Item = Tile>,
    report: &mut Report,
) -> Result<(), AppError> {
    for tile in tiles.filter(|tile| tile.level > 0) {
        let kept = sealed::tile(conn, tile.level, tile.number)?;
        if kept != tile.hashes {
            let (right, kept) = (tile.hashes.as_chunks::<32>().0, kept.as_chunks::<32>().0);
            let same = right.iter().zip(kept).take_while(|(right, kept)| right == kept).count() as u64;
            let width = 1 << (8 * tile.level);
            let leaf = (tile.number * WIDTH as u64 + same) * width;
            // A leaf below that is bad itself says more.
            let is_known = report.first_bad_leaf.is_some_and(|bad| (leaf..leaf + width).contains(&bad));
            let leaf = Some(leaf).filter(|_| !is_known);
            let (level, number) = (tile.level, tile.number);
            report.mismatch(leaf, format!("Tile {number} of level {level} is not what the leaves come to."));
        }
    }
    Ok(())
}

/// All checkpoints in order of the tree's size, a page at a time.
#[derive(Default)]
struct Checkpoints {
    page: VecDeque<Kept>,
    last: Option<(i64, Uuid)>,
    is_over: bool,
}

impl Checkpoints {
    fn peek(&mut self, conn: &mut PgConnection) -> Result<Option<u64>, AppError> {
        if self.page.is_empty() && !self.is_over {
            self.page = store::checkpoints(conn, self.last, PAGE)?.into();
            self.is_over = self.page.is_empty();
        }
        Ok(self.page.front().map(|kept| kept.tree_size.cast_unsigned()))
    }

    fn take(&mut self) -> Option<Kept> {
        let kept = self.page.pop_front()?;
        self.last = Some((kept.tree_size, kept.id));
        Some(kept)
    }
}

fn length(leaves: u64) -> usize {
    usize::try_from(leaves).unwrap_or(usize::MAX)
}
