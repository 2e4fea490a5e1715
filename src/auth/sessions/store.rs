//! Statements on one person's own sessions.

use castellan_schema::control::sessions;
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::auth::OwnAccount;
use crate::db::Tx;
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
