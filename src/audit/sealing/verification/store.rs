//! Every statement that verification asks.

use castellan_schema::audit::{checkpoints, leaves, tiles, unsealed};
use diesel::dsl::min;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Uuid as Id};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::erased::Erased;
use crate::audit::sealing::leaf::{Log, Reference};
use crate::error::AppError;

/// The places of leaves, in order; a gap is a number that is not there.
pub fn references(conn: &mut PgConnection, from: u64, to: u64) -> Result<Vec<(u64, Reference)>, AppError> {
    let rows: Vec<(i64, String, Uuid, Timestamp)> = leaves::table
        .filter(leaves::leaf.ge(from.cast_signed()).and(leaves::leaf.lt(to.cast_signed())))
        .order(leaves::leaf)
        .select((leaves::leaf, leaves::log, leaves::event_id, leaves::occurred_at))
        .load(conn)?;
    let reference = |(leaf, log, id, occurred_at): (i64, String, Uuid, Timestamp)| {
        let log = Log::named(&log).unwrap_or(Log::Events);
        (leaf.cast_unsigned(), Reference { log, id, occurred_at: occurred_at.to_jiff() })
    };
    Ok(rows.into_iter().map(reference).collect())
}

/// Tiles of leaves by number.
pub fn leaf_tiles(conn: &mut PgConnection, from: u64, to: u64) -> Result<Vec<(u64, Vec<u8>)>, AppError> {
    let rows: Vec<(i64, Vec<u8>)> = tiles::table
        .filter(tiles::level.eq(0).and(tiles::tile.ge(from.cast_signed())).and(tiles::tile.lt(to.cast_signed())))
        .order(tiles::tile)
        .select((tiles::tile, tiles::hashes))
        .load(conn)?;
    Ok(rows.into_iter().map(|(tile, hashes)| (tile.cast_unsigned(), hashes)).collect())
}

/// A checkpoint as it is kept.
#[derive(Debug, Clone, Queryable)]
pub struct Kept {
    pub id: Uuid,
    pub tree_size: i64,
    pub root: Vec<u8>,
    pub note: String,
    pub created_at: Timestamp,
}

/// Checkpoints in order of the tree's size, after one of them.
pub fn checkpoints(conn: &mut PgConnection, after: Option<(i64, Uuid)>, limit: i64) -> Result<Vec<Kept>, AppError> {
    let (size, id) = after.unwrap_or((-1, Uuid::nil()));
    let later = checkpoints::tree_size.gt(size).or(checkpoints::tree_size.eq(size).and(checkpoints::id.gt(id)));
    Ok(checkpoints::table
        .filter(checkpoints::tree_size.ge(size).and(later))
        .order((checkpoints::tree_size, checkpoints::id))
        .limit(limit)
        .select((
            checkpoints::id,
            checkpoints::tree_size,
            checkpoints::root,
            checkpoints::note,
            checkpoints::created_at,
        ))
        .load(conn)?)
}

/// What is in the log, all at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Counts {
    /// Events and security events.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
    #[diesel(sql_type = BigInt)]
    pub changes: i64,
    /// In the queue.
    #[diesel(sql_type = BigInt)]
    pub unsealed: i64,
    /// Leaves from a number on.
    #[diesel(sql_type = BigInt)]
    pub sealed_since: i64,
    /// Changes of events that have a leaf from that number on, or none yet.
    #[diesel(sql_type = BigInt)]
    pub changes_since: i64,
}

/// How many rows there are, and how many of them are not among the first `size` leaves.
pub fn counts(conn: &mut PgConnection, size: u64) -> Result<Counts, AppError> {
    let statement = "select (select count(*) from audit.events) + (select count(*) from audit.security_events) as rows, \
            (select count(*) from audit.changes) as changes, (select count(*) from audit.unsealed) as unsealed, \
            (select count(*) from audit.leaves where leaf >= $1) as sealed_since, \
            (select count(*) from audit.changes c join ( \
                select event_id, occurred_at from audit.unsealed \
                union all select event_id, occurred_at from audit.leaves where leaf >= $1 \
            ) later on later.event_id = c.event_id and later.occurred_at = c.occurred_at) as changes_since";
    Ok(diesel::sql_query(statement).bind::<BigInt, _>(size.cast_signed()).get_result(conn)?)
}

/// Since when the event waits that has waited longest.
pub fn oldest_unsealed(conn: &mut PgConnection) -> Result<Option<jiff::Timestamp>, AppError> {
    let oldest: Option<Timestamp> = unsealed::table.select(min(unsealed::queued_at)).first(conn)?;
    Ok(oldest.map(|at| at.to_jiff()))
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Id)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// An event that is still to be sealed and is not there any more.
pub fn vanished(conn: &mut PgConnection) -> Result<Option<Uuid>, AppError> {
    first(
        conn,
        "select u.event_id as id from audit.unsealed u where not exists (select from audit.events e \
            where u.log = 'events' and e.id = u.event_id and e.occurred_at = u.occurred_at) \
        and not exists (select from audit.security_events e \
            where u.log = 'security_events' and e.id = u.event_id and e.occurred_at = u.occurred_at) limit 1",
    )
}

