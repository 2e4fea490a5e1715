//! Ceremonies: what a passkey was asked, kept from the page that asks to the answer.

use castellan_schema::control::ceremonies as c;
use diesel::dsl::now;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::error::AppError;

/// How long an answer is waited for.
const MINUTES: i64 = 2;

/// Keeps what a session was asked; what nobody answered in time goes.
pub fn keep(conn: &mut PgConnection, session_id: Uuid, kind: &str, state: &Value) -> Result<Uuid, AppError> {
    diesel::delete(c::table.filter(c::expires_at.le(now))).execute(conn)?;
    let id = Uuid::now_v7();
    let expires: DbTimestamp = (Timestamp::now() + SignedDuration::from_mins(MINUTES)).into();
    diesel::insert_into(c::table)
        .values((
            c::id.eq(id),
            c::session_id.eq(session_id),
            c::kind.eq(kind),
            c::state.eq(state),
            c::expires_at.eq(expires),
        ))
        .execute(conn)?;
    Ok(id)
}

/// What this session was asked, once and in time.
pub fn take(conn: &mut PgConnection, id: Uuid, session_id: Uuid, kind: &str) -> Result<Option<Value>, AppError> {
    let own = c::table.find(id).filter(c::session_id.eq(session_id).and(c::kind.eq(kind)).and(c::expires_at.gt(now)));
    Ok(diesel::delete(own).returning(c::state).get_result(conn).optional()?)
}
