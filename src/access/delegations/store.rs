//! Handing out delegations, using and revoking them.

use castellan_schema::control::{delegations, tenants, users};
use diesel::dsl::{exists, now};
use diesel::prelude::*;
use jiff::Timestamp;
use jiff_diesel::Timestamp as DbTimestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::forms::NewDelegation;
use super::model::{Held, Listed, Whose};
use super::{ActForOthers, Delegate};
use super::{letters, reading};
use crate::action::{Reach, Reached, Side};
use crate::actor::{ActingKind, Privilege};
use crate::auth::acting;
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::mail;

/// Nobody needs more that are not over.
const OPEN_MAX: i64 = 50;

const NO_PLACE: &str = "is not the slug or id of a tenant where you hold any of this";

/// A delegation whose every part is known to exist.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub delegate_user_id: Uuid,
    pub tenant_id: Option<Uuid>,
    new: NewDelegation,
}

/// Finds what a form names. What is not there, or where the asker holds nothing, is an error at its field.
pub fn resolve(conn: &mut PgConnection, grantor: Uuid, new: NewDelegation) -> Result<Resolved, AppError> {
    let delegate = users::table.filter(users::email.eq(&new.email).and(users::deleted_at.is_null()));
    let delegate: Option<Uuid> = delegate.select(users::id).first(conn).optional()?;
    let delegate_user_id = delegate
        .ok_or_else(|| AppError::Refused("email", "belongs to nobody of the staff who could act for you".into()))?;
    let tenant_id = match new.tenant.as_str() {
        "" => None,
        named => {
            let id = tenant_by_text(conn, named)?;
            let known = match id {
                Some(id) => !reading::held(conn, grantor, &new.action_scope, Some(id))?.is_empty(),
                None => false,
            };
            Some(id.filter(|_| known).ok_or_else(|| AppError::Refused("tenant_id", NO_PLACE.into()))?)
        }
    };
    Ok(Resolved { delegate_user_id, tenant_id, new })
}

fn tenant_by_text(conn: &mut PgConnection, named: &str) -> Result<Option<Uuid>, AppError> {
    let living = tenants::table.filter(tenants::deleted_at.is_null()).select(tenants::id);
    Ok(match named.parse::<Uuid>() {
        Ok(id) => living.filter(tenants::id.eq(id)).first(conn).optional()?,
        Err(_) => living.filter(tenants::slug.eq(named)).first(conn).optional()?,
    })
}

/// Hands it out, in the name of whoever acts and with what they hold, and tells both.
pub fn insert(tx: &mut Tx<'_, Delegate>, id: Uuid, resolved: &Resolved) -> Result<(), AppError> {
    let Resolved { delegate_user_id, tenant_id, new } = resolved;
    let grantor = tx.actor_id().ok_or(AppError::SignIn)?;
    check_delegate(tx, grantor, *delegate_user_id)?;
    check_number(tx, grantor)?;
    let held = reading::held(tx, grantor, &new.action_scope, *tenant_id)?;
    let lacks = |name: &&String| !held.iter().any(|held| held.privilege_name == **name);
    let lacking: Vec<&str> = new.action_scope.iter().filter(lacks).map(String::as_str).collect();
    if !lacking.is_empty() {
        let why = format!("has {}, which you do not hold there; nobody gives what they lack", lacking.join(", "));
        return Err(AppError::Refused("action_scope", why));
    }
    diesel::insert_into(delegations::table)
        .values((
            delegations::id.eq(id),
            delegations::grantor_user_id.eq(grantor),
            delegations::delegate_user_id.eq(delegate_user_id),
            delegations::action_scope.eq(new.action_scope.iter().map(Some).collect::<Vec<_>>()),
            delegations::tenant_id.eq(tenant_id),
            delegations::starts_at.eq(new.starts_at.unwrap_or_else(|| DbTimestamp::from(Timestamp::now()))),
            delegations::ends_at.eq(new.ends_at),
            delegations::reason.eq(&new.reason),
        ))
        .execute(&mut **tx)?;
    let listed = reading::find(tx, id, Whose::Own)?;
    for letter in letters::made(&listed) {
        mail::post(tx, &letter)?;
    }
    if tx.is_watched() {
        tx.reaches(reach(&listed, held));
    }
    Ok(())
}

