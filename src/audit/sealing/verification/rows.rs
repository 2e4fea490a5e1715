//! Every row against its leaf, by as many connections as there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::prelude::*;

use super::archived::Archived;
use super::erased::Erased;
use super::report::Report;
use super::{Run, store};
use crate::audit::sealing::leaf::Reference;
use crate::audit::sealing::store as sealed;
use crate::audit::sealing::tree::WIDTH;
use crate::error::AppError;

/// Leaves that are looked at at once; whole tiles.
const BATCH: u64 = 16 * WIDTH as u64;

/// What a batch of leaves came to.
#[derive(Debug, Default)]
pub struct Found {
    /// Rows that have leaves.
    pub(super) rows: i64,
    pub(super) changes: i64,
    pub(super) erased: Erased,
    pub(super) bad: Vec<(u64, String)>,
}

struct Work<'a> {
    size: u64,
    archived: &'a Archived,
    next: AtomicU64,
    done: AtomicU64,
    progress: &'a (dyn Fn(u64, u64) + Sync),
    run: Mutex<&'a mut Run>,
}

/// Recomputes every leaf of a run from its row.
pub fn check_all(
    conn: &mut PgConnection,
    others: Vec<PgConnection>,
    progress: &(dyn Fn(u64, u64) + Sync),
    run: &mut Run,
) -> Result<(), AppError> {
    let (size, archived) = (run.size(), run.archived());
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = Work { size, archived: &archived, next, done, progress, run: Mutex::new(run) };
    std::thread::scope(|scope| {
        let begin = |mut other| {
            scope.spawn({
                let work = &work;
                move || work.go_on(&mut other)
            })
        };
        let helpers: Vec<_> = others.into_iter().map(begin).collect();
        let mine = work.go_on(conn);
        let died = || AppError::Internal("a thread of the verification died".into());
        helpers.into_iter().try_for_each(|helper| helper.join().map_err(|_| died())?)?;
        mine
    })
}

impl Work<'_> {
    fn go_on(&self, conn: &mut PgConnection) -> Result<(), AppError> {
        loop {
            let from = self.next.fetch_add(BATCH, Ordering::Relaxed);
            if from >= self.size {
                return Ok(());
            }
            let to = self.size.min(from + BATCH);
            let found = check(conn, self.archived, from, to)?;
            self.run.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take(found);
            let done = self.done.fetch_add(to - from, Ordering::Relaxed) + to - from;
            (self.progress)(done, self.size);
        }
    }
}

/// Recomputes some leaves from their rows, beginning with a whole tile.
pub fn check(conn: &mut PgConnection, archived: &Archived, from: u64, to: u64) -> Result<Found, AppError> {
    let width = WIDTH as u64;
    let tiles = store::leaf_tiles(conn, from / width, to.div_ceil(width))?;
    let places = store::references(conn, from, to)?;
    let rows: Vec<Reference> = places.iter().map(|(_, reference)| *reference).collect();
    let (mut found, mut left) = (Found::default(), None);
    let mut expected = from..to;
    for ((leaf, row), kept) in places.into_iter().zip(sealed::leaves(conn, &rows)?) {
        found.bad.extend(expected.by_ref().take_while(|number| *number != leaf).map(|gap| (gap, missing(gap))));
        let is_archived = archived.has(&row);
        let Some(kept) = kept else {
            if is_archived || left_meanwhile(conn, &mut left, &row)? {
                continue;
            }
            found.bad.push((leaf, format!("Leaf {leaf}: event {} of {} is gone.", row.id, row.occurred_at)));
            continue;
        };
        found.rows += 1;
        found.changes += i64::try_from(kept.changes.len()).unwrap_or(i64::MAX);
        found.erased.count(row.log, &kept);
        if in_tiles(&tiles, leaf) != Some(kept.hash().as_slice()) {
            let what = format!("Leaf {leaf}: event {} of {} is not what was sealed.", row.id, row.occurred_at);
            found.bad.push((leaf, what));
        }
    }
    found.bad.extend(expected.map(|gap| (gap, missing(gap))));
    Ok(found)
}

/// Whether the month of a row was archived after the verification began.
fn left_meanwhile(conn: &mut PgConnection, left: &mut Option<Archived>, row: &Reference) -> Result<bool, AppError> {
    let left = match left {
        Some(left) => left,
        None => left.insert(Archived::load(conn, &mut Report::of(0))?),
    };
    Ok(left.has(row))
}

fn missing(leaf: u64) -> String {
    format!("Leaf {leaf} has lost its event.")
}

/// The hash of a leaf, where its tile is there and long enough.
fn in_tiles(tiles: &[(u64, Vec<u8>)], leaf: u64) -> Option<&[u8]> {
    let (number, place) = (leaf / WIDTH as u64, usize::try_from(leaf % WIDTH as u64).ok()?);
    let (_, hashes) = tiles.iter().find(|(found, _)| *found == number)?;
    hashes.get(place * 32..(place + 1) * 32)
}
