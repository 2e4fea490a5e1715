//! Every statement of the pages of streams.

use castellan_schema::audit::{checkpoints, leaves};
use castellan_schema::control::audit_streams as s;
use diesel::dsl::now;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use super::forms::{Beginning, NewStream, StreamPatch};
use super::model::{Lag, Listed, Stream};
use crate::audit::Stream as Manage;
use crate::audit::sealing::store as sealed;
use crate::db::{Tx, fitting};
use crate::error::AppError;

/// Nobody has a use for more.
const MOST: i64 = 20;

/// All of them, by name.
pub fn all(conn: &mut PgConnection) -> Result<Vec<Listed>, AppError> {
    let streams: Vec<Stream> = s::table.order((s::name, s::id)).limit(MOST).select(Stream::as_select()).load(conn)?;
    streams.into_iter().map(|stream| listed(conn, stream)).collect()
}

/// The stream, or `NotFound`.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
    let stream = s::table.find(id).select(Stream::as_select()).first(conn)?;
    listed(conn, stream)
}

fn listed(conn: &mut PgConnection, stream: Stream) -> Result<Listed, AppError> {
    let size = sealed::size(conn)?.cast_signed();
    let first = leaves::table.filter(leaves::leaf.eq(stream.next_leaf)).select(leaves::occurred_at);
    let since = first.first(conn).optional()?;
    Ok(Listed { lag: Lag { leaves: (size - stream.next_leaf).max(0), since }, stream })
}

/// Makes one that begins at the first leaf, or with what comes.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, new: &NewStream) -> Result<(), AppError> {
    if s::table.count().get_result::<i64>(&mut **tx)? >= MOST {
        return Err(AppError::Conflict(format!("There are {MOST} streams already. Delete one that is not needed.")));
    }
    let (next_leaf, checkpoint_at) = match new.beginning {
        Beginning::First => (0, Timestamp::UNIX_EPOCH),
        Beginning::Now => (sealed::size(tx)?.cast_signed(), Timestamp::now()),
    };
    diesel::insert_into(s::table)
        .values((
            s::id.eq(id),
            s::name.eq(&new.name),
            s::kind.eq(new.kind),
            s::address.eq(&new.address),
            s::next_leaf.eq(next_leaf),
            s::checkpoint_size.eq(next_leaf),
            s::checkpoint_at.eq(DbTimestamp::from(checkpoint_at)),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes name and address, unless somebody else did so since. It is tried again at once.
pub fn update(tx: &mut Tx<'_, Manage>, stream: &Stream, patch: &StreamPatch) -> Result<(), AppError> {
    let same = s::table.filter(s::id.eq(stream.id).and(s::version.eq(patch.version)));
    let written = diesel::update(same)
        .set((
            s::name.eq(&patch.name),
            s::address.eq(&patch.address),
            s::next_attempt_at.eq(None::<DbTimestamp>),
            s::lease_token.eq(None::<Uuid>),
            s::lease_until.eq(None::<DbTimestamp>),
        ))
        .execute(&mut **tx)?;
    if written == 0 { Err(AppError::Stale) } else { Ok(()) }
}

/// Nothing is sent any more. What is on its way counts as not delivered.
pub fn pause(tx: &mut Tx<'_, Manage>, stream: &Stream) -> Result<(), AppError> {
    let active = s::table.filter(s::id.eq(stream.id).and(s::state.eq("active")));
    let paused = diesel::update(active)
        .set((s::state.eq("paused"), s::lease_token.eq(None::<Uuid>), s::lease_until.eq(None::<DbTimestamp>)))
        .execute(&mut **tx)?;
    fitting(paused, "This stream is not active.")
}

/// It goes on where it stopped, with a day of patience ahead.
pub fn resume(tx: &mut Tx<'_, Manage>, stream: &Stream) -> Result<(), AppError> {
    let stopped = s::table.filter(s::id.eq(stream.id).and(s::state.ne("active")));
    let resumed = diesel::update(stopped)
        .set((
            s::state.eq("active"),
            s::failures.eq(0),
            s::failing_since.eq(None::<DbTimestamp>),
            s::next_attempt_at.eq(None::<DbTimestamp>),
            s::last_error.eq(None::<String>),
        ))
        .execute(&mut **tx)?;
    fitting(resumed, "This stream is active already.")
}

/// What a stopped stream begins with when it goes on: a leaf, and the checkpoints after it.
pub fn resend(tx: &mut Tx<'_, Manage>, stream: &Stream, leaf: i64) -> Result<(), AppError> {
    let size = sealed::size(tx)?.cast_signed();
    if leaf > size {
        return Err(AppError::Conflict(format!("The log has {size} leaves; the first is 0.")));
    }
    let before: Option<(i64, DbTimestamp)> = checkpoints::table
        .filter(checkpoints::tree_size.le(leaf))
        .order((checkpoints::tree_size.desc(), checkpoints::created_at.desc()))
        .select((checkpoints::tree_size, checkpoints::created_at))
        .first(&mut **tx)
        .optional()?;
    let (checkpoint_size, checkpoint_at) = before.unwrap_or((0, Timestamp::UNIX_EPOCH.into()));
    let stopped = s::table.filter(s::id.eq(stream.id).and(s::state.ne("active")));
    let moved = diesel::update(stopped)
        .set((
            // Named so that the change is recorded, unlike those that delivery makes.
            s::state.eq(&stream.state),
            s::next_leaf.eq(leaf),
            s::checkpoint_size.eq(checkpoint_size),
            s::checkpoint_at.eq(checkpoint_at),
        ))
        .execute(&mut **tx)?;
    fitting(moved, "This stream is active. Pause it first.")
}

/// The next secret signs, and for a while the one before as well.
pub fn rotate(tx: &mut Tx<'_, Manage>, stream: &Stream, overlap: SignedDuration) -> Result<(), AppError> {
    let until = DbTimestamp::from(Timestamp::now() + overlap);
    let same = s::table.filter(s::id.eq(stream.id).and(s::secret_number.eq(stream.secret_number)));
    // A third secret would leave receivers without the first while they may still count on it.
    let settled = same.filter(s::overlap_ends_at.is_null().or(s::overlap_ends_at.le(now)));
    let rotated = diesel::update(settled)
        .set((s::secret_number.eq(stream.secret_number + 1), s::overlap_ends_at.eq(until)))
        .execute(&mut **tx)?;
    fitting(rotated, "Two secrets sign already. Wait until the older one has ended.")
}

/// Forgets a stopped stream. What it sent is where it was sent.
pub fn delete(tx: &mut Tx<'_, Manage>, stream: &Stream) -> Result<(), AppError> {
    let stopped = s::table.filter(s::id.eq(stream.id).and(s::state.ne("active")));
    fitting(diesel::delete(stopped).execute(&mut **tx)?, "This stream is active. Pause it first.")
}
