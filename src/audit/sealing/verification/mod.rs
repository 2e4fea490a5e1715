//! Whether the log still is what was sealed: rows against leaves, leaves against tree, tree against checkpoints.
//!
//! It goes on in pieces, each as short as a page, so that it can let go of its connection in between. What is sealed does
//! not change, and what is sealed meanwhile is left to the next verification.

pub mod archived;
mod checkpoints;
mod erased;
mod report;
pub mod rows;
pub mod store;

use std::path::PathBuf;
use std::sync::Arc;

use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};

use super::leaf::Log;
use super::note::{self, Checkpoint, PublicKeys};
use super::tree::{Tile, Tree, WIDTH};
use super::{Hash, store as sealed};
use crate::error::AppError;
use archived::Archived;
use checkpoints::Checkpoints;
use erased::Erased;
pub use report::{Report, Signer, Verdict};
use rows::Found;
use store::Kept;

/// Without a newer checkpoint for this long, nobody seals.
const CHECKPOINT_AGE: SignedDuration = SignedDuration::from_hours(2);
/// An event waits for its leaf no longer than this.
const QUEUE_AGE: SignedDuration = SignedDuration::from_mins(10);
/// Tiles that are read at once.
const TILES: u64 = 64;

/// What is verified against.
pub struct Verification {
    /// Without keys signatures are not looked at, and the result is never good.
    pub keys: Option<PublicKeys>,
    /// Checkpoints from outside, which nobody with access to the database could change.
    pub held: Vec<Checkpoint>,
    pub now: Timestamp,
    /// Where the files of archived months are; without it they are not looked at.
    pub archives: Option<PathBuf>,
}

/// A verification that is under way.
pub struct Run {
    against: Verification,
    report: Report,
    /// Months that had left the database when it began.
    archived: Arc<Archived>,
    rows: i64,
    changes: i64,
    erased: Erased,
    /// Grown anew from its leaves, past every checkpoint.
    tree: Tree,
    checkpoints: Checkpoints,
    /// When the newest that holds was signed.
    latest: Option<Timestamp>,
}

impl Verification {
    /// Looks at all of it. Further connections make it quicker. `progress` hears of leaves that are done, and of how
    /// many there are.
    pub fn run(
        self,
        conn: &mut PgConnection,
        others: Vec<PgConnection>,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Report, AppError> {
        let mut run = self.begin(conn)?;
        rows::check_all(conn, others, progress, &mut run)?;
        while run.grow(conn)? {}
        run.end(conn)
    }

    /// Settles how much is looked at.
    pub fn begin(mut self, conn: &mut PgConnection) -> Result<Run, AppError> {
        self.held.sort_unstable_by_key(|held| held.size);
        let mut report = Report::of(sealed::size(conn)?);
        let archived = Arc::new(Archived::load(conn, &mut report)?);
        let mut run = Run {
            against: self,
            report,
            archived,
            rows: 0,
            changes: 0,
            erased: Erased::default(),
            tree: Tree::default(),
            checkpoints: Checkpoints::default(),
            latest: None,
        };
        run.compare(conn)?;
        Ok(run)
    }
}

impl Run {
    /// How many leaves are looked at.
    pub fn size(&self) -> u64 {
        self.report.tree_size
    }

    /// Which months had left the database when it began.
    pub fn archived(&self) -> Arc<Archived> {
        self.archived.clone()
    }

    /// Takes up what a batch of leaves came to.
    pub fn take(&mut self, found: Found) {
        self.rows += found.rows;
        self.changes += found.changes;
        self.erased.add(&found.erased);
        found.bad.into_iter().for_each(|(leaf, what)| self.report.mismatch(Some(leaf), what));
    }

