//! Every statement about how far the log is sealed.

use castellan_schema::audit::{checkpoints as c, unsealed as u};
use diesel::dsl::exists;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use crate::audit::sealer::store::Signed;
use crate::audit::sealing::store as leaves;
use crate::db::keyset::CappedCount;
use crate::error::AppError;

/// An event that waits longer than this, while nothing is signed either, says that nobody seals.
pub const PATIENCE_MINUTES: i64 = 2;
const CHECKPOINTS: i64 = 20;

/// How far the log is sealed.
#[derive(Debug, Clone)]
pub struct State {
    /// Leaves of the tree.
    pub size: i64,
    /// Events without a leaf, counted to ten thousand.
    pub waiting: i64,
    /// Since when the first of them waits.
    pub waits_since: Option<DbTimestamp>,
    /// The last ones, newest first.
    pub checkpoints: Vec<Signed>,
    /// Nobody seals.
    pub stall: Option<Stall>,
}

/// Sealing that stands still, named by the event that waits longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    pub event_id: Uuid,
    pub since: DbTimestamp,
    /// How many wait, counted to ten thousand.
    pub events: i64,
}

/// How far the log is sealed at `now`.
pub fn state(conn: &mut PgConnection, now: Timestamp) -> Result<State, AppError> {
    let newest = c::table.order((c::tree_size.desc(), c::created_at.desc())).limit(CHECKPOINTS);
    Ok(State {
        size: leaves::size(conn)?.cast_signed(),
        waiting: waiting(conn)?,
        waits_since: first(conn)?.map(|(_, since)| since),
        checkpoints: newest.select(Signed::as_select()).load(conn)?,
        stall: stall(conn, now)?,
    })
}

/// Whether sealing stands still at `now`. A long queue that gets shorter is signed every minute, and is no stall.
pub fn stall(conn: &mut PgConnection, now: Timestamp) -> Result<Option<Stall>, AppError> {
    let patient = DbTimestamp::from(now - SignedDuration::from_mins(PATIENCE_MINUTES));
    let Some((event_id, since)) = first(conn)?.filter(|(_, since)| since.to_jiff() < patient.to_jiff()) else {
        return Ok(None);
    };
    let works: bool = diesel::select(exists(c::table.filter(c::created_at.gt(patient)))).get_result(conn)?;
    match works {
        true => Ok(None),
        false => Ok(Some(Stall { event_id, since, events: waiting(conn)? })),
    }
}

fn waiting(conn: &mut PgConnection) -> Result<i64, AppError> {
    Ok(CappedCount(u::table.select(u::event_id)).get_result(conn)?)
}

fn first(conn: &mut PgConnection) -> Result<Option<(Uuid, DbTimestamp)>, AppError> {
    let first = u::table.order((u::occurred_at, u::event_id)).select((u::event_id, u::queued_at));
    Ok(first.first(conn).optional()?)
}
