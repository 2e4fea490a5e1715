//! Sign-in's rows: who there is, what was tried, the session that begins or ends.

use castellan_schema::control::{login_attempts, sessions, user_credentials, user_identities, users};
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::json;
use uuid::Uuid;

use super::throttle::{self, Try, Verdict};
use crate::auth::cookie::ABSOLUTE_HOURS;
use crate::auth::factors::store as factors;
use crate::auth::oidc::logouts;
use crate::auth::{SignIn, SignOut};
use crate::db::functions::session_ends;
use crate::db::{SecurityEvent, SecurityKind, Tx};
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
    /// Sign-in asks for a second factor.
    pub has_factor: bool,
}

/// A session to begin.
#[derive(Debug, Clone)]
pub struct Beginning {
    pub account: Account,
    pub origin: Origin,
    pub token_hash: [u8; 32],
    /// The session that the browser had, which ends.
    pub replaced: Option<Uuid>,
    /// With what the person proved who they are.
    pub factors: Vec<String>,
    /// Counters of failures that it ends.
    pub counters: Vec<Vec<u8>>,
    /// By whose word, for who came from an identity provider.
    pub by_provider: Option<ByProvider>,
}

/// What a provider's logout finds a session by.
#[derive(Debug, Clone)]
pub struct ByProvider {
    pub identity_id: Uuid,
    /// The provider's own session.
    pub sid: Option<String>,
    /// What the provider said was true then; a logout of theirs that came since ends what it would begin.
    pub since: DbTimestamp,
}

/// The account, if there is one, and whether the try is looked at now.
pub fn account(conn: &mut PgConnection, email: &str, origin: &Origin) -> Result<(Option<Account>, Verdict), AppError> {
    let (account, network) = (origin.account_hash.as_slice(), origin.network_hash.as_deref());
    let verdict = throttle::judge(conn, &Try { account, network, device: origin.device_id })?;
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
    let Some((id, status, is_staff, epoch, password_hash)) = found else { return Ok((None, verdict)) };
    let may_open_the_console = is_staff && status == "active";
    let has_factor = factors::has_factor(conn, id)?;
    Ok((Some(Account { id, may_open_the_console, epoch, password_hash, has_factor }), verdict))
}

/// Notes a try that did not lead to a session. Returns whether it is the one after which the next has to wait.
pub fn note_failure(
    conn: &mut PgConnection,
    origin: &Origin,
    user_id: Option<Uuid>,
    outcome: &str,
) -> Result<bool, AppError> {
    insert_attempt(conn, origin, user_id, outcome)?;
    if let (Some(user_id), "wrong_password") = (user_id, outcome) {
        diesel::update(users::table.find(user_id))
            .set(users::failed_login_count.eq(users::failed_login_count + 1))
            .execute(conn)?;
    }
    Ok(outcome != "throttled"
        && throttle::failures_in_a_row(conn, &origin.account_hash, origin.device_id)? == throttle::FREE)
}

/// How long the second step may take.
const HALFWAY_MINUTES: i64 = 10;

/// Begins a session that carries no authority until the second factor is given; the one that the browser had ends.
pub fn begin_halfway(tx: &mut Tx<'_, SignIn>, new: &Beginning) -> Result<(), AppError> {
    let ends = SignedDuration::from_mins(HALFWAY_MINUTES);
    let id = insert(tx, new, (ends, ends))?;
    diesel::update(sessions::table.find(id)).set(sessions::awaits.eq("factor")).execute(&mut **tx)?;
    Ok(())
}

/// Begins a session; the one that the browser had ends.
pub fn begin(tx: &mut Tx<'_, SignIn>, new: &Beginning) -> Result<(), AppError> {
    let id = insert(tx, new, (SignedDuration::from_mins(30), SignedDuration::from_hours(ABSOLUTE_HOURS)))?;
    // A tenant of theirs may want less.
    let ends = session_ends(new.account.id, sessions::created_at, sessions::absolute_expires_at);
    diesel::update(sessions::table.find(id)).set(sessions::idle_expires_at.eq(ends)).execute(&mut **tx)?;
    diesel::update(users::table.find(new.account.id))
        .set((users::last_login_at.eq(DbTimestamp::from(Timestamp::now())), users::failed_login_count.eq(0)))
        .execute(&mut **tx)?;
    note_failures_before(tx, new)?;
    insert_attempt(tx, &new.origin, Some(new.account.id), "success")
}

/// Leaves an event where others tried before this one, or the same person did.
fn note_failures_before(tx: &mut Tx<'_, SignIn>, new: &Beginning) -> Result<(), AppError> {
    let mut failures = 0;
    for counter in &new.counters {
        failures += throttle::failures_in_a_row(tx, counter, new.origin.device_id)?;
    }
    if failures == 0 {
        return Ok(());
    }
    let details = json!({ "outcome": "success", "user_id": new.account.id, "failures": failures });
    let event = SecurityEvent::of(SecurityKind::AuthnLoginSuccessafterfail, details);
    tx.note_security(&event.from_network(new.origin.network_hash.clone()))
}