    /// Grows the tree by some thousand leaves; false when there are no more.
    pub fn grow(&mut self, conn: &mut PgConnection) -> Result<bool, AppError> {
        let size = self.size();
        let first = self.tree.size() / WIDTH as u64;
        let mut tiles = store::leaf_tiles(conn, first, first + TILES)?.into_iter();
        while self.tree.size() < size {
            let number = self.tree.size() / WIDTH as u64;
            if number >= first + TILES {
                return Ok(true);
            }
            let (found, hashes) = tiles.next().unwrap_or_default();
            let end = size.min((number + 1) * WIDTH as u64);
            let whole = hashes.as_chunks().0.get(..length(end - self.tree.size())).filter(|_| found == number);
            let Some(leaves) = whole else {
                self.report.mismatch(Some(self.tree.size()), format!("Tile {number} of the leaves is not whole."));
                break;
            };
            self.append(conn, leaves, end)?;
        }
        let edge: Vec<Tile> = self.tree.edge().collect();
        self.check_tiles(conn, edge)?;
        self.report.root = self.tree.root();
        self.check_longer(conn)?;
        Ok(false)
    }

    /// Adds leaves up to `end`, and stops at each checkpoint on the way.
    fn append(&mut self, conn: &mut PgConnection, mut leaves: &[Hash], end: u64) -> Result<(), AppError> {
        while !leaves.is_empty() {
            let size = self.tree.size();
            let next = self.checkpoints.peek(conn)?.into_iter().chain(self.against.held.iter().map(|held| held.size));
            let stop = next.filter(|stop| *stop > size).fold(end, u64::min);
            let (now, later) = leaves.split_at(length(stop - size));
            let full = self.tree.append(now).into_iter().filter(|tile| tile.hashes.len() == WIDTH * 32).collect();
            self.check_tiles(conn, full)?;
            self.compare(conn)?;
            leaves = later;
        }
        Ok(())
    }

    /// Compares the tree with the checkpoints of its size.
    fn compare(&mut self, conn: &mut PgConnection) -> Result<(), AppError> {
        let (size, root) = (self.tree.size(), self.tree.root());
        let passed = self.against.held.partition_point(|held| held.size <= size);
        for held in self.against.held.drain(..passed) {
            if held.root != root {
                let what = format!("The first {size} leaves are not those of the checkpoint that was given.");
                self.report.mismatch(None, what);
            }
        }
        while self.checkpoints.peek(conn)? == Some(size) {
            if let Some(kept) = self.checkpoints.take() {
                self.latest = self.latest.max(self.check_kept(&kept, Some(root)));
            }
        }
        Ok(())
    }

    /// Tiles over those of the leaves, against what they have to be.
    fn check_tiles(&mut self, conn: &mut PgConnection, tiles: Vec<Tile>) -> Result<(), AppError> {
        for tile in tiles.into_iter().filter(|tile| tile.level > 0) {
            let kept = sealed::tile(conn, tile.level, tile.number)?;
            let is_right = kept == tile.hashes
                // The tree has grown meanwhile.
                || kept.starts_with(&tile.hashes) && sealed::size(conn)? > self.size();
            if !is_right {
                self.bad_tile(&tile, &kept);
            }
        }
        Ok(())
    }

    fn bad_tile(&mut self, tile: &Tile, kept: &[u8]) {
        let (right, kept) = (tile.hashes.as_chunks::<32>().0, kept.as_chunks::<32>().0);
        let same = right.iter().zip(kept).take_while(|(right, kept)| right == kept).count() as u64;
        let width = 1 << (8 * tile.level);
        let leaf = (tile.number * WIDTH as u64 + same) * width;
        // A leaf below that is bad itself says more.
        let is_known = self.report.first_bad_leaf.is_some_and(|bad| (leaf..leaf + width).contains(&bad));
        let leaf = Some(leaf).filter(|_| !is_known);
        let (level, number) = (tile.level, tile.number);
        self.report.mismatch(leaf, format!("Tile {number} of level {level} is not what the leaves come to."));
    }

