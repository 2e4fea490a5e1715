//! Statements on one person's own sessions.

use castellan_schema::control::{api_tokens, sessions};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::auth::OwnAccount;
use crate::db::{SecurityEvent, SecurityKind, Tx};
use crate::error::AppError;

/// A session as its owner sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(Pg))]
pub struct OwnSession {
    pub id: Uuid,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub absolute_expires_at: Timestamp,
    pub user_agent_family: Option<String>,
}

/// Nobody has more alive than this shows.
const SHOWN: i64 = 100;

/// What is alive, the latest used first.
pub fn alive(conn: &mut PgConnection, user_id: Uuid) -> Result<Vec<OwnSession>, AppError> {
    Ok(sessions::table
        .filter(sessions::user_id.eq(user_id).and(sessions::revoked_at.is_null()))
        .filter(sessions::awaits.is_null())
        .filter(sessions::idle_expires_at.gt(now).and(sessions::absolute_expires_at.gt(now)))
        .order(sessions::last_seen_at.desc())
        .limit(SHOWN)
        .select(OwnSession::as_select())
        .load(conn)?)
}

/// Ends one session of this person; somebody else's is not found.
pub fn end(tx: &mut Tx<'_, OwnAccount>, user_id: Uuid, id: Uuid) -> Result<(), AppError> {
    let own = sessions::table.find(id).filter(sessions::user_id.eq(user_id).and(sessions::revoked_at.is_null()));
    match revoke(tx, own, user_id)? {
        0 => Err(AppError::NotFound),
        _ => Ok(()),
    }
}

/// Ends all sessions of this person but one. Returns how many.
pub fn end_others(tx: &mut Tx<'_, OwnAccount>, user_id: Uuid, kept: Uuid) -> Result<usize, AppError> {
    let others = sessions::table
        .filter(sessions::user_id.eq(user_id).and(sessions::revoked_at.is_null()).and(sessions::id.ne(kept)));
    revoke(tx, others, user_id)
}

/// API tokens of a person that work.
#[diesel::dsl::auto_type]
fn working(user_id: Uuid) -> _ {
    let unexpired = api_tokens::expires_at.is_null().or(api_tokens::expires_at.gt(now));
    let unreplaced = api_tokens::overlap_ends_at.is_null().or(api_tokens::overlap_ends_at.gt(now));
    api_tokens::table
        .filter(api_tokens::user_id.eq(user_id).and(api_tokens::revoked_at.is_null()))
        .filter(unexpired)
        .filter(unreplaced)
}

/// How many API tokens of a person work.
pub fn working_tokens(conn: &mut PgConnection, user_id: Uuid) -> Result<i64, AppError> {
    Ok(working(user_id).count().get_result(conn)?)
}

/// Ends all API tokens of a person at once and for good, where signing out everywhere is to reach programs, too.
/// Returns how many.
pub fn revoke_tokens<P>(tx: &mut Tx<'_, P>, user_id: Uuid) -> Result<usize, AppError> {
    let by = tx.actor_id();
    let revoked = diesel::update(working(user_id))
        .set((api_tokens::revoked_at.eq(now), api_tokens::revoked_by.eq(by)))
        .execute(&mut **tx)?;
    if revoked > 0 {
        let details = json!({ "user_id": user_id, "tokens": revoked, "why": "signed out everywhere" });
        tx.note_security(&SecurityEvent::of(SecurityKind::AuthnTokenRevoked, details))?;
    }
    Ok(revoked)
}

fn revoke<T>(tx: &mut Tx<'_, OwnAccount>, which: T, user_id: Uuid) -> Result<usize, AppError>
where
    T: diesel::query_builder::IntoUpdateTarget<Table = sessions::table>,
    T::WhereClause: diesel::query_builder::QueryFragment<Pg> + diesel::query_builder::QueryId,
{
    Ok(diesel::update(which)
        .set((
            sessions::revoked_at.eq(now),
            sessions::revoked_reason.eq("ended_by_owner"),
            sessions::revoked_by.eq(user_id),
        ))
        .execute(&mut **tx)?)
}
