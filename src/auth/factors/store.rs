//! Credentials that are second factors, and what goes with a change of them.

use castellan_schema::control::{sessions, user_credentials as c, users};
use diesel::dsl::{exists, now};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::model::{App, Factor, Means};
use crate::db::Tx;
use crate::db::functions::{actor_id, factor_wanted};
use crate::error::AppError;
use crate::mail::{self, Letter};

const FACTORS: [&str; 2] = ["totp", "passkey"];
const WITH_CODES: [&str; 3] = ["totp", "passkey", "recovery_code"];

/// Somebody's second factors, the oldest first.
pub fn list(conn: &mut PgConnection, user_id: Uuid) -> Result<Vec<Factor>, AppError> {
    Ok(c::table
        .filter(c::user_id.eq(user_id).and(c::kind.eq_any(FACTORS)).and(c::revoked_at.is_null()))
        .order((c::created_at, c::id))
        .select(Factor::as_select())
        .load(conn)?)
}

/// One of the acting person's own factors; somebody else's is not found.
pub fn own(conn: &mut PgConnection, id: Uuid) -> Result<Factor, AppError> {
    Ok(c::table
        .find(id)
        .filter(c::user_id.nullable().eq(actor_id()).and(c::kind.eq_any(FACTORS)).and(c::revoked_at.is_null()))
        .select(Factor::as_select())
        .first(conn)?)
}

/// What somebody can prove themselves with.
pub fn means(conn: &mut PgConnection, user_id: Uuid) -> Result<Means, AppError> {
    let kinds: Vec<String> = c::table
        .filter(c::user_id.eq(user_id).and(c::revoked_at.is_null()))
        .filter(c::kind.ne("sign_in_link").and(c::kind.ne("recovery_code").or(c::used_at.is_null())))
        .select(c::kind)
        .load(conn)?;
    let has = |kind: &str| kinds.iter().any(|one| one == kind);
    Ok(Means {
        password: has("password"),
        totp: has("totp"),
        passkeys: has("passkey"),
        recovery_codes: kinds.iter().filter(|kind| *kind == "recovery_code").count(),
    })
}

/// Whether sign-in must ask for a second factor.
pub fn has_factor(conn: &mut PgConnection, user_id: Uuid) -> Result<bool, AppError> {
    let factors = c::table.filter(c::user_id.eq(user_id).and(c::kind.eq_any(FACTORS)).and(c::revoked_at.is_null()));
    Ok(diesel::select(exists(factors.select(c::id))).get_result(conn)?)
}

/// Makes one person's proofs take turns until the end of the transaction.
pub fn take_turns(conn: &mut PgConnection, user_id: Uuid) -> Result<(), AppError> {
    users::table.find(user_id).select(users::id).for_no_key_update().first::<Uuid>(conn)?;
    Ok(())
}

/// Somebody's authenticator apps with their sealed seeds.
pub fn apps(conn: &mut PgConnection, user_id: Uuid) -> Result<Vec<App>, AppError> {
    let rows: Vec<(Uuid, Value, Option<i64>)> = c::table
        .filter(c::user_id.eq(user_id).and(c::kind.eq("totp")).and(c::revoked_at.is_null()))
        .select((c::id, c::parameters, c::last_step))
        .load(conn)?;
    let app = |(id, parameters, last_step): (Uuid, Value, Option<i64>)| App {
        id,
        seed: parameters["seed"].as_str().unwrap_or_default().to_owned(),
        last_step: last_step.unwrap_or_default(),
    };
    Ok(rows.into_iter().map(app).collect())
}

/// Somebody's passkeys, as the WebAuthn library wrote them.
pub fn passkeys(conn: &mut PgConnection, user_id: Uuid) -> Result<Vec<(Uuid, Value)>, AppError> {
    Ok(c::table
        .filter(c::user_id.eq(user_id).and(c::kind.eq("passkey")).and(c::revoked_at.is_null()))
        .select((c::id, c::parameters))
        .load(conn)?)
}