fn insert(
    tx: &mut Tx<'_, SignIn>,
    new: &Beginning,
    (idle, absolute): (SignedDuration, SignedDuration),
) -> Result<Uuid, AppError> {
    let Beginning { account, origin, token_hash, replaced, factors, by_provider, .. } = new;
    if let Some(by) = by_provider {
        logouts::none_since(tx, by)?;
        use_identity(tx, by.identity_id)?;
    }
    let now = Timestamp::now();
    let id = Uuid::now_v7();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::user_id.eq(account.id),
            sessions::token_hash.eq(token_hash.as_slice()),
            sessions::user_epoch.eq(account.epoch),
            sessions::idle_expires_at.eq(later(now, idle)),
            sessions::absolute_expires_at.eq(later(now, absolute)),
            sessions::user_agent_family.eq(origin.user_agent.as_deref()),
            sessions::network_hash.eq(origin.network_hash.as_deref()),
            sessions::device_id.eq(origin.device_id),
            sessions::rotated_from.eq(replaced),
            sessions::factors.eq(factors.iter().map(Some).collect::<Vec<_>>()),
            sessions::identity_id.eq(by_provider.as_ref().map(|by| by.identity_id)),
            sessions::oidc_sid.eq(by_provider.as_ref().and_then(|by| by.sid.as_deref())),
        ))
        .execute(&mut **tx)?;
    if let Some(replaced) = *replaced {
        revoke(tx, replaced, "rotated")?;
    }
    Ok(id)
}

/// Notes the use of an identity. Not found when it was unlinked in the meantime.
fn use_identity(tx: &mut Tx<'_, SignIn>, id: Uuid) -> Result<(), AppError> {
    let linked = user_identities::table.find(id).filter(user_identities::revoked_at.is_null());
    let used = diesel::update(linked).set(user_identities::last_used_at.eq(diesel::dsl::now)).execute(&mut **tx)?;
    if used == 0 { Err(AppError::NotFound) } else { Ok(()) }
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
    let has_factor = factors::has_factor(tx, user_id)?;
    Ok(Account { id: user_id, may_open_the_console, epoch, password_hash: None, has_factor })
}

/// Who waits at the second step.
pub struct Halfway {
    pub account: Account,
    pub email: String,
    /// What they gave at the first.
    pub given: Vec<String>,
    pub by_provider: Option<ByProvider>,
}

/// Who waits at the second step. Not when the session has ended.
pub fn halfway(conn: &mut PgConnection, session_id: Uuid) -> Result<Halfway, AppError> {
    type Found = (Uuid, String, bool, i32, String, Vec<Option<String>>, Option<Uuid>, Option<String>, DbTimestamp);
    let found: Found = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session_id).and(sessions::awaits.is_not_null()).and(sessions::revoked_at.is_null()))
        .select((
            users::id,
            users::status,
            users::is_staff,
            users::authority_epoch,
            users::email,
            sessions::factors,
            sessions::identity_id,
            sessions::oidc_sid,
            sessions::created_at,
        ))
        .first(conn)?;
    let (id, status, is_staff, epoch, email, given, identity, sid, since) = found;
    let may_open_the_console = is_staff && status == "active";
    let account = Account { id, may_open_the_console, epoch, password_hash: None, has_factor: true };
    let by_provider = identity.map(|identity_id| ByProvider { identity_id, sid, since });
    Ok(Halfway { account, email, given: given.into_iter().flatten().collect(), by_provider })
}

/// Ends a session that waits at the second step. Not when another request was quicker.
pub fn end_halfway(tx: &mut Tx<'_, SignIn>, session_id: Uuid) -> Result<(), AppError> {
    let waiting = sessions::table.find(session_id).filter(sessions::revoked_at.is_null());
    let ended = diesel::update(waiting.filter(sessions::awaits.is_not_null()))
        .set((sessions::revoked_at.eq(diesel::dsl::now), sessions::revoked_reason.eq("rotated")))
        .execute(&mut **tx)?;
    if ended == 0 { Err(AppError::SignIn) } else { Ok(()) }
}

/// Somebody's password as it is stored, if they have one.
pub fn password_hash(conn: &mut PgConnection, user_id: Uuid) -> Result<Option<String>, AppError> {
    let live = user_credentials::user_id.eq(user_id).and(user_credentials::kind.eq("password"));
    let found: Option<Option<String>> = user_credentials::table
        .filter(live.and(user_credentials::revoked_at.is_null()))
        .select(user_credentials::secret_hash)
        .first(conn)
        .optional()?;
    Ok(found.flatten())
}

/// Begins a count of failures anew. It names nobody, for it is no sign-in.
pub fn forget_failures(conn: &mut PgConnection, origin: &Origin) -> Result<(), AppError> {
    insert_attempt(conn, origin, None, "success")
}

/// Ends a session for good.
pub fn end(tx: &mut Tx<'_, SignOut>, session_id: Uuid) -> Result<(), AppError> {
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
