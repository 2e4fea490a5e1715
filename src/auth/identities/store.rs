//! Statements on identities: those of the acting person, and what goes with a change.

use castellan_schema::control::{ceremonies as c, user_credentials, user_identities as i};
use diesel::dsl::{exists, now};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use super::model::Identity;
use crate::auth::factors::store::{end_sessions, take_turns, tell};
use crate::auth::oidc::ceremony::{Candidate, MINUTES};
use crate::db::functions::actor_id;
use crate::db::{Tx, fitting};
use crate::error::AppError;

const CONFIRMATION: &str = "oidc_confirmation";
const LATE: &str = "That took longer than ten minutes, or was linked already. Begin again.";

/// Somebody's linked identities, the oldest first.
pub fn list(conn: &mut PgConnection, user_id: Uuid) -> Result<Vec<Identity>, AppError> {
    Ok(i::table
        .filter(i::user_id.eq(user_id).and(i::revoked_at.is_null()))
        .order((i::created_at, i::id))
        .select(Identity::as_select())
        .load(conn)?)
}

/// Nobody has more that anybody would read.
const SHOWN: i64 = 100;

/// Somebody's identities, those of before as well, the latest first.
pub fn history(conn: &mut PgConnection, user_id: Uuid) -> Result<Vec<Identity>, AppError> {
    Ok(i::table
        .filter(i::user_id.eq(user_id))
        .order((i::created_at.desc(), i::id.desc()))
        .limit(SHOWN)
        .select(Identity::as_select())
        .load(conn)?)
}

/// An identity that is linked, whosever it is.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Identity, AppError> {
    Ok(i::table.find(id).filter(i::revoked_at.is_null()).select(Identity::as_select()).first(conn)?)
}

/// One of the acting person's own; somebody else's is not found.
pub fn own(conn: &mut PgConnection, id: Uuid) -> Result<Identity, AppError> {
    Ok(i::table
        .find(id)
        .filter(i::user_id.nullable().eq(actor_id()).and(i::revoked_at.is_null()))
        .select(Identity::as_select())
        .first(conn)?)
}

/// Keeps what a session has proven at a provider until its person says yes.
pub fn propose(conn: &mut PgConnection, session_id: Uuid, candidate: &Candidate) -> Result<Uuid, AppError> {
    let id = Uuid::now_v7();
    let state = serde_json::to_value(candidate).map_err(|error| AppError::Internal(error.to_string()))?;
    let expires: DbTimestamp = (Timestamp::now() + SignedDuration::from_mins(MINUTES)).into();
    diesel::insert_into(c::table)
        .values((
            c::id.eq(id),
            c::session_id.eq(session_id),
            c::kind.eq(CONFIRMATION),
            c::state.eq(state),
            c::expires_at.eq(expires),
        ))
        .execute(conn)?;
    Ok(id)
}

/// What this session has proven, in time; none otherwise.
pub fn proposed(conn: &mut PgConnection, id: Uuid, session_id: Uuid) -> Result<Option<Candidate>, AppError> {
    let theirs = c::session_id.eq(session_id).and(c::kind.eq(CONFIRMATION)).and(c::expires_at.gt(now));
    let state = c::table.find(id).filter(theirs).select(c::state).first(conn).optional()?;
    state.map(|state| serde_json::from_value(state).map_err(|error| AppError::Internal(error.to_string()))).transpose()
}

/// Links what the session has proven to the acting person.
pub fn link<P>(tx: &mut Tx<'_, P>, id: Uuid, user_id: Uuid, ceremony: Uuid) -> Result<(), AppError> {
    take_turns(tx, user_id)?;
    let session_id = tx.actor().session_id.ok_or(AppError::SignIn)?;
    let candidate = proposed(tx, ceremony, session_id)?.ok_or_else(|| AppError::Conflict(LATE.into()))?;
    diesel::delete(c::table.find(ceremony)).execute(&mut **tx)?;
    if let Some(owner) = owner(tx, &candidate)? {
        return Err(AppError::Conflict(match owner == user_id {
            true => "It is linked to your account already.".into(),
            false => "It is linked to somebody else's account. It has to be unlinked there first.".into(),
        }));
    }
    diesel::insert_into(i::table)
        .values((
            i::id.eq(id),
            i::user_id.eq(user_id),
            i::issuer.eq(&candidate.issuer),
            i::subject.eq(&candidate.subject),
            i::provider_key.eq(&candidate.provider),
            i::label.eq(&candidate.label),
        ))
        .execute(&mut **tx)?;
    end_sessions(tx, user_id, Some(session_id))?;
    let text = format!("“{}” at {} may sign in to your account from now on.", candidate.label, candidate.provider);
    tell(tx, user_id, "An identity was linked to your account", &text)
}

fn owner(conn: &mut PgConnection, candidate: &Candidate) -> Result<Option<Uuid>, AppError> {
    let same = i::issuer.eq(&candidate.issuer).and(i::subject.eq(&candidate.subject)).and(i::revoked_at.is_null());
    Ok(i::table.filter(same).select(i::user_id).first(conn).optional()?)
}

/// Unlinks an identity of the acting person, who keeps a way in.
pub fn unlink_own<P>(tx: &mut Tx<'_, P>, identity: &Identity) -> Result<(), AppError> {
    take_turns(tx, identity.user_id)?;
    own(tx, identity.id)?;
    if list(tx, identity.user_id)?.len() == 1 && !has_password(tx, identity.user_id)? {
        return Err(AppError::Conflict(
            "It is the only way that you can sign in. Set a password or link another identity first.".into(),
        ));
    }
    let kept = tx.actor().session_id;
    unlink(tx, identity, kept)
}

/// Unlinks an identity, ends the sessions of its person but one, and tells them.
pub fn unlink<P>(tx: &mut Tx<'_, P>, identity: &Identity, kept: Option<Uuid>) -> Result<(), AppError> {
    let linked = i::table.find(identity.id).filter(i::revoked_at.is_null());
    let actor = tx.actor_id();
    let unlinked = diesel::update(linked).set((i::revoked_at.eq(now), i::revoked_by.eq(actor))).execute(&mut **tx)?;
    fitting(unlinked, "It was unlinked already.")?;
    end_sessions(tx, identity.user_id, kept)?;
    let text = format!("“{}” at {} opens your account no longer.", identity.label, identity.provider_key);
    tell(tx, identity.user_id, "An identity was unlinked from your account", &text)
}

fn has_password(conn: &mut PgConnection, user_id: Uuid) -> Result<bool, AppError> {
    use user_credentials::dsl as p;
    let live = p::user_credentials
        .filter(p::user_id.eq(user_id).and(p::kind.eq("password")).and(p::revoked_at.is_null()))
        .select(p::id);
    Ok(diesel::select(exists(live)).get_result(conn)?)
}