/// The recovery code with this hash, if it was not used yet.
pub fn recovery_code(conn: &mut PgConnection, user_id: Uuid, hash: &str) -> Result<Option<Uuid>, AppError> {
    let unused = c::user_id.eq(user_id).and(c::kind.eq("recovery_code")).and(c::secret_hash.eq(hash));
    Ok(c::table
        .filter(unused.and(c::used_at.is_null()).and(c::revoked_at.is_null()))
        .select(c::id)
        .first(conn)
        .optional()?)
}

/// Uses a code of an authenticator app up. Not when another request was quicker with it or a later one.
pub fn spend_step<P>(tx: &mut Tx<'_, P>, id: Uuid, step: i64) -> Result<bool, AppError> {
    let unused = c::table.find(id).filter(c::kind.eq("totp").and(c::revoked_at.is_null()).and(c::last_step.lt(step)));
    let spent = diesel::update(unused).set((c::last_step.eq(step), c::used_at.eq(now))).execute(&mut **tx)?;
    Ok(spent == 1)
}

/// Uses a recovery code up. Not when another request was quicker.
pub fn spend_recovery_code<P>(tx: &mut Tx<'_, P>, id: Uuid) -> Result<bool, AppError> {
    let unused = c::table.find(id).filter(c::used_at.is_null().and(c::revoked_at.is_null()));
    Ok(diesel::update(unused).set(c::used_at.eq(now)).execute(&mut **tx)? == 1)
}

/// Notes the use of a passkey, with its counter moved. Not when it was removed in the meantime.
pub fn spend_passkey<P>(tx: &mut Tx<'_, P>, id: Uuid, parameters: &Value) -> Result<bool, AppError> {
    let live = c::table.find(id).filter(c::revoked_at.is_null());
    Ok(diesel::update(live).set((c::used_at.eq(now), c::parameters.eq(parameters))).execute(&mut **tx)? == 1)
}

/// A factor to be added.
#[derive(Debug, Clone)]
pub struct NewFactor {
    pub id: Uuid,
    /// `totp` or `passkey`.
    pub kind: &'static str,
    pub label: String,
    pub parameters: Value,
    /// For an authenticator app: that of the code it was confirmed with.
    pub last_step: Option<i64>,
}

/// Adds a factor to the acting person. Returns whether it is the first.
pub fn add<P>(tx: &mut Tx<'_, P>, user_id: Uuid, new: &NewFactor) -> Result<bool, AppError> {
    take_turns(tx, user_id)?;
    let is_first = !has_factor(tx, user_id)?;
    diesel::insert_into(c::table)
        .values((
            c::id.eq(new.id),
            c::user_id.eq(user_id),
            c::kind.eq(new.kind),
            c::label.eq(&new.label),
            c::parameters.eq(&new.parameters),
            c::last_step.eq(new.last_step),
        ))
        .execute(&mut **tx)?;
    settle(tx, user_id)?;
    let kept = tx.actor().session_id;
    end_sessions(tx, user_id, kept)?;
    tell(tx, user_id, "A second factor was added to your account", &format!("“{}” was added.", new.label))?;
    Ok(is_first)
}

/// Gives a factor of the acting person another name.
pub fn rename<P>(tx: &mut Tx<'_, P>, id: Uuid, label: &str) -> Result<(), AppError> {
    own(tx, id)?;
    diesel::update(c::table.find(id)).set(c::label.eq(label)).execute(&mut **tx)?;
    Ok(())
}

/// Takes a factor of the acting person away. With the last one the recovery codes go.
pub fn remove<P>(tx: &mut Tx<'_, P>, factor: &Factor) -> Result<(), AppError> {
    let user_id = tx.actor_id().ok_or(AppError::SignIn)?;
    take_turns(tx, user_id)?;
    own(tx, factor.id)?;
    let is_last = list(tx, user_id)?.len() == 1;
    if is_last && is_required(tx, user_id)? {
        return Err(AppError::Conflict(
            "This is your only second factor, and you must have one. Add another one first, then remove this.".into(),
        ));
    }
    diesel::update(c::table.find(factor.id)).set(c::revoked_at.eq(now)).execute(&mut **tx)?;
    if is_last {
        revoke(tx, user_id, &WITH_CODES)?;
    }
    settle(tx, user_id)?;
    let kept = tx.actor().session_id;
    end_sessions(tx, user_id, kept)?;
    let text = format!("“{}” was removed. It cannot be used to sign in any more.", factor.label);
    tell(tx, user_id, "A second factor was removed from your account", &text)
}