    /// A checkpoint of more leaves than there are.
    fn check_longer(&mut self, conn: &mut PgConnection) -> Result<(), AppError> {
        let size = self.tree.size();
        for held in std::mem::take(&mut self.against.held) {
            let what = format!("The checkpoint that was given has {} leaves, the tree {size}.", held.size);
            self.report.mismatch(Some(size), what);
        }
        while let Some(longer) = self.checkpoints.peek(conn)? {
            // What was sealed and signed meanwhile.
            if longer <= sealed::size(conn)? && size == self.size() {
                break;
            }
            if let Some(kept) = self.checkpoints.take() {
                self.report.mismatch(Some(size), format!("A checkpoint has {longer} leaves, the tree {size}."));
                self.check_kept(&kept, None);
            }
        }
        Ok(())
    }

    /// Returns when it was signed, where it holds.
    fn check_kept(&mut self, kept: &Kept, root: Option<Hash>) -> Option<Timestamp> {
        let report = &mut self.report;
        report.checkpoints += 1;
        let what = format!("The checkpoint of {} leaves from {}", kept.tree_size, kept.created_at.to_jiff());
        let said = match &self.against.keys {
            Some(keys) => note::signed_by(&kept.note, keys),
            None => note::read(&kept.note).map(|said| (said, Vec::new())),
        };
        let (said, signers) = match said {
            Ok(said) => said,
            Err(refused) => {
                report.mismatch(None, format!("{what} does not hold: {refused}."));
                return None;
            }
        };
        report.signed(&signers, said.size);
        if said.size != kept.tree_size.cast_unsigned() || said.root.as_slice() != kept.root {
            report.mismatch(None, format!("{what} is kept with another size or root than it was signed with."));
        }
        if root.is_some_and(|root| root != said.root) {
            report.mismatch(None, format!("{what} is of another tree."));
        }
        Some(said.signed_at.unwrap_or(kept.created_at.to_jiff()))
    }

    /// What is in the log without having a leaf, and how long ago something was sealed.
    pub fn end(mut self, conn: &mut PgConnection) -> Result<Report, AppError> {
        self.check_archives(conn)?;
        let counts = store::counts(conn, self.size())?;
        let report = &mut self.report;
        report.unsealed = counts.unsealed.cast_unsigned();
        if let Some(event) = store::vanished(conn)? {
            report.mismatch(None, format!("Event {event} was to be sealed and is gone."));
        }
        if self.rows + counts.sealed_since + counts.unsealed != counts.rows {
            for log in [Log::Events, Log::SecurityEvents] {
                if let Some(event) = store::smuggled_in(conn, log)? {
                    report.mismatch(None, format!("Event {event} has no leaf and does not wait for one."));
                }
            }
        }
        if self.changes + counts.changes_since != counts.changes
            && let Some(change) = store::stray_change(conn)?
        {
            report.mismatch(None, format!("Change {change} belongs to no event."));
        }
        self.erased.compare(conn, &self.archived, &mut self.report)?;
        self.judge_age(conn)?;
        Ok(self.report)
    }

    fn check_archives(&mut self, conn: &mut PgConnection) -> Result<(), AppError> {
        let report = &mut self.report;
        report.archived = self.archived.count(report).cast_unsigned();
        match &self.against.archives {
            Some(folder) => self.archived.check_files(conn, folder, self.against.keys.as_ref(), report),
            None => Ok(()),
        }
    }

    fn judge_age(&mut self, conn: &mut PgConnection) -> Result<(), AppError> {
        let (report, now) = (&mut self.report, self.against.now);
        if self.against.keys.is_none() && report.checkpoints > 0 {
            report.add(Verdict::Incomplete, "Without a public key no signature could be checked.".into());
        }
        let is_old = self.latest.is_some_and(|at| now.duration_since(at) > CHECKPOINT_AGE);
        if is_old || self.latest.is_none() && report.tree_size > 0 {
            report.add(Verdict::Stale, "The last checkpoint is older than two hours.".into());
        }
        if store::oldest_unsealed(conn)?.is_some_and(|at| now.duration_since(at) > QUEUE_AGE) {
            report.add(Verdict::Stale, "Events have waited for their leaves for more than ten minutes.".into());
        }
        Ok(())
    }
}

fn length(leaves: u64) -> usize {
    usize::try_from(leaves).unwrap_or(usize::MAX)
}
