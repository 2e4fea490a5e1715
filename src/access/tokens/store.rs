//! Every statement on tokens.

use castellan_schema::control::{api_token_usage, api_tokens, privileges, users};
use diesel::dsl::{exists, not, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::forms::NewToken;
use super::model::{Hour, Listed, Owner, Token, UNUSED_DAYS, USAGE_DAYS};
use crate::actor::Privilege;
use crate::auth::lacking;
use crate::db::functions::{actor_id, token_of};
use crate::db::keyset::{CappedCount, Slice, SortKey, Window};
use crate::db::{SecurityEvent, SecurityKind, Tx, fitting};
use crate::error::AppError;
use crate::web::list::List;
use crate::{keyset, one_of};

/// Nobody has a use for more that work.
const WORKING_MAX: i64 = 50;
/// An account page shows no more.
const OWN_SHOWN: i64 = 200;

type Boxed = api_tokens::BoxedQuery<'static, Pg>;

/// One page of all tokens.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Listed>, AppError> {
    let rows: Vec<Token> = keyset!(narrowed(list), &list.window, api_tokens::created_at => DbTimestamp, api_tokens::id)
        .select(Token::as_select())
        .load(conn)?;
    let slice = list.window.slice(rows, |token| (token.created_at.to_key(), token.id));
    Ok(Slice { rows: with_owners(conn, slice.rows)?, previous: slice.previous, next: slice.next })
}

/// One page of somebody's, newest first.
pub fn of(conn: &mut PgConnection, owner: Uuid, window: &Window) -> Result<Slice<Token>, AppError> {
    let query = api_tokens::table.filter(api_tokens::user_id.eq(owner)).into_boxed();
    let rows: Vec<Token> = keyset!(query, window, api_tokens::created_at => DbTimestamp, api_tokens::id)
        .select(Token::as_select())
        .load(conn)?;
    Ok(window.slice(rows, |token| (token.created_at.to_key(), token.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(list).select(api_tokens::id)).get_result(conn)?)
}

fn narrowed(list: &List) -> Boxed {
    let mut query = api_tokens::table.into_boxed();
    if let (Some(q), Some(pattern)) = (&list.q, list.pattern()) {
        let prefix = q.trim_start_matches("cst_").trim_end_matches(['_', '…']).to_owned();
        query = query.filter(api_tokens::name.ilike(pattern).or(api_tokens::prefix.eq(prefix)));
    }
    query = one_of!(query, api_tokens::user_id, list.ids("owner"));
    if !list.values("unused").is_empty() {
        let since = DbTimestamp::from(Timestamp::now() - SignedDuration::from_hours(24 * UNUSED_DAYS));
        query = query.filter(api_tokens::created_at.lt(since));
        query = query.filter(api_tokens::last_used_at.lt(since).or(api_tokens::last_used_at.is_null()));
    }
    if !list.values("expires").is_empty() {
        query = query.filter(api_tokens::expires_at.is_null());
    }
    in_states(query, list.values("state"))
}

fn in_states(query: Boxed, states: Vec<String>) -> Boxed {
    if states.is_empty() {
        return query;
    }
    let has = |state: &str| states.iter().any(|one| one == state);
    let chosen = |state: &str| has(state).into_sql::<Bool>();
    let revoked = api_tokens::revoked_at.is_not_null();
    // Spelled out, for what is compared with nothing is neither true nor false.
    let expired = api_tokens::expires_at.is_not_null().and(api_tokens::expires_at.le(now));
    let replaced = api_tokens::overlap_ends_at.is_not_null();
    let past = expired.or(replaced.and(api_tokens::overlap_ends_at.le(now)));
    let working = not(revoked).and(not(past));
    // Each token is in one state, so that the chosen ones are the sum of these.
    query.filter(
        (revoked.and(chosen("revoked")).or(not(revoked).and(past).and(chosen("expired"))).assume_not_null())
            .or(working.and(replaced).and(chosen("overlapping")).assume_not_null())
            .or(working.and(not(replaced)).and(chosen("live")).assume_not_null()),
    )
}

fn with_owners(conn: &mut PgConnection, tokens: Vec<Token>) -> Result<Vec<Listed>, AppError> {
    let mut ids: Vec<Uuid> = tokens.iter().map(|token| token.user_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let owners: Vec<Owner> = users::table.filter(users::id.eq_any(ids)).select(Owner::as_select()).load(conn)?;
    let listed = tokens.into_iter().filter_map(|token| {
        let owner = owners.iter().find(|owner| owner.id == token.user_id)?.clone();
        Some(Listed { token, owner })
    });
    Ok(listed.collect())
}

/// Names of owners that a list is narrowed to.
pub fn owners(conn: &mut PgConnection, ids: Vec<Uuid>) -> Result<Vec<(Uuid, String)>, AppError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(users::table.filter(users::id.eq_any(ids)).select((users::id, users::email)).load(conn)?)
}

/// Whose tokens are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Anybodys,
    /// Of whoever acts.
    Own,
}

