//! Every statement on logouts that are remembered. Each is a row of `ceremonies`, which is known again by its id's hash.

use castellan_schema::control::{ceremonies as c, user_identities as i};
use diesel::dsl::{exists, now, sql};
use diesel::prelude::*;
use diesel::sql_types::{Text, Timestamptz};
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::json;
use uuid::Uuid;

use crate::auth::cookie;
use crate::auth::oidc::logout_token::Logout;
use crate::auth::sign_in::store::ByProvider;
use crate::error::AppError;

const KIND: &str = "oidc_logout";
/// How long one is remembered, in minutes: longer than a token may be old and a second step may take.
const REMEMBERED: i64 = 15;

/// Whether a logout is one that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    Now,
    Before,
}

/// Remembers a logout. From here on sessions of its provider wait until it is committed.
pub fn note(conn: &mut PgConnection, logout: &Logout) -> Result<Noted, AppError> {
    take_turns(conn, &logout.issuer, "select pg_advisory_xact_lock(hashtextextended($1, 0))")?;
    diesel::delete(c::table.filter(c::expires_at.le(now))).execute(conn)?;
    let id = cookie::hash(&format!("{}\n{}", logout.issuer, logout.id));
    let expires: DbTimestamp = (Timestamp::now() + SignedDuration::from_mins(REMEMBERED)).into();
    let about = match &logout.sid {
        Some(sid) => json!({ "issuer": logout.issuer, "sid": sid }),
        None => json!({ "issuer": logout.issuer, "subject": logout.subject }),
    };
    let noted = diesel::insert_into(c::table)
        .values((
            c::id.eq(Uuid::now_v7()),
            c::kind.eq(KIND),
            c::bound_to.eq(id.to_vec()),
            c::state.eq(about),
            // The transaction began before it was its turn.
            c::created_at.eq(sql::<Timestamptz>("clock_timestamp()")),
            c::expires_at.eq(expires),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(if noted == 0 { Noted::Before } else { Noted::Now })
}

/// A conflict when a logout came about the identity, or about its session at the provider, since the provider's word was
/// taken. One that comes later waits for the session to begin, and then finds it.
pub fn none_since(conn: &mut PgConnection, by: &ByProvider) -> Result<(), AppError> {
    let (issuer, subject): (String, String) =
        i::table.find(by.identity_id).select((i::issuer, i::subject)).first(conn)?;
    take_turns(conn, &issuer, "select pg_advisory_xact_lock_shared(hashtextextended($1, 0))")?;
    let of_subject = c::state.eq(json!({ "issuer": issuer, "subject": subject }));
    let of_session = c::state.eq(json!({ "issuer": issuer, "sid": by.sid }));
    let came = c::table.filter(c::kind.eq(KIND).and(c::created_at.gt(by.since)).and(of_subject.or(of_session)));
    match diesel::select(exists(came)).get_result(conn)? {
        true => {
            Err(AppError::Conflict("You have signed out at your identity provider meanwhile. Sign in again.".into()))
        }
        false => Ok(()),
    }
}

/// Sessions of one provider begin side by side, and a logout of it comes before them or after.
fn take_turns(conn: &mut PgConnection, issuer: &str, lock: &str) -> Result<(), AppError> {
    diesel::sql_query(lock).bind::<Text, _>(issuer).execute(conn)?;
    Ok(())
}