/// Takes all factors and recovery codes of somebody away, and ends their sessions. Returns how many went.
pub fn remove_all<P>(tx: &mut Tx<'_, P>, user_id: Uuid) -> Result<usize, AppError> {
    take_turns(tx, user_id)?;
    let removed = revoke(tx, user_id, &WITH_CODES)?;
    settle(tx, user_id)?;
    end_sessions(tx, user_id, None)?;
    let text = "All second factors and recovery codes of your account were removed. Add a new one when you sign in.";
    tell(tx, user_id, "Your second factors were removed", text)?;
    Ok(removed)
}

/// Puts new recovery codes, as hashes, in the place of the old ones.
pub fn replace_recovery_codes<P>(tx: &mut Tx<'_, P>, user_id: Uuid, hashes: &[String]) -> Result<(), AppError> {
    take_turns(tx, user_id)?;
    if !has_factor(tx, user_id)? {
        return Err(AppError::Conflict(
            "Recovery codes stand in for a lost factor, and you have none yet. Add one first.".into(),
        ));
    }
    revoke(tx, user_id, &["recovery_code"])?;
    let codes: Vec<_> = hashes
        .iter()
        .map(|hash| {
            let id = c::id.eq(Uuid::now_v7());
            (id, c::user_id.eq(user_id), c::kind.eq("recovery_code"), c::secret_hash.eq(hash))
        })
        .collect();
    diesel::insert_into(c::table).values(codes).execute(&mut **tx)?;
    let kept = tx.actor().session_id;
    end_sessions(tx, user_id, kept)?;
    let text = "New recovery codes were made. The old ones do not work any more.";
    tell(tx, user_id, "Your recovery codes were replaced", text)
}

/// Ends all sessions of somebody but one, because a credential changed.
pub fn end_sessions<P>(tx: &mut Tx<'_, P>, user_id: Uuid, kept: Option<Uuid>) -> Result<(), AppError> {
    let living = sessions::user_id.eq(user_id).and(sessions::revoked_at.is_null());
    let others = sessions::table.filter(living.and(sessions::id.ne(kept.unwrap_or_default())));
    diesel::update(others)
        .set((sessions::revoked_at.eq(now), sessions::revoked_reason.eq("credential_changed")))
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes somebody a mail about their own account.
pub fn tell<P>(tx: &mut Tx<'_, P>, user_id: Uuid, subject: &str, text: &str) -> Result<(), AppError> {
    let (email, name): (String, String) =
        users::table.find(user_id).select((users::email, users::name)).first(&mut **tx)?;
    let text = format!("{text} If it was not you, tell whoever runs this console at once.");
    mail::post(tx, &Letter::new(&email, &name, subject, text))
}

/// Whether the acting session would have to add a factor if it had none.
fn is_required<P>(tx: &mut Tx<'_, P>, user_id: Uuid) -> Result<bool, AppError> {
    Ok(tx.actor().factor_required || diesel::select(factor_wanted(user_id)).get_result(&mut **tx)?)
}

fn revoke<P>(tx: &mut Tx<'_, P>, user_id: Uuid, kinds: &[&str]) -> Result<usize, AppError> {
    let living = c::user_id.eq(user_id).and(c::revoked_at.is_null()).and(c::kind.eq_any(kinds.to_vec()));
    Ok(diesel::update(c::table.filter(living)).set(c::revoked_at.eq(now)).execute(&mut **tx)?)
}

/// Keeps what lists and sign-in read of a person in step with what they have.
fn settle<P>(tx: &mut Tx<'_, P>, user_id: Uuid) -> Result<(), AppError> {
    let has = has_factor(tx, user_id)?;
    diesel::update(users::table.find(user_id).filter(users::mfa_enabled.ne(has)))
        .set(users::mfa_enabled.eq(has))
        .execute(&mut **tx)?;
    Ok(())
}
