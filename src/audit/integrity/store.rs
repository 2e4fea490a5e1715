//! Every statement about how far the log is sealed.

use castellan_schema::audit::{checkpoints as c, events as e, unsealed as u};
use diesel::dsl::exists;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use super::guards;
use crate::audit::sealer::store::Signed;
use crate::audit::sealing::{note, store as leaves};
use crate::audit::verifications::store::{self as verifications, Verified};
use crate::audit::witnesses::Witnesses;
use crate::audit::witnesses::store::{self as witnesses, Standing};
use crate::db::keyset::CappedCount;
use crate::db::{self, Room};
use crate::error::AppError;

/// An event that waits longer than this, while nothing is signed either, says that nobody seals.
pub const PATIENCE_MINUTES: i64 = 2;
const CHECKPOINTS: i64 = 20;
const KEYS: i64 = 50;

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
    /// The last verification.
    pub verified: Option<Verified>,
    /// The job that verifies just now.
    pub verifies: Option<Uuid>,
    pub witnesses: Vec<Standing>,
    pub room: Room,
    /// Guards that are off.
    pub unguarded: Vec<String>,
    /// Keys by name with since when they sign, the newest first.
    pub keys: Vec<(String, DbTimestamp)>,
}

impl State {
    /// The guards that are off, the first of them.
    pub fn unguarded_words(&self) -> String {
        guards::few(&self.unguarded)
    }

    /// Since when a key signs.
    pub fn since(&self, public: &str) -> Option<DbTimestamp> {
        self.keys.iter().find(|(key, _)| *key == note::name_of(public)).map(|(_, since)| *since)
    }
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
pub fn state(conn: &mut PgConnection, witnesses: &Witnesses, now: Timestamp) -> Result<State, AppError> {
    let newest = c::table.order((c::tree_size.desc(), c::created_at.desc())).limit(CHECKPOINTS);
    Ok(State {
        size: leaves::size(conn)?.cast_signed(),
        waiting: waiting(conn)?,
        waits_since: first(conn)?.map(|(_, since)| since),
        checkpoints: newest.select(Signed::as_select()).load(conn)?,
        stall: stall(conn, now)?,
        verified: verifications::latest(conn)?,
        verifies: verifications::under_way(conn)?,
        witnesses: witnesses::standings(conn, witnesses, now)?,
        room: db::room(conn)?,
        unguarded: guards::off(conn)?,
        keys: keys(conn)?,
    })
}

/// When keys began to sign: later ones left an event, the first one its checkpoint.
fn keys(conn: &mut PgConnection) -> Result<Vec<(String, DbTimestamp)>, AppError> {
    let events: Vec<(serde_json::Value, DbTimestamp)> = e::table
        .filter(e::action.eq_any(["audit_key.rotate", "audit_key.replace"]).and(e::outcome.eq("success")))
        .order((e::occurred_at.desc(), e::id.desc()))
        .limit(KEYS)
        .select((e::details, e::occurred_at))
        .load(conn)?;
    let named = |(details, at): (serde_json::Value, DbTimestamp)| Some((details.get("key")?.as_str()?.to_owned(), at));
    let mut keys: Vec<(String, DbTimestamp)> = events.into_iter().filter_map(named).collect();
    let first = c::table.order((c::tree_size, c::created_at)).select(Signed::as_select()).first(conn).optional()?;
    if let Some(first) = first {
        keys.extend(note::signers(&first.note).into_iter().map(|key| (key, first.created_at)));
    }
    Ok(keys)
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