/// A row of a log that has no leaf and does not wait for one.
pub fn smuggled_in(conn: &mut PgConnection, log: Log) -> Result<Option<Uuid>, AppError> {
    let log = log.name();
    let statement = format!(
        "select e.id from audit.{log} e where not exists (select from audit.leaves l \
            where l.log = '{log}' and l.event_id = e.id and l.occurred_at = e.occurred_at) \
        and not exists (select from audit.unsealed u \
            where u.log = '{log}' and u.event_id = e.id and u.occurred_at = e.occurred_at) limit 1"
    );
    first(conn, &statement)
}

/// A change of no event.
pub fn stray_change(conn: &mut PgConnection) -> Result<Option<Uuid>, AppError> {
    first(
        conn,
        "select c.id from audit.changes c where not exists (select from audit.events e \
            where e.id = c.event_id and e.occurred_at = c.occurred_at) limit 1",
    )
}

#[derive(QueryableByName)]
struct Announced {
    #[diesel(sql_type = Nullable<Id>)]
    event_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    events: i64,
    #[diesel(sql_type = BigInt)]
    changes: i64,
    #[diesel(sql_type = BigInt)]
    security_events: i64,
}

impl From<Announced> for Erased {
    fn from(row: Announced) -> Erased {
        Erased { events: row.events, changes: row.changes, security_events: row.security_events }
    }
}

/// How many rows all erasures announced whose events are in the log.
pub fn announced(conn: &mut PgConnection) -> Result<Erased, AppError> {
    let said = |log: &str| {
        format!(
            "coalesce(sum(case when details ->> '{log}' ~ '^[0-9]{{1,15}}$' then (details ->> '{log}')::bigint end), 0)::bigint as {log}"
        )
    };
    let statement = format!(
        "select null::uuid as event_id, {}, {}, {} from audit.events where action = 'audit.erase' and outcome = 'success'",
        said("events"),
        said("changes"),
        said("security_events")
    );
    Ok(diesel::sql_query(statement).get_result::<Announced>(conn)?.into())
}

/// How many rows erasures came to whose events are not in the log any more.
pub fn erasures_elsewhere(conn: &mut PgConnection) -> Result<Vec<(Uuid, Erased)>, AppError> {
    let done = |log: &str| format!("coalesce(sum(row_count) filter (where log = '{log}'), 0)::bigint as {log}");
    let statement = format!(
        "select event_id, {}, {}, {} from audit.erasures r \
            where not exists (select from audit.events e where e.id = r.event_id) group by event_id",
        done("events"),
        done("changes"),
        done("security_events")
    );
    let rows: Vec<Announced> = diesel::sql_query(statement).load(conn)?;
    Ok(rows.into_iter().filter_map(|row| Some((row.event_id?, row.into()))).collect())
}

/// The leaf of an event.
pub fn leaf_of(conn: &mut PgConnection, event: Uuid) -> Result<Option<(u64, Reference)>, AppError> {
    let statement = "select leaf as number from audit.leaves where event_id = $1";
    let number: Option<Number> = diesel::sql_query(statement).bind::<Id, _>(event).get_result(conn).optional()?;
    match number.map(|found| found.number.cast_unsigned()) {
        Some(leaf) => Ok(references(conn, leaf, leaf + 1)?.into_iter().next()),
        None => Ok(None),
    }
}

/// Where an event is that has no leaf yet.
pub fn waiting(conn: &mut PgConnection, event: Uuid) -> Result<Option<Reference>, AppError> {
    let row: Option<(String, Timestamp)> = unsealed::table
        .filter(unsealed::event_id.eq(event))
        .select((unsealed::log, unsealed::occurred_at))
        .first(conn)
        .optional()?;
    let row =
        row.and_then(|(log, at)| Some(Reference { log: Log::named(&log)?, id: event, occurred_at: at.to_jiff() }));
    Ok(row)
}

/// The newest checkpoint of a tree that has the leaf.
pub fn checkpoint_over(conn: &mut PgConnection, leaf: u64) -> Result<Option<String>, AppError> {
    Ok(checkpoints::table
        .filter(checkpoints::tree_size.gt(leaf.cast_signed()))
        .order((checkpoints::tree_size.desc(), checkpoints::created_at.desc()))
        .select(checkpoints::note)
        .first(conn)
        .optional()?)
}

fn first(conn: &mut PgConnection, statement: &str) -> Result<Option<Uuid>, AppError> {
    let found: Option<Found> = diesel::sql_query(statement).get_result(conn).optional()?;
    Ok(found.map(|found| found.id))
}
