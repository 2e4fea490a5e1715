//! Reading what an event's line needs besides the event.

use std::collections::HashMap;

use castellan_schema::audit::{events, leaves, security_events};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::audit::history::Event;
use crate::audit::security_events::store::SecurityEvent;
use crate::error::AppError;

/// Changed rows of one event that are listed, so that a line has an end.
const MOST_CHANGES: i64 = 100;
/// Changed rows that are read for each event of a page before it is asked for by itself.
const SPARE: usize = 4;

/// An event with its place in the tree, if it has one yet, and the rows it changed.
pub struct Recorded {
    pub event: Event,
    pub leaf: Option<i64>,
    pub changes: Vec<Change>,
    /// It changed more than are listed.
    pub is_cut: bool,
}

/// One changed row. Of erased values nothing is left.
#[derive(Debug, Serialize, QueryableByName)]
pub struct Change {
    #[serde(skip)]
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[serde(skip)]
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    row_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    op: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[diesel(sql_type = Nullable<Jsonb>)]
    before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[diesel(sql_type = Nullable<Jsonb>)]
    after: Option<Value>,
}

/// Adds places and changes to events, in their order.
pub fn recorded(conn: &mut PgConnection, events: Vec<Event>) -> Result<Vec<Recorded>, AppError> {
    let leaves = places(conn, events.iter().map(|event| event.id).collect())?;
    let mut changes = changes(conn, &events)?;
    let recorded = events.into_iter().map(|event| {
        let mut changes = changes.remove(&event.id).unwrap_or_default();
        let is_cut = changes.len() as i64 > MOST_CHANGES;
        changes.truncate(MOST_CHANGES as usize);
        Recorded { leaf: leaves.get(&event.id).copied(), event, changes, is_cut }
    });
    Ok(recorded.collect())
}

/// Adds places to security events, in their order.
pub fn placed(
    conn: &mut PgConnection,
    events: Vec<SecurityEvent>,
) -> Result<Vec<(SecurityEvent, Option<i64>)>, AppError> {
    let leaves = places(conn, events.iter().map(|event| event.id).collect())?;
    let placed = events.into_iter().map(|event| {
        let leaf = leaves.get(&event.id).copied();
        (event, leaf)
    });
    Ok(placed.collect())
}

fn places(conn: &mut PgConnection, ids: Vec<Uuid>) -> Result<HashMap<Uuid, i64>, AppError> {
    let leaves = leaves::table.filter(leaves::event_id.eq_any(ids)).select((leaves::event_id, leaves::leaf));
    Ok(leaves.load(conn)?.into_iter().collect())
}

type ByEvent = HashMap<Uuid, Vec<Change>>;

/// Rows of a stretch of time lie side by side, and are read so where not many of them belong to other events.
fn changes(conn: &mut PgConnection, events: &[Event]) -> Result<ByEvent, AppError> {
    let times = || events.iter().map(|event| event.occurred_at.to_jiff());
    let (Some(oldest), Some(newest)) = (times().min(), times().max()) else { return Ok(ByEvent::new()) };
    let most = SPARE * (events.len() + MOST_CHANGES as usize);
    let rows = sql_query(
        "select event_id, position, table_name, row_id, op, before, after from audit.changes
            where occurred_at between $1 and $2 limit $3",
    );
    let rows: Vec<Change> = rows
        .bind::<Timestamptz, _>(Timestamp::from(oldest))
        .bind::<Timestamptz, _>(Timestamp::from(newest))
        .bind::<BigInt, _>(most as i64)
        .load(conn)?;
    let rows = if rows.len() < most { rows } else { each(conn, events)? };
    let mut by_event: ByEvent = events.iter().map(|event| (event.id, Vec::new())).collect();
    for change in rows {
        if let Some(changes) = by_event.get_mut(&change.event_id) {
            changes.push(change);
        }
    }
    by_event.values_mut().for_each(|changes| changes.sort_by_key(|change| change.position));
    Ok(by_event)
}

/// One event after the other, so that none with very many rows is read to its end.
fn each(conn: &mut PgConnection, events: &[Event]) -> Result<Vec<Change>, AppError> {
    let rows = sql_query(
        "select c.* from unnest($1, $2) as e (id, at), lateral (
            select event_id, position, table_name, row_id, op, before, after from audit.changes
            where event_id = e.id and occurred_at = e.at order by position limit $3 + 1) c",
    );
    Ok(rows
        .bind::<Array<SqlUuid>, _>(events.iter().map(|event| event.id).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(events.iter().map(|event| event.occurred_at).collect::<Vec<_>>())
        .bind::<BigInt, _>(MOST_CHANGES)
        .load(conn)?)
}

/// The events with these ids that happened between two moments, both included, in no order.
pub fn events(conn: &mut PgConnection, ids: Vec<Uuid>, span: (Timestamp, Timestamp)) -> Result<Vec<Event>, AppError> {
    let found = events::table.filter(events::id.eq_any(ids).and(events::occurred_at.between(span.0, span.1)));
    Ok(found.select(Event::as_select()).load(conn)?)
}

/// The same of security events.
pub fn security_events(
    conn: &mut PgConnection,
    ids: Vec<Uuid>,
    span: (Timestamp, Timestamp),
) -> Result<Vec<SecurityEvent>, AppError> {
    let found = security_events::table
        .filter(security_events::id.eq_any(ids).and(security_events::occurred_at.between(span.0, span.1)));
    Ok(found.select(SecurityEvent::as_select()).load(conn)?)
}
