//! Every statement of delivery.

use std::collections::HashMap;

use castellan_schema::audit::{checkpoints as c, leaves};
use castellan_schema::control::audit_streams as s;
use diesel::dsl::not;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use super::Deliver;
use super::batch::{Batch, Found};
use crate::audit::ocsf::store::{self as rows, Recorded};
use crate::audit::sealer::store::Signed;
use crate::audit::sealing::leaf::Log;
use crate::audit::security_events::store::SecurityEvent;
use crate::audit::streams::model::Stream;
use crate::db::Tx;
use crate::error::AppError;

/// Leaves that are sent at a time, at most.
const LEAVES: i64 = 500;
/// Checkpoints between them.
const CHECKPOINTS: i64 = 500;
/// Beyond this length a batch ends.
const BYTES: usize = 1024 * 1024;
const ERROR_MAX: usize = 500;

/// A batch of a stream, and the lease under which it is sent.
#[derive(Debug, Clone)]
pub struct Work {
    pub stream: Stream,
    token: Uuid,
    pub batch: Batch,
}

macro_rules! due {
    ($now:expr) => {{
        let now = DbTimestamp::from($now);
        let is_time = s::next_attempt_at.is_null().or(s::next_attempt_at.le(now)).assume_not_null();
        let is_free = s::lease_until.is_null().or(s::lease_until.le(now)).assume_not_null();
        s::state.eq("active").and(is_time).and(is_free)
    }};
}

/// Streams of these kinds that nobody is at and that need not wait.
pub fn due(conn: &mut PgConnection, kinds: &[&str], now: Timestamp) -> Result<Vec<Uuid>, AppError> {
    let due = s::table.filter(due!(now)).filter(s::kind.eq_any(kinds));
    Ok(due.order(s::id).select(s::id).load(conn)?)
}

/// Takes a stream on, if it still is due and there is something to send.
pub fn claim(
    conn: &mut PgConnection,
    id: Uuid,
    token: Uuid,
    now: Timestamp,
    lease: SignedDuration,
) -> Result<Option<Work>, AppError> {
    let due = s::table.filter(s::id.eq(id)).filter(due!(now)).select(Stream::as_select());
    let Some(stream) = due.for_no_key_update().skip_locked().first(conn).optional()? else { return Ok(None) };
    let batch = batch(conn, &stream)?;
    if batch.lines.is_empty() {
        return Ok(None);
    }
    diesel::update(s::table.find(id))
        .set((s::lease_token.eq(token), s::lease_until.eq(DbTimestamp::from(now + lease))))
        .execute(conn)?;
    Ok(Some(Work { stream, token, batch }))
}

/// The next lines of a stream.
fn batch(conn: &mut PgConnection, stream: &Stream) -> Result<Batch, AppError> {
    let mut batch = Batch::at(stream.next_leaf, (stream.checkpoint_size, stream.checkpoint_at));
    let found = found(conn, stream.next_leaf)?;
    let until = stream.next_leaf + found.len() as i64;
    let mut signed = signed(conn, batch.checkpoint, until)?.into_iter().peekable();
    for found in found {
        while let Some(signed) = signed.next_if(|signed| signed.tree_size <= batch.next_leaf) {
            batch.add_checkpoint(&signed);
        }
        if batch.bytes() > BYTES {
            return Ok(batch);
        }
        batch.add_leaf(found)?;
    }
    for signed in signed.filter(|signed| signed.tree_size <= until) {
        batch.add_checkpoint(&signed);
    }
    Ok(batch)
}

/// Checkpoints after one, of trees up to a size.
fn signed(conn: &mut PgConnection, after: (i64, DbTimestamp), until: i64) -> Result<Vec<Signed>, AppError> {
    let later = c::tree_size.gt(after.0).or(c::tree_size.eq(after.0).and(c::created_at.gt(after.1)));
    Ok(c::table
        .filter(later.and(c::tree_size.le(until)))
        .order((c::tree_size, c::created_at))
        .limit(CHECKPOINTS)
        .select(Signed::as_select())
        .load(conn)?)
}

