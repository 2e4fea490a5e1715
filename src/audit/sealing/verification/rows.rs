//! Every row against its leaf, by as many connections as there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::prelude::*;

use super::archived::Archived;
use super::report::Report;
use super::store;
use crate::audit::sealing::leaf::Reference;
use crate::audit::sealing::store as sealed;
use crate::audit::sealing::tree::WIDTH;
use crate::error::AppError;

/// Leaves that are looked at at once; whole tiles.
const BATCH: u64 = 16 * WIDTH as u64;

/// Rows that have leaves.
#[derive(Debug, Default, Clone, Copy)]
pub struct Seen {
    pub rows: i64,
    pub changes: i64,
}

struct Work<'a> {
    size: u64,
    archived: &'a Archived,
    next: AtomicU64,
    done: AtomicU64,
    progress: &'a (dyn Fn(u64, u64) + Sync),
    found: Mutex<(Seen, &'a mut Report)>,
}

/// Recomputes every leaf below a size from its row.
pub fn check(
    conn: &mut PgConnection,
    others: Vec<PgConnection>,
    size: u64,
    archived: &Archived,
    progress: &(dyn Fn(u64, u64) + Sync),
    report: &mut Report,
) -> Result<Seen, AppError> {
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = Work { size, archived, next, done, progress, found: Mutex::new((Seen::default(), report)) };
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
    })?;
    let found = work.found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(found.0)
}

impl Work<'_> {
    fn go_on(&self, conn: &mut PgConnection) -> Result<(), AppError> {
        loop {
            let from = self.next.fetch_add(BATCH, Ordering::Relaxed);
            if from >= self.size {
                return Ok(());
            }
            let to = self.size.min(from + BATCH);
            self.batch(conn, from, to)?;
            let done = self.done.fetch_add(to - from, Ordering::Relaxed) + to - from;
            (self.progress)(done, self.size);
        }
    }

    fn batch(&self, conn: &mut PgConnection, from: u64, to: u64) -> Result<(), AppError> {
        let width = WIDTH as u64;
        let tiles = store::leaf_tiles(conn, from / width, to.div_ceil(width))?;
        let places = store::references(conn, from, to)?;
        let rows: Vec<Reference> = places.iter().map(|(_, reference)| *reference).collect();
        let (mut seen, mut bad) = (Seen::default(), Vec::new());
        let mut expected = from..to;
        for ((leaf, row), found) in places.into_iter().zip(sealed::leaves(conn, &rows)?) {
            bad.extend(expected.by_ref().take_while(|number| *number != leaf).map(|gap| (gap, missing(gap))));
            let is_archived = self.archived.has(&row);
            let Some(found) = found else {
                if is_archived {
                    continue;
                }
                bad.push((leaf, format!("Leaf {leaf}: event {} of {} is gone.", row.id, row.occurred_at)));
                continue;
            };
            seen.rows += 1;
            seen.changes += i64::try_from(found.changes.len()).unwrap_or(i64::MAX);
            if in_tiles(&tiles, leaf) != Some(found.hash().as_slice()) {
                bad.push((
                    leaf,
                    format!("Leaf {leaf}: event {} of {} is not what was sealed.", row.id, row.occurred_at),
                ));
            }
        }
        bad.extend(expected.map(|gap| (gap, missing(gap))));
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        found.0.rows += seen.rows;
        found.0.changes += seen.changes;
        bad.into_iter().for_each(|(leaf, what)| found.1.mismatch(Some(leaf), what));
        Ok(())
    }
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
