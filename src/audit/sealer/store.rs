//! Every statement of the sealer. Arrays go as one statement, however many rows they are.

use castellan_schema::audit::{checkpoints as c, leaves, tiles, unsealed as u};
use diesel::dsl::{max, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Bytea, Integer, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::sealing::leaf::{Log, Reference};
use crate::audit::sealing::tree::Tile;
use crate::db::SecurityKind;
use crate::db::functions::record_security;
use crate::error::AppError;
use crate::token::hex;

/// An event's place in the queue.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = u, check_for_backend(Pg))]
pub struct Queued {
    pub log: String,
    pub event_id: Uuid,
    pub occurred_at: Timestamp,
    pub queued_at: Timestamp,
    pub transaction_number: i64,
}

impl Queued {
    /// Where its row is.
    pub fn reference(&self) -> Result<Reference, AppError> {
        let log = Log::named(&self.log).ok_or_else(|| AppError::Internal(format!("there is no log {}", self.log)))?;
        Ok(Reference { log, id: self.event_id, occurred_at: self.occurred_at.to_jiff() })
    }
}

/// A checkpoint as it was written down.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = c, check_for_backend(Pg))]
pub struct Signed {
    pub tree_size: i64,
    pub root: Vec<u8>,
    pub note: String,
    pub created_at: Timestamp,
}

impl Signed {
    /// The root as checkpoints for people have it.
    pub fn root_text(&self) -> String {
        hex(&self.root)
    }

    /// Enough of it to tell two apart.
    pub fn root_start(&self) -> String {
        self.root_text().chars().take(16).collect()
    }
}

/// Whether nobody else seals; nobody else will until this transaction ends.
pub fn take_turn(conn: &mut PgConnection) -> Result<bool, AppError> {
    Ok(diesel::select(sql::<Bool>("pg_try_advisory_xact_lock(hashtext('castellan.seal'))")).get_result(conn)?)
}

/// The same, but waits for whoever seals to come to the end of a turn, which is short.
pub fn await_turn(conn: &mut PgConnection) -> Result<bool, AppError> {
    sql_query("set local lock_timeout = '20s'").execute(conn)?;
    let waited = sql_query("select pg_advisory_xact_lock(hashtext('castellan.seal'))").execute(conn);
    Ok(waited.is_ok())
}

/// The first of the queue.
pub fn waiting(conn: &mut PgConnection, limit: i64) -> Result<Vec<Queued>, AppError> {
    let first = u::table.order((u::occurred_at, u::event_id)).limit(limit);
    Ok(first.select(Queued::as_select()).load(conn)?)
}

/// How many leaves there are, and how many hashes of leaves.
pub fn sizes(conn: &mut PgConnection) -> Result<(i64, i64), AppError> {
    let last: Option<i64> = leaves::table.select(max(leaves::leaf)).first(conn)?;
    let edge: Option<(i64, i32)> = tiles::table
        .filter(tiles::level.eq(0))
        .order(tiles::tile.desc())
        .select((tiles::tile, sql::<Integer>("octet_length(hashes) / 32")))
        .first(conn)
        .optional()?;
    let hashes = edge.map_or(0, |(tile, hashes)| tile * 256 + i64::from(hashes));
    Ok((last.map_or(0, |last| last + 1), hashes))
}

/// Gives events their numbers, from the first on.
pub fn place(conn: &mut PgConnection, first: i64, events: &[Queued]) -> Result<(), AppError> {
    sql_query(
        "insert into audit.leaves (leaf, log, event_id, occurred_at)
            select $1 + n - 1, log, id, at
            from unnest($2, $3, $4) with ordinality as q (log, id, at, n)",
    )
    .bind::<BigInt, _>(first)
    .bind::<Array<Text>, _>(events.iter().map(|event| event.log.as_str()).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(events.iter().map(|event| event.event_id).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(events.iter().map(|event| event.occurred_at).collect::<Vec<_>>())
    .execute(conn)?;
    Ok(())
}

/// Writes tiles that are new, and longer ones over shorter ones.
pub fn put_tiles(conn: &mut PgConnection, changed: &[Tile]) -> Result<(), AppError> {
    sql_query(
        "insert into audit.tiles (level, tile, hashes) select * from unnest($1, $2, $3)
            on conflict (level, tile) do update set hashes = excluded.hashes",
    )
    .bind::<Array<Integer>, _>(changed.iter().map(|tile| i32::from(tile.level)).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(changed.iter().map(|tile| tile.number.cast_signed()).collect::<Vec<_>>())
    .bind::<Array<Bytea>, _>(changed.iter().map(|tile| tile.hashes.as_slice()).collect::<Vec<_>>())
    .execute(conn)?;
    Ok(())
}

/// Takes places out of the queue.
pub fn dequeue(conn: &mut PgConnection, events: &[Queued]) -> Result<(), AppError> {
    if events.is_empty() {
        return Ok(());
    }
    sql_query(
        "delete from audit.unsealed u using unnest($1, $2) as q (at, id)
            where u.occurred_at = q.at and u.event_id = q.id",
    )
    .bind::<Array<Timestamptz>, _>(events.iter().map(|event| event.occurred_at).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(events.iter().map(|event| event.event_id).collect::<Vec<_>>())
    .execute(conn)?;
    Ok(())
}

/// Writes down that an event is not there any more. What was in it nobody can say.
pub fn note_vanished(conn: &mut PgConnection, event: &Queued) -> Result<(), AppError> {
    let details = json!({
        "said": "an event vanished before it was sealed",
        "log": event.log, "event": event.event_id, "occurred_at": event.occurred_at.to_jiff(),
    });
    note_tampering(conn, &details)
}

/// Writes down that the log was not left to itself.
pub fn note_tampering(conn: &mut PgConnection, details: &Value) -> Result<(), AppError> {
    let kind = SecurityKind::MaliciousLogTampering.name();
    let no_network: Option<&[u8]> = None;
    let _noted: bool =
        diesel::select(record_security(kind, "critical", no_network, None::<Uuid>, details)).get_result(conn)?;
    Ok(())
}

/// The largest tree that was signed, as it was signed last.
pub fn last_checkpoint(conn: &mut PgConnection) -> Result<Option<Signed>, AppError> {
    let last = c::table.order((c::tree_size.desc(), c::created_at.desc())).select(Signed::as_select());
    Ok(last.first(conn).optional()?)
}

/// Keeps a signed tree.
pub fn insert_checkpoint(
    conn: &mut PgConnection,
    tree_size: i64,
    root: &[u8],
    note: &str,
    at: jiff::Timestamp,
) -> Result<(), AppError> {
    let at = Timestamp::from(at);
    diesel::insert_into(c::table)
        .values((c::tree_size.eq(tree_size), c::root.eq(root), c::note.eq(note), c::created_at.eq(at)))
        .execute(conn)?;
    Ok(())
}
