//! Every statement on what is sealed.

use std::collections::HashMap;

use castellan_schema::audit::{changes, events, leaves, security_events, tiles};
use diesel::dsl::max;
use diesel::prelude::*;
use jiff_diesel::{Timestamp, ToDiesel};
use uuid::Uuid;

use super::leaf::{self, Change, Event, Leaf, Log, Reference, SecurityEvent};
use super::tree::{Tree, WIDTH};
use crate::error::AppError;

type Place = (Uuid, jiff::Timestamp);

/// The rows as leaves, in the order asked for; none where there is no such row.
pub fn leaves(conn: &mut PgConnection, rows: &[Reference]) -> Result<Vec<Option<Leaf>>, AppError> {
    let mut found = in_events(conn, &Asked::of(rows, Log::Events))?;
    found.extend(in_security_events(conn, &Asked::of(rows, Log::SecurityEvents))?);
    Ok(rows.iter().map(|row| found.remove(&(row.log, row.id, row.occurred_at))).collect())
}

/// The tree as it stands, ready to grow.
pub fn tree(conn: &mut PgConnection) -> Result<Tree, AppError> {
    let size = size(conn)?;
    Tree::load(size, |level, number| tile(conn, level, number))
}

/// How many leaves there are.
pub fn size(conn: &mut PgConnection) -> Result<u64, AppError> {
    let last: Option<i64> = leaves::table.select(max(leaves::leaf)).first(conn)?;
    Ok(last.map_or(0, |last| last.cast_unsigned() + 1))
}

/// The hashes of a tile; none when it is not there.
pub fn tile(conn: &mut PgConnection, level: u8, number: u64) -> Result<Vec<u8>, AppError> {
    let key = (i32::from(level), number.cast_signed());
    Ok(tiles::table.find(key).select(tiles::hashes).first(conn).optional()?.unwrap_or_default())
}

/// Rows of one table, and the stretch of time that they are in: it names their months, so that no others are read.
struct Asked {
    /// In order.
    ids: Vec<Uuid>,
    from: Timestamp,
    to: Timestamp,
}

/// So many rows of a stretch of time are read for each that is asked for.
const SPARE: usize = 4;

/// How rows are looked for.
#[derive(Clone, Copy)]
enum By<'a> {
    /// Rows of a stretch of time lie side by side, while their ids are all over an index.
    Time(i64),
    Id(&'a [Uuid]),
}

impl Asked {
    fn of(rows: &[Reference], log: Log) -> Asked {
        let rows = || rows.iter().filter(|row| row.log == log);
        let times = || rows().map(|row| row.occurred_at);
        let mut ids: Vec<Uuid> = rows().map(|row| row.id).collect();
        ids.sort_unstable();
        Asked {
            ids,
            from: times().min().unwrap_or_default().to_diesel(),
            to: times().max().unwrap_or_default().to_diesel(),
        }
    }

    /// Rows by time, or by id where one that is late makes the stretch too long. Returns how they were found.
    fn load<R>(&self, mut rows: impl FnMut(By<'_>) -> QueryResult<Vec<R>>) -> QueryResult<(Vec<R>, By<'_>)> {
        let most = SPARE * (self.ids.len() + WIDTH);
        let by_time = By::Time(i64::try_from(most).unwrap_or(i64::MAX));
        let found = rows(by_time)?;
        match found.len() < most {
            true => Ok((found, by_time)),
            false => Ok((rows(By::Id(&self.ids))?, By::Id(&self.ids))),
        }
    }

    fn has(&self, id: Uuid) -> bool {
        self.ids.binary_search(&id).is_ok()
    }
}

type Found = HashMap<(Log, Uuid, jiff::Timestamp), Leaf>;

fn in_events(conn: &mut PgConnection, asked: &Asked) -> Result<Found, AppError> {
    if asked.ids.is_empty() {
        return Ok(Found::new());
    }
    let (found, by) = asked.load(|by| {
        let within = events::occurred_at.between(asked.from, asked.to);
        let rows = events::table.filter(within).select(Event::as_select()).into_boxed();
        match by {
            By::Time(most) => rows.limit(most).load(conn),
            By::Id(ids) => rows.filter(events::id.eq_any(ids)).load(conn),
        }
    })?;
    let mut changes = changes_of(conn, asked, by)?;
    let leaf = |event: Event| {
        let place = (event.id, event.occurred_at.to_jiff());
        let leaf = leaf::of_event(event, changes.remove(&place).unwrap_or_default());
        Ok(((Log::Events, place.0, place.1), leaf.map_err(|error| AppError::Internal(error.to_string()))?))
    };
    found.into_iter().filter(|event| asked.has(event.id)).map(leaf).collect()
}

/// The changes of events by event, which lie as their events do.
fn changes_of(conn: &mut PgConnection, asked: &Asked, by: By<'_>) -> Result<HashMap<Place, Vec<Change>>, AppError> {
    let within = changes::occurred_at.between(asked.from, asked.to);
    let mut rows = changes::table.filter(within).select(Change::as_select()).into_boxed();
    if let By::Id(ids) = by {
        rows = rows.filter(changes::event_id.eq_any(ids));
    }
    let mut by_event: HashMap<Place, Vec<Change>> = HashMap::new();
    for change in rows.load(conn)?.into_iter().filter(|change: &Change| asked.has(change.event_id)) {
        by_event.entry((change.event_id, change.occurred_at.to_jiff())).or_default().push(change);
    }
    Ok(by_event)
}

fn in_security_events(conn: &mut PgConnection, asked: &Asked) -> Result<Found, AppError> {
    if asked.ids.is_empty() {
        return Ok(Found::new());
    }
    let rows = security_events::table
        .filter(security_events::occurred_at.between(asked.from, asked.to))
        .filter(security_events::id.eq_any(&asked.ids))
        .select(SecurityEvent::as_select());
    let leaf = |event: SecurityEvent| {
        let place = (Log::SecurityEvents, event.id, event.occurred_at.to_jiff());
        Ok((place, leaf::of_security_event(event).map_err(|error| AppError::Internal(error.to_string()))?))
    };
    rows.load(conn)?.into_iter().map(leaf).collect()
}