/// The token and its owner.
pub fn find(conn: &mut PgConnection, id: Uuid, whose: Whose) -> Result<Listed, AppError> {
    let mut query = api_tokens::table.into_boxed().filter(api_tokens::id.eq(id));
    if whose == Whose::Own {
        query = query.filter(api_tokens::user_id.nullable().eq(actor_id()));
    }
    let token: Token = query.select(Token::as_select()).first(conn)?;
    with_owners(conn, vec![token])?.pop().ok_or(AppError::NotFound)
}

/// The tokens of whoever acts, newest first.
pub fn own(conn: &mut PgConnection) -> Result<Vec<Token>, AppError> {
    Ok(api_tokens::table
        .filter(api_tokens::user_id.nullable().eq(actor_id()))
        .order((api_tokens::created_at.desc(), api_tokens::id.desc()))
        .limit(OWN_SHOWN)
        .select(Token::as_select())
        .load(conn)?)
}

/// The token with this text, and whether it is of whoever acts.
pub fn by_text(conn: &mut PgConnection, hash: [u8; 32]) -> Result<Option<(Uuid, bool)>, AppError> {
    let id: Option<Uuid> = diesel::select(token_of(hash.as_slice())).get_result(conn)?;
    let Some(id) = id else { return Ok(None) };
    // Of the id alone, for all columns would be asked for with the hash that nobody may read.
    let own = api_tokens::table.filter(api_tokens::id.eq(id).and(api_tokens::user_id.nullable().eq(actor_id())));
    let own = own.select(api_tokens::id);
    Ok(Some((id, diesel::select(exists(own)).get_result(conn)?)))
}

/// The token that replaced this one.
pub fn successor(conn: &mut PgConnection, id: Uuid) -> Result<Option<Uuid>, AppError> {
    let successors = api_tokens::table.filter(api_tokens::rotated_from.eq(id)).order(api_tokens::created_at.desc());
    Ok(successors.select(api_tokens::id).first(conn).optional()?)
}

/// The hours in which it was used lately, newest first.
pub fn usage(conn: &mut PgConnection, id: Uuid) -> Result<Vec<Hour>, AppError> {
    let since = DbTimestamp::from(Timestamp::now() - SignedDuration::from_hours(24 * USAGE_DAYS));
    Ok(api_token_usage::table
        .filter(api_token_usage::token_id.eq(id).and(api_token_usage::hour.gt(since)))
        .order(api_token_usage::hour.desc())
        .select(Hour::as_select())
        .load(conn)?)
}

/// The services that tokens can be made for, by name.
pub fn services(conn: &mut PgConnection) -> Result<Vec<(Uuid, String)>, AppError> {
    Ok(users::table
        .filter(users::kind.eq("service").and(users::status.eq("active")).and(users::deleted_at.is_null()))
        .order((users::name_sort, users::id))
        .select((users::id, users::name))
        .limit(500)
        .load(conn)?)
}

/// Privileges with what they allow, in words.
pub fn described(conn: &mut PgConnection, names: &[&str]) -> Result<Vec<(String, String)>, AppError> {
    Ok(privileges::table
        .filter(privileges::name.eq_any(names))
        .order(privileges::name)
        .select((privileges::name, privileges::description))
        .load(conn)?)
}

/// Makes a token. What its text is worth is stored, the text is not.
pub fn insert<P: Privilege>(
    tx: &mut Tx<'_, P>,
    id: Uuid,
    user_id: Uuid,
    new: &NewToken,
    prefix: &str,
    hash: [u8; 32],
) -> Result<(), AppError> {
    if new.service.is_some() {
        held_by_service(tx, user_id, &new.scopes)?;
    }
    let working = in_states(api_tokens::table.into_boxed(), vec!["live".into(), "overlapping".into()])
        .filter(api_tokens::user_id.eq(user_id))
        .count();
    if working.get_result::<i64>(&mut **tx)? >= WORKING_MAX {
        return Err(AppError::Conflict(format!("{WORKING_MAX} tokens work already. Revoke one that is not needed.")));
    }
    let networks: Vec<_> = new.allowed_networks.iter().copied().map(Some).collect();
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::id.eq(id),
            api_tokens::user_id.eq(user_id),
            api_tokens::name.eq(&new.name),
            api_tokens::prefix.eq(prefix),
            api_tokens::token_hash.eq(hash.as_slice()),
            api_tokens::scopes.eq(new.scopes.iter().map(Some).collect::<Vec<_>>()),
            api_tokens::allowed_networks.eq(networks),
            api_tokens::expires_at.eq(new.expires_at),
        ))
        .execute(&mut **tx)?;
    let details = json!({ "made_token_id": id, "user_id": user_id });
    note(tx, SecurityKind::AuthnTokenCreated, details)
}