/// What is at the next leaves, in their order.
fn found(conn: &mut PgConnection, first: i64) -> Result<Vec<Found>, AppError> {
    let places: Vec<(String, Uuid, DbTimestamp)> = leaves::table
        .filter(leaves::leaf.ge(first))
        .order(leaves::leaf)
        .limit(LEAVES)
        .select((leaves::log, leaves::event_id, leaves::occurred_at))
        .load(conn)?;
    let times = || places.iter().map(|(_, _, at)| at.to_jiff());
    let (Some(from), Some(to)) = (times().min(), times().max()) else { return Ok(Vec::new()) };
    let span = (DbTimestamp::from(from), DbTimestamp::from(to));
    let ids = |log: Log| places.iter().filter(move |(name, _, _)| name == log.name()).map(|(_, id, _)| *id).collect();
    let events = rows::events(conn, ids(Log::Events), span)?;
    let events = rows::recorded(conn, events)?;
    let mut events: HashMap<Uuid, Recorded> = events.into_iter().map(|row| (row.event.id, row)).collect();
    let security = rows::security_events(conn, ids(Log::SecurityEvents), span)?;
    let mut security: HashMap<Uuid, SecurityEvent> = security.into_iter().map(|row| (row.id, row)).collect();
    let found = places.into_iter().map(|(log, id, at)| match (events.remove(&id), security.remove(&id)) {
        (Some(row), _) => Found::Event(Box::new(row)),
        (_, Some(row)) => Found::SecurityEvent(Box::new(row)),
        (None, None) => Found::Nothing { id, log, at: at.to_jiff() },
    });
    Ok(found.collect())
}

/// Moves a stream on, unless somebody moved or stopped it meanwhile.
pub fn delivered(conn: &mut PgConnection, work: &Work, now: Timestamp) -> Result<(), AppError> {
    let batch = &work.batch;
    diesel::update(s::table.filter(s::id.eq(work.stream.id).and(s::lease_token.eq(work.token))))
        .set((
            s::next_leaf.eq(batch.next_leaf),
            s::checkpoint_size.eq(batch.checkpoint.0),
            s::checkpoint_at.eq(batch.checkpoint.1),
            s::delivered_at.eq(DbTimestamp::from(now)),
            s::failures.eq(0),
            s::failing_since.eq(None::<DbTimestamp>),
            s::next_attempt_at.eq(None::<DbTimestamp>),
            s::last_error.eq(None::<String>),
            s::lease_token.eq(None::<Uuid>),
            s::lease_until.eq(None::<DbTimestamp>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes down why nothing arrived, unless somebody moved or stopped the stream meanwhile.
pub fn failed(
    conn: &mut PgConnection,
    work: &Work,
    now: Timestamp,
    why: &str,
    next: Timestamp,
) -> Result<(), AppError> {
    let why: String = why.chars().filter(|letter| *letter != '\0').take(ERROR_MAX).collect();
    let since = work.stream.failing_since.unwrap_or_else(|| now.into());
    diesel::update(s::table.filter(s::id.eq(work.stream.id).and(s::lease_token.eq(work.token))))
        .set((
            s::failures.eq(work.stream.failures.saturating_add(1)),
            s::failing_since.eq(since),
            s::next_attempt_at.eq(DbTimestamp::from(next)),
            s::last_error.eq(why),
            s::lease_token.eq(None::<Uuid>),
            s::lease_until.eq(None::<DbTimestamp>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Nothing more is tried until a person resumes it.
pub fn give_up(tx: &mut Tx<'_, Deliver>, work: &Work) -> Result<(), AppError> {
    let failing = s::table.filter(s::id.eq(work.stream.id).and(s::state.eq("active")));
    diesel::update(failing.filter(not(s::failing_since.is_null()))).set(s::state.eq("dead")).execute(&mut **tx)?;
    Ok(())
}