/// Somebody else who is staff, can sign in, and is no program.
fn check_delegate(tx: &mut Tx<'_, Delegate>, grantor: Uuid, delegate: Uuid) -> Result<(), AppError> {
    if delegate == grantor {
        return Err(AppError::Refused("email", "is your own; it takes somebody else".into()));
    }
    let fit = users::table
        .find(delegate)
        .filter(users::is_staff.and(users::kind.eq("human")).and(users::status.eq("active")))
        .filter(users::deleted_at.is_null());
    match diesel::select(exists(fit)).get_result::<bool>(&mut **tx)? {
        true => Ok(()),
        false => Err(AppError::Refused("email", "belongs to nobody of the staff who could act for you".into())),
    }
}

fn check_number(tx: &mut Tx<'_, Delegate>, grantor: Uuid) -> Result<(), AppError> {
    let open = delegations::table
        .filter(delegations::grantor_user_id.eq(grantor))
        .filter(delegations::revoked_at.is_null().and(delegations::ends_at.gt(now)));
    match open.count().get_result::<i64>(&mut **tx)? {
        OPEN_MAX.. => Err(AppError::Refused("base", format!("You have {OPEN_MAX} delegations. Revoke one first."))),
        _ => Ok(()),
    }
}

/// Places that are spelled out.
const SHOWN: usize = 25;

/// What the delegate will be able to do, by place.
fn reach(listed: &Listed, held: Vec<Held>) -> Reach {
    let rights = held.len() as i64;
    let mut shown: Vec<Reached> = Vec::new();
    let mut lines = Vec::new();
    for held in held {
        lines.push(format!("{} {}", held.privilege_name, held.place()));
        let known = shown.iter().position(|one| one.tenant == held.tenant && one.client == held.client);
        match known {
            Some(at) => shown[at].privileges.push(held.privilege_name),
            None if shown.len() < SHOWN => shown.push(Reached {
                user_id: listed.delegate.id,
                name: listed.delegate.name.clone(),
                email: listed.delegate.email.clone(),
                tenant: held.tenant,
                client: held.client,
                privileges: vec![held.privilege_name],
            }),
            None => {}
        }
    }
    let digest = Sha256::digest(lines.join("\n").as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    Reach { gains: Side { people: 1, rights, shown }, digest, ..Reach::default() }
}

/// From now on the session acts under it, if it runs and is for whoever acts.
pub fn begin(
    tx: &mut Tx<'_, ActForOthers>,
    listed: &Listed,
    session_id: Uuid,
    token_hash: [u8; 32],
) -> Result<(), AppError> {
    let me = tx.actor_id().ok_or(AppError::SignIn)?;
    let active = users::table
        .find(listed.delegation.grantor_user_id)
        .filter(users::is_staff.and(users::status.eq("active")).and(users::deleted_at.is_null()));
    let can_grant: bool = diesel::select(exists(active)).get_result(&mut **tx)?;
    if !can_grant {
        return Err(AppError::Conflict(format!(
            "{} is not active, and so nobody can act for them.",
            listed.grantor.name
        )));
    }
    let running = delegations::table
        .find(listed.delegation.id)
        .filter(delegations::delegate_user_id.eq(me).and(delegations::revoked_at.is_null()))
        .filter(delegations::starts_at.le(now).and(delegations::ends_at.gt(now)));
    let begun = diesel::update(running)
        .set((delegations::times_used.eq(delegations::times_used + 1), delegations::last_used_at.eq(now)))
        .execute(&mut **tx)?;
    fitting(begun, "This delegation does not run now.")?;
    acting::store::begin(tx, session_id, (ActingKind::Delegation, listed.delegation.id), token_hash)
}

/// Ends it at once and for good, and tells both.
pub fn revoke<P: Privilege>(tx: &mut Tx<'_, P>, listed: &Listed) -> Result<(), AppError> {
    let by = tx.actor_id();
    let open = delegations::table
        .find(listed.delegation.id)
        .filter(delegations::revoked_at.is_null().and(delegations::ends_at.gt(now)));
    let revoked = diesel::update(open)
        .set((delegations::revoked_at.eq(now), delegations::revoked_by.eq(by)))
        .execute(&mut **tx)?;
    fitting(revoked, "This delegation is over already.")?;
    for letter in letters::revoked(listed) {
        mail::post(tx, &letter)?;
    }
    Ok(())
}
