//! Rows of signing in with a provider: browsers that are away, whose identity it is, sessions that a provider ends.

use castellan_schema::control::{ceremonies as c, sessions as s, user_identities as i, users};
use diesel::dsl::now;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::backchannel::EndSessions;
use super::ceremony::{Ceremony, MINUTES};
use super::logout_token::Logout;
use super::logouts::{self, Noted};
use crate::auth::factors::store::has_factor;
use crate::auth::sign_in::store::Account;
use crate::auth::sign_in::throttle;
use crate::db::Tx;
use crate::error::AppError;

/// Whose answer counts.
#[derive(Debug, Clone, Copy)]
pub enum BoundTo {
    Browser([u8; 32]),
    Session(Uuid),
}

/// Somebody who comes back.
#[derive(Debug, Clone, Copy)]
pub struct Comer {
    pub browser: Option<[u8; 32]>,
    pub session: Option<Uuid>,
}

/// What is known of the answer that somebody brings.
#[derive(Debug)]
pub enum Taken {
    /// With the moment at which it was taken.
    Fresh(Ceremony, Purpose, DbTimestamp),
    /// It came before.
    Again,
    /// Another browser was asked.
    Elsewhere,
    /// Nobody was asked, or too long ago.
    Unknown,
}

/// What for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    Link,
}

impl Purpose {
    fn kind(self) -> &'static str {
        match self {
            Purpose::SignIn => "oidc_sign_in",
            Purpose::Link => "oidc_link",
        }
    }
}

/// Browsers from one network that may be sent away within a minute. Each is a row that nobody signed in for.
const AWAY: i64 = 30;
const MINUTE: u32 = 60;

/// Seconds until browsers from a network are sent away again; zero when now.
pub fn wait(conn: &mut PgConnection, network: Option<&[u8]>) -> Result<u32, AppError> {
    let wait = throttle::network(conn, network)?;
    let Some(network) = network.filter(|_| wait == 0) else { return Ok(wait) };
    let since: DbTimestamp = (Timestamp::now() - SignedDuration::from_secs(i64::from(MINUTE))).into();
    let away: i64 = c::table
        .filter(c::kind.eq(Purpose::SignIn.kind()).and(c::created_at.gt(since)))
        .filter(c::state.contains(json!({ "network": hex(network) })))
        .count()
        .get_result(conn)?;
    Ok(if away >= AWAY { MINUTE } else { 0 })
}

/// A network's hash as a ceremony keeps it.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps what the answer has to fit; what nobody answered in time goes.
pub fn keep(
    conn: &mut PgConnection,
    id: Uuid,
    purpose: Purpose,
    bound_to: BoundTo,
    state: &Value,
) -> Result<(), AppError> {
    diesel::delete(c::table.filter(c::expires_at.le(now))).execute(conn)?;
    let (browser, session) = match bound_to {
        BoundTo::Browser(hash) => (Some(hash.to_vec()), None),
        BoundTo::Session(id) => (None, Some(id)),
    };
    let expires: DbTimestamp = (Timestamp::now() + SignedDuration::from_mins(MINUTES)).into();
    diesel::insert_into(c::table)
        .values((
            c::id.eq(id),
            c::kind.eq(purpose.kind()),
            c::session_id.eq(session),
            c::bound_to.eq(browser),
            c::state.eq(state),
            c::expires_at.eq(expires),
        ))
        .execute(conn)?;
    Ok(())
}

type Away = (String, Value, Option<Vec<u8>>, Option<Uuid>, Option<DbTimestamp>);

/// What a browser was asked, once, in time, and for that browser only.
pub fn take(conn: &mut PgConnection, id: Uuid, comer: Comer) -> Result<Taken, AppError> {
    let away = c::table
        .find(id)
        .filter(c::kind.eq_any([Purpose::SignIn.kind(), Purpose::Link.kind()]).and(c::expires_at.gt(now)));
    let found: Option<Away> =
        away.for_update().select((c::kind, c::state, c::bound_to, c::session_id, c::used_at)).first(conn).optional()?;
    let Some((kind, state, bound_to, session_id, used_at)) = found else { return Ok(Taken::Unknown) };
    let purpose = if kind == Purpose::Link.kind() { Purpose::Link } else { Purpose::SignIn };
    let is_theirs = match purpose {
        Purpose::SignIn => bound_to.is_some() && bound_to == comer.browser.map(|hash| hash.to_vec()),
        Purpose::Link => session_id.is_some() && session_id == comer.session,
    };
    match (is_theirs, used_at) {
        (false, _) => return Ok(Taken::Elsewhere),
        (true, Some(_)) => return Ok(Taken::Again),
        (true, None) => {}
    }
    let spent = diesel::update(c::table.find(id)).set((c::used_at.eq(now), c::state.eq(json!({}))));
    let taken_at: Option<DbTimestamp> = spent.returning(c::used_at).get_result(conn)?;
    let ceremony = serde_json::from_value(state).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(Taken::Fresh(ceremony, purpose, taken_at.ok_or(AppError::NotFound)?))
}

/// The identity that a provider's word is for, and the account that it opens.
#[derive(Debug, Clone)]
pub struct Whose {
    pub identity_id: Uuid,
    pub account: Account,
    pub email: String,
}

/// Whose it is: by issuer and subject, and by nothing else.
pub fn whose(conn: &mut PgConnection, issuer: &str, subject: &str) -> Result<Option<Whose>, AppError> {
    let found: Option<(Uuid, Uuid, String, String, bool, i32)> = i::table
        .inner_join(users::table)
        .filter(i::issuer.eq(issuer).and(i::subject.eq(subject)).and(i::revoked_at.is_null()))
        .filter(users::deleted_at.is_null().and(users::kind.eq("human")))
        .select((i::id, users::id, users::email, users::status, users::is_staff, users::authority_epoch))
        .first(conn)
        .optional()?;
    // Asked for nobody, too, so that who is unknown takes as long.
    let has_factor = has_factor(conn, found.as_ref().map(|found| found.1).unwrap_or_default())?;
    let Some((identity_id, id, email, status, is_staff, epoch)) = found else { return Ok(None) };
    let account =
        Account { id, may_open_the_console: is_staff && status == "active", epoch, password_hash: None, has_factor };
    Ok(Some(Whose { identity_id, account, email }))
}

/// Ends what a provider's logout is about, halfway or whole. None when the logout came before.
pub fn end_sessions(tx: &mut Tx<'_, EndSessions>, logout: &Logout) -> Result<Option<usize>, AppError> {
    if logouts::note(tx, logout)? == Noted::Before {
        return Ok(None);
    }
    let mut identities = i::table.filter(i::issuer.eq(logout.issuer.clone())).select(i::id.nullable()).into_boxed();
    if let Some(subject) = &logout.subject {
        identities = identities.filter(i::subject.eq(subject.clone()));
    }
    let (ended, because) = (s::revoked_at.eq(now), s::revoked_reason.eq("ended_by_provider"));
    let live = s::revoked_at.is_null().and(s::identity_id.eq_any(identities));
    let count = match &logout.sid {
        Some(sid) => {
            diesel::update(s::table.filter(live.and(s::oidc_sid.eq(sid)))).set((ended, because)).execute(&mut **tx)?
        }
        None => diesel::update(s::table.filter(live)).set((ended, because)).execute(&mut **tx)?,
    };
    Ok(Some(count))
}