/// A service must be one, and hold what its token is for; so must whoever makes it, wherever the service does.
fn held_by_service<P>(tx: &mut Tx<'_, P>, user_id: Uuid, scopes: &[String]) -> Result<(), AppError> {
    let is_service = users::table.find(user_id).filter(users::kind.eq("service").and(users::status.eq("active")));
    if !diesel::select(exists(is_service)).get_result::<bool>(&mut **tx)? {
        return Err(AppError::Refused("user_id", "must be one of the services".into()));
    }
    let held = lacking::grants(tx, user_id)?;
    let lacks = |scope: &&str| !held.iter().any(|right| lacking::everywhere(right) == *scope);
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let lacked: Vec<&str> = scopes.iter().copied().filter(lacks).collect();
    if !lacked.is_empty() {
        let lacked = lacked.join(", ");
        return Err(AppError::Refused("scopes", format!("has what no role of this service has: {lacked}")));
    }
    let by = tx.actor_id();
    lacking::not_lent(tx, by, user_id, &scopes, "scopes")
}

/// Refuses a token's successor to those who would learn from it to do what they may not do themselves. The owner gains
/// nothing by it.
pub fn lent(conn: &mut PgConnection, by: Option<Uuid>, token: &Token) -> Result<(), AppError> {
    match by == Some(token.user_id) {
        true => Ok(()),
        false => lacking::not_lent(conn, by, token.user_id, &token.scopes(), "token"),
    }
}

/// Makes a token's successor, with the same scopes and for as long. The old one works on for a while.
pub fn rotate<P: Privilege>(
    tx: &mut Tx<'_, P>,
    old: &Token,
    id: Uuid,
    overlap: SignedDuration,
    prefix: &str,
    hash: [u8; 32],
) -> Result<(), AppError> {
    let (moment, by) = (Timestamp::now(), tx.actor_id());
    lent(tx, by, old)?;
    let working = api_tokens::revoked_at.is_null().and(api_tokens::overlap_ends_at.is_null());
    let unexpired = api_tokens::expires_at.is_null().or(api_tokens::expires_at.gt(now));
    let replaced = diesel::update(api_tokens::table.filter(api_tokens::id.eq(old.id).and(working).and(unexpired)))
        .set(api_tokens::overlap_ends_at.eq(DbTimestamp::from(moment + overlap)))
        .execute(&mut **tx)?;
    fitting(replaced, "This token was replaced or has ended already; only one that works can be rotated.")?;
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::id.eq(id),
            api_tokens::user_id.eq(old.user_id),
            api_tokens::name.eq(&old.name),
            api_tokens::prefix.eq(prefix),
            api_tokens::token_hash.eq(hash.as_slice()),
            api_tokens::scopes.eq(&old.scopes),
            api_tokens::allowed_networks.eq(&old.allowed_networks),
            api_tokens::expires_at.eq(old.lifetime().map(|lifetime| DbTimestamp::from(moment + lifetime))),
            api_tokens::rotated_from.eq(old.id),
        ))
        .execute(&mut **tx)?;
    note(tx, SecurityKind::AuthnTokenCreated, json!({ "made_token_id": id, "user_id": old.user_id }))?;
    note(tx, SecurityKind::AuthnTokenRevoked, json!({ "ended_token_id": old.id, "why": "rotated" }))
}

/// Ends a token at once and for good.
pub fn revoke<P: Privilege>(tx: &mut Tx<'_, P>, token: &Token) -> Result<(), AppError> {
    let by = tx.actor_id();
    let working = api_tokens::table.filter(api_tokens::id.eq(token.id).and(api_tokens::revoked_at.is_null()));
    let revoked = diesel::update(working)
        .set((api_tokens::revoked_at.eq(now), api_tokens::revoked_by.eq(by)))
        .execute(&mut **tx)?;
    fitting(revoked, "This token is revoked already.")?;
    note(tx, SecurityKind::AuthnTokenRevoked, json!({ "ended_token_id": token.id, "user_id": token.user_id }))
}

fn note<P>(tx: &mut Tx<'_, P>, kind: SecurityKind, details: Value) -> Result<(), AppError> {
    tx.note_security(&SecurityEvent::of(kind, details))
}
