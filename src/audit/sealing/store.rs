//! Every statement on what is sealed.

use std::collections::HashMap;

use castellan_schema::audit::{changes, events, leaves, security_events, tiles};
use diesel::dsl::max;
use diesel::prelude::*;
use jiff_diesel::{Timestamp, ToDiesel};
use uuid::Uuid;

use super::leaf::{self, Change, Event, Leaf, Log, Reference, SecurityEvent};
use super::tree::Tree;
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
    ids: Vec<Uuid>,
    from: Timestamp,
    to: Timestamp,
}

impl Asked {
    fn of(rows: &[Reference], log: Log) -> Asked {
        let rows = || rows.iter().filter(|row| row.log == log);
        let times = || rows().map(|row| row.occurred_at);
        Asked {
            ids: rows().map(|row| row.id).collect(),
            from: times().min().unwrap_or_default().to_diesel(),
            to: times().max().unwrap_or_default().to_diesel(),
        }
    }
}

type Found = HashMap<(Log, Uuid, jiff::Timestamp), Leaf>;

fn in_events(conn: &mut PgConnection, asked: &Asked) -> Result<Found, AppError> {
    if asked.ids.is_empty() {
        return Ok(Found::new());
    }
    let mut changes: HashMap<Place, Vec<Change>> = HashMap::new();
    let rows = changes::table
        .filter(changes::event_id.eq_any(&asked.ids).and(changes::occurred_at.between(asked.from, asked.to)))
        .select(Change::as_select());
    for change in rows.load(conn)? {
        changes.entry((change.event_id, change.occurred_at.to_jiff())).or_default().push(change);
    }
    let rows = events::table
        .filter(events::id.eq_any(&asked.ids).and(events::occurred_at.between(asked.from, asked.to)))
        .select(Event::as_select());
    let leaf = |event: Event| {
        let place = (event.id, event.occurred_at.to_jiff());
        let leaf = leaf::of_event(event, changes.remove(&place).unwrap_or_default());
        Ok(((Log::Events, place.0, place.1), leaf.map_err(|error| AppError::Internal(error.to_string()))?))
    };
    rows.load(conn)?.into_iter().map(leaf).collect()
}

fn in_security_events(conn: &mut PgConnection, asked: &Asked) -> Result<Found, AppError> {
    if asked.ids.is_empty() {
        return Ok(Found::new());
    }
    let rows = security_events::table
        .filter(security_events::id.eq_any(&asked.ids).and(security_events::occurred_at.between(asked.from, asked.to)))
        .select(SecurityEvent::as_select());
    let leaf = |event: SecurityEvent| {
        let place = (Log::SecurityEvents, event.id, event.occurred_at.to_jiff());
        Ok((place, leaf::of_security_event(event).map_err(|error| AppError::Internal(error.to_string()))?))
    };
    rows.load(conn)?.into_iter().map(leaf).collect()
}
