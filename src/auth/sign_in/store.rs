//! Sign-in's rows: who there is, what was tried, the session that begins or ends.

use castellan_schema::control::{login_attempts, sessions, user_credentials, users};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use super::throttle;
use crate::auth::cookie::ABSOLUTE_HOURS;
use crate::auth::{OwnAccount, SignIn};
use crate::db::Tx;
use crate::error::AppError;

/// Where a try comes from, as far as that is kept.
#[derive(Debug, Clone)]
pub struct Origin {
    pub account_hash: Vec<u8>,
    pub network_hash: Option<Vec<u8>>,
    pub device_id: Option<Uuid>,
    pub user_agent: Option<String>,
    pub request_id: Uuid,
}

/// The account that an address belongs to.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: Uuid,
    pub may_open_the_console: bool,
    pub epoch: i32,
    pub password_hash: Option<String>,
}

/// The account, if there is one, and how long its next try must wait.
pub fn account(conn: &mut PgConnection, email: &str, origin: &Origin) -> Result<(Option<Account>, u32), AppError> {
    let wait = throttle::wait(conn, &origin.account_hash, origin.device_id)?;
    let found: Option<(Uuid, String, bool, i32, Option<String>)> = users::table
        .left_join(
            user_credentials::table.on(user_credentials::user_id
                .eq(users::id)
                .and(user_credentials::kind.eq("password"))
                .and(user_credentials::revoked_at.is_null())),
        )
        .filter(users::email.eq(email).and(users::deleted_at.is_null()).and(users::kind.eq("human")))
        .select((
            users::id,
            users::status,
            users::is_staff,
            users::authority_epoch,
            user_credentials::secret_hash.nullable(),
        ))
        .first(conn)
        .optional()?;
    let account = found.map(|(id, status, is_staff, epoch, password_hash)| Account {
        id,
        may_open_the_console: is_staff && status == "active",
        epoch,
        password_hash,
    });
    Ok((account, wait))
}

/// Notes a try that did not lead to a session.
pub fn note_failure(
    conn: &mut PgConnection,
    origin: &Origin,
    user_id: Option<Uuid>,
    outcome: &str,
) -> Result<(), AppError> {
    insert_attempt(conn, origin, user_id, outcome)?;
    if let (Some(user_id), "wrong_password") = (user_id, outcome) {
        diesel::update(users::table.find(user_id))
            .set(users::failed_login_count.eq(users::failed_login_count + 1))
            .execute(conn)?;
    }
    Ok(())
}

/// Begins a session; the one that the browser had ends.
pub fn begin(
    tx: &mut Tx<'_, SignIn>,
    account: &Account,
    origin: &Origin,
    token_hash: [u8; 32],
    replaced: Option<Uuid>,
) -> Result<Uuid, AppError> {
    let now = Timestamp::now();
    let id = Uuid::now_v7();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::user_id.eq(account.id),
            sessions::token_hash.eq(token_hash.as_slice()),
            sessions::user_epoch.eq(account.epoch),
            sessions::idle_expires_at.eq(later(now, SignedDuration::from_mins(30))),
            sessions::absolute_expires_at.eq(later(now, SignedDuration::from_hours(ABSOLUTE_HOURS))),
            sessions::user_agent_family.eq(origin.user_agent.as_deref()),
            sessions::network_hash.eq(origin.network_hash.as_deref()),
            sessions::device_id.eq(origin.device_id),
            sessions::rotated_from.eq(replaced),
        ))
        .execute(&mut **tx)?;
    if let Some(replaced) = replaced {
        revoke(tx, replaced, "rotated")?;
    }
    diesel::update(users::table.find(account.id))
        .set((users::last_login_at.eq(DbTimestamp::from(now)), users::failed_login_count.eq(0)))
        .execute(&mut **tx)?;
    insert_attempt(tx, origin, Some(account.id), "success")?;
    Ok(id)
}

/// Uses a one-time link up: the account it is for, unless it is unknown, used or too old.
pub fn redeem(tx: &mut Tx<'_, SignIn>, link_hash: &str) -> Result<Account, AppError> {
    let now = DbTimestamp::from(Timestamp::now());
    let user_id: Uuid = diesel::update(user_credentials::table)
        .filter(user_credentials::kind.eq("sign_in_link").and(user_credentials::secret_hash.eq(link_hash)))
        .filter(user_credentials::used_at.is_null().and(user_credentials::revoked_at.is_null()))
        .filter(user_credentials::expires_at.gt(now))
        .set(user_credentials::used_at.eq(now))
        .returning(user_credentials::user_id)
        .get_result(&mut **tx)?;
    let (status, is_staff, epoch) = users::table
        .find(user_id)
        .filter(users::deleted_at.is_null())
        .select((users::status, users::is_staff, users::authority_epoch))
        .first::<(String, bool, i32)>(&mut **tx)?;
    let may_open_the_console = is_staff && status == "active";
    Ok(Account { id: user_id, may_open_the_console, epoch, password_hash: None })
}

/// Ends a session for good.
pub fn end(tx: &mut Tx<'_, OwnAccount>, session_id: Uuid) -> Result<(), AppError> {
    revoke(tx, session_id, "signed_out")
}

fn revoke(conn: &mut PgConnection, session_id: Uuid, reason: &str) -> Result<(), AppError> {
    diesel::update(sessions::table.find(session_id).filter(sessions::revoked_at.is_null()))
        .set((sessions::revoked_at.eq(diesel::dsl::now), sessions::revoked_reason.eq(reason)))
        .execute(conn)?;
    Ok(())
}

fn insert_attempt(
    conn: &mut PgConnection,
    origin: &Origin,
    user_id: Option<Uuid>,
    outcome: &str,
) -> Result<(), AppError> {
    diesel::insert_into(login_attempts::table)
        .values((
            login_attempts::id.eq(Uuid::now_v7()),
            login_attempts::account_hash.eq(&origin.account_hash),
            login_attempts::user_id.eq(user_id),
            login_attempts::network_hash.eq(origin.network_hash.as_deref()),
            login_attempts::device_id.eq(origin.device_id),
            login_attempts::outcome.eq(outcome),
            login_attempts::request_id.eq(origin.request_id),
        ))
        .execute(conn)?;
    Ok(())
}

fn later(now: Timestamp, by: SignedDuration) -> DbTimestamp {
    (now + by).into()
}
