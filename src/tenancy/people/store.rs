//! Every statement on the people of a tenant.

use castellan_schema::control::{users, workspace_members, workspaces};
use diesel::dsl::{exists, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{MemberPatch, NewMember};
use super::model::{Member, MemberOf, Owner};
use crate::auth::founders;
use crate::auth::lacking::not_given;
use crate::auth::reach::{Touched, measured};
use crate::db::Tx;
use crate::db::functions::text;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::error::AppError;
use crate::keyset;
use crate::tenancy::Manage;
use crate::tenancy::policies::store as policies;
use crate::tenancy::tenants::store as tenants;
use crate::web::list::List;

/// One page of a tenant's people.
pub fn list(conn: &mut PgConnection, tenant_id: Uuid, list: &List) -> Result<Slice<Member>, AppError> {
    let query = narrowed(tenant_id, list);
    let window = &list.window;
    let (rows, key): (Vec<Member>, fn(&Member) -> String) = match window.sort {
        "created_at" => (
            keyset!(query, window, workspace_members::created_at => Timestamp, workspace_members::id)
                .select(Member::as_select())
                .load(conn)?,
            |member| member.created_at.to_key(),
        ),
        _ => (
            keyset!(query, window, users::name_sort => String, workspace_members::id)
                .select(Member::as_select())
                .load(conn)?,
            |member| member.name_sort.clone(),
        ),
    };
    Ok(window.slice(rows, |member| (key(member), member.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, tenant_id: Uuid, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(tenant_id, list).select(workspace_members::id)).get_result(conn)?)
}

#[diesel::dsl::auto_type]
fn joined() -> _ {
    workspace_members::table
        .inner_join(users::table)
        .inner_join(workspaces::table.on(workspaces::id.eq(workspace_members::workspace_id)))
}

type Boxed = diesel::helper_types::IntoBoxed<'static, joined, Pg>;

fn narrowed(tenant_id: Uuid, list: &List) -> Boxed {
    let mut query = joined()
        .into_boxed()
        .filter(workspace_members::tenant_id.eq(tenant_id).and(workspace_members::deleted_at.is_null()));
    if let Some(pattern) = list.pattern() {
        query = query.filter(users::name.ilike(pattern.clone()).or(text(users::email).ilike(pattern)));
    }
    let roles = list.values("role");
    if !roles.is_empty() {
        query = query.filter(workspace_members::role.eq_any(roles));
    }
    let workspaces = list.ids("workspace");
    if !workspaces.is_empty() {
        query = query.filter(workspace_members::workspace_id.eq_any(workspaces));
    }
    query
}

/// A living membership with its tenant.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<MemberOf, AppError> {
    let member: Member = joined()
        .filter(workspace_members::id.eq(id).and(workspace_members::deleted_at.is_null()))
        .select(Member::as_select())
        .first(conn)?;
    Ok(MemberOf { tenant: tenants::find(conn, member.tenant_id)?, member })
}

/// The first few owners of a tenant by name.
pub fn owners(conn: &mut PgConnection, tenant_id: Uuid, most: i64) -> Result<Vec<Owner>, AppError> {
    Ok(owning(tenant_id)
        .select((users::name, users::email))
        .distinct()
        .order((users::name, users::email))
        .limit(most)
        .load(conn)?)
}

/// Owners who can act: a deactivated one is none.
#[diesel::dsl::auto_type]
fn owning(tenant_id: Uuid) -> _ {
    workspace_members::table
        .inner_join(users::table)
        .filter(workspace_members::tenant_id.eq(tenant_id).and(workspace_members::deleted_at.is_null()))
        .filter(workspace_members::role.eq("owner"))
        .filter(users::deleted_at.is_null().and(users::status.ne("deactivated")))
}

/// Adds a person to a workspace, and makes them first when nobody has the address. `whole` says that the actor sees
/// everybody: others cannot tell an unknown person from one of a tenant that is not theirs.
pub fn insert(
    tx: &mut Tx<'_, Manage>,
    id: Uuid,
    tenant_id: Uuid,
    new: &NewMember,
    whole: bool,
) -> Result<(), AppError> {
    tenants::lock(tx, tenant_id)?;
    allowed(tx, tenant_id, &new.email)?;
    open_workspace(tx, tenant_id, new.workspace_id)?;
    let known = users::table.filter(users::email.eq(&new.email).and(users::deleted_at.is_null()));
    let user_id: Option<Uuid> = known.select(users::id).first(&mut **tx).optional()?;
    let user_id = match user_id {
        Some(user_id) => user_id,
        None if whole => insert_person(tx, new)?,
        None => {
            let why = "belongs to nobody in your tenants; ask somebody whose role holds for the whole platform";
            return Err(AppError::Refused("email", why.into()));
        }
    };
    // Somebody who comes back may still be in a department or group of the tenant, whose roles count again.
    not_given(tx, user_id, "email", |tx| {
        diesel::insert_into(workspace_members::table)
            .values((
                workspace_members::id.eq(id),
                workspace_members::tenant_id.eq(tenant_id),
                workspace_members::workspace_id.eq(new.workspace_id),
                workspace_members::user_id.eq(user_id),
                workspace_members::role.eq(new.role),
            ))
            .execute(&mut **tx)?;
        Ok(())
    })
}

/// Pending until they sign in, and never staff: that is not for a tenant's page to decide.
fn insert_person(tx: &mut Tx<'_, Manage>, new: &NewMember) -> Result<Uuid, AppError> {
    let id = Uuid::now_v7();
    diesel::insert_into(users::table)
        .values((users::id.eq(id), users::email.eq(&new.email), users::name.eq(&new.name)))
        .execute(&mut **tx)?;
    Ok(id)
}

/// The tenant's policy on addresses: those under a listed domain, or any when none is listed.
fn allowed(tx: &mut Tx<'_, Manage>, tenant_id: Uuid, email: &str) -> Result<(), AppError> {
    let Some(policies) = policies::effective(tx, tenant_id)? else { return Ok(()) };
    let domains = policies.domains();
    let host = email.rsplit('@').next().unwrap_or_default().to_lowercase();
    let is_under = |domain: &&str| host == *domain || host.ends_with(&format!(".{domain}"));
    if domains.is_empty() || domains.iter().any(is_under) {
        return Ok(());
    }
    Err(AppError::Refused("email", format!("must be under a domain this tenant allows: {}", domains.join(", "))))
}

fn open_workspace(tx: &mut Tx<'_, Manage>, tenant_id: Uuid, id: Uuid) -> Result<(), AppError> {
    let open = workspaces::table
        .find(id)
        .filter(workspaces::tenant_id.eq(tenant_id))
        .filter(workspaces::status.eq("active").and(workspaces::deleted_at.is_null()));
    match diesel::select(exists(open)).get_result(&mut **tx)? {
        true => Ok(()),
        false => Err(AppError::Refused("workspace_id", "must be one of the tenant's active workspaces".into())),
    }
}

/// Gives a member another role, unless somebody else changed it since.
pub fn update(tx: &mut Tx<'_, Manage>, member: &Member, patch: &MemberPatch) -> Result<(), AppError> {
    tenants::lock(tx, member.tenant_id)?;
    let same = workspace_members::table
        .find(member.id)
        .filter(workspace_members::version.eq(patch.version).and(workspace_members::deleted_at.is_null()));
    let updated = diesel::update(same).set(workspace_members::role.eq(patch.role)).execute(&mut **tx)?;
    match updated {
        0 => Err(AppError::Stale),
        _ if still_owned(tx, member.tenant_id)? || member.role != "owner" => Ok(()),
        _ => Err(AppError::Refused(
            "role",
            format!("must stay owner: {} is the last owner of the tenant. Make somebody else owner first", member.name),
        )),
    }
}

/// Takes a member out of the workspace. With the last one of a tenant they lose what they may do by its departments and
/// groups.
pub fn remove(tx: &mut Tx<'_, Manage>, member: &Member) -> Result<(), AppError> {
    tenants::lock(tx, member.tenant_id)?;
    let was_founder = founders::is_one(tx, member.user_id)?;
    // Looked at before, for it may be their own.
    let within_reach = if was_founder { founders::within_reach(tx) } else { Ok(()) };
    measured(tx, Touched::Person(member.user_id), |tx| {
        let living = workspace_members::table.find(member.id).filter(workspace_members::deleted_at.is_null());
        let actor = tx.actor_id();
        let removed = diesel::update(living)
            .set((workspace_members::deleted_at.eq(now), workspace_members::deleted_by.eq(actor)))
            .execute(&mut **tx)?;
        match removed {
            0 => Err(AppError::Conflict(format!("{} does not belong to this workspace any more.", member.name))),
            _ if still_owned(tx, member.tenant_id)? || member.role != "owner" => Ok(()),
            _ => Err(AppError::Conflict(format!(
                "{} is the last owner of the tenant and cannot be removed. Make somebody else owner first.",
                member.name
            ))),
        }
    })?;
    if !was_founder {
        return Ok(());
    }
    if !founders::is_one(tx, member.user_id)? {
        within_reach?;
    }
    founders::keep_one(tx)
}

/// Whether anybody owns the tenant now. Asked under the tenant's lock, so two owners cannot leave at once.
fn still_owned(tx: &mut Tx<'_, Manage>, tenant_id: Uuid) -> Result<bool, AppError> {
    Ok(diesel::select(exists(owning(tenant_id))).get_result(&mut **tx)?)
}
