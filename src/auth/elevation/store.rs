//! Statements on the elevation of one session.

use castellan_schema::control::sessions as s;
use diesel::dsl::{exists, now};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use crate::auth::Elevate;
use crate::db::Tx;
use crate::error::AppError;

/// How long it lasts.
pub const MINUTES: i64 = 10;

/// Elevates a session and gives it another token, so that the one from before is worth nothing.
pub fn begin(tx: &mut Tx<'_, Elevate>, session_id: Uuid, by: &str, token_hash: [u8; 32]) -> Result<(), AppError> {
    let at = Timestamp::now();
    let until: DbTimestamp = (at + SignedDuration::from_mins(MINUTES)).into();
    let live = s::table.find(session_id).filter(s::revoked_at.is_null().and(s::awaits.is_null()));
    let changed = diesel::update(live)
        .set((s::elevated_until.eq(until), s::elevated_by.eq(by), s::token_hash.eq(token_hash.as_slice())))
        .execute(&mut **tx)?;
    if changed == 0 {
        return Err(AppError::SignIn);
    }
    // Following a link again gives no credential.
    if by != "link" {
        let given = s::authenticated_at.eq(DbTimestamp::from(at));
        diesel::update(s::table.find(session_id)).set(given).execute(&mut **tx)?;
    }
    Ok(())
}

/// Ends the elevation of a session.
pub fn end(tx: &mut Tx<'_, Elevate>, session_id: Uuid) -> Result<(), AppError> {
    diesel::update(s::table.find(session_id))
        .set((s::elevated_until.eq(None::<DbTimestamp>), s::elevated_by.eq(None::<String>)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Whether the session's person has given a credential just now.
pub fn is_fresh(conn: &mut PgConnection, session_id: Uuid) -> Result<bool, AppError> {
    let since: DbTimestamp = (Timestamp::now() - SignedDuration::from_mins(MINUTES)).into();
    let fresh = s::table.find(session_id).filter(s::authenticated_at.gt(since).and(s::authenticated_at.le(now)));
    Ok(diesel::select(exists(fresh.select(s::id))).get_result(conn)?)
}
