//! Statements on why one session reads.

use castellan_schema::control::sessions as s;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use crate::actor::ReadReason;
use crate::auth::SayWhy;
use crate::db::Tx;
use crate::error::AppError;

/// How long it holds.
pub const MINUTES: i64 = 60;

/// Keeps the reason with a session, in the place of the one before.
pub fn give(tx: &mut Tx<'_, SayWhy>, session_id: Uuid, reason: &ReadReason) -> Result<(), AppError> {
    let until: DbTimestamp = (Timestamp::now() + SignedDuration::from_mins(MINUTES)).into();
    let live = s::table.find(session_id).filter(s::revoked_at.is_null().and(s::awaits.is_null()));
    let values = (s::read_reason.eq(&reason.code), s::read_ticket.eq(&reason.ticket), s::read_reason_until.eq(until));
    match diesel::update(live).set(values).execute(&mut **tx)? {
        0 => Err(AppError::SignIn),
        _ => Ok(()),
    }
}

/// Takes it away.
pub fn end(tx: &mut Tx<'_, SayWhy>, session_id: Uuid) -> Result<(), AppError> {
    let values = (
        s::read_reason.eq(None::<String>),
        s::read_ticket.eq(None::<String>),
        s::read_reason_until.eq(None::<DbTimestamp>),
    );
    diesel::update(s::table.find(session_id)).set(values).execute(&mut **tx)?;
    Ok(())
}
