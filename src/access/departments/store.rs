//! Every statement on departments and their members.

use std::collections::{HashMap, HashSet};

use castellan_schema::control::{department_memberships, departments, tenants, users};
use diesel::dsl::{count_star, exists, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{DepartmentFacts, DepartmentPatch, NewMember};
use super::model::{Branch, Department, Member, MemberOf, tree};
use crate::access::assignments::model::Principal;
use crate::access::assignments::store as assignments;
use crate::access::groups::store::belongs;
use crate::access::reach::{Touched, measured};
use crate::access::{Manage, founders};
use crate::db::functions::text;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::keyset;
use crate::web::list::List;

/// More than this many are neither shown nor made.
pub const MOST: i64 = 1000;

/// The departments of a tenant as a tree, by name.
pub fn of_tenant(conn: &mut PgConnection, tenant_id: Uuid) -> Result<Vec<Branch>, AppError> {
    let members: HashMap<Uuid, i64> = department_memberships::table
        .filter(department_memberships::tenant_id.eq(tenant_id).and(department_memberships::deleted_at.is_null()))
        .group_by(department_memberships::department_id)
        .select((department_memberships::department_id, count_star()))
        .load(conn)?
        .into_iter()
        .collect();
    Ok(tree(load(conn, tenant_id)?, |id| members.get(&id).copied().unwrap_or(0)))
}

fn load(conn: &mut PgConnection, tenant_id: Uuid) -> Result<Vec<Department>, AppError> {
    Ok(departments::table
        .filter(departments::tenant_id.eq(tenant_id).and(departments::deleted_at.is_null()))
        .order((departments::name_sort, departments::id))
        .limit(MOST)
        .select(Department::as_select())
        .load(conn)?)
}

/// Deleted departments of a tenant, the latest first, up to some.
pub fn deleted_of_tenant(conn: &mut PgConnection, tenant_id: Uuid) -> Result<Vec<Department>, AppError> {
    const SHOWN: i64 = 20;
    Ok(departments::table
        .filter(departments::tenant_id.eq(tenant_id).and(departments::deleted_at.is_not_null()))
        .order((departments::deleted_at.desc(), departments::id))
        .limit(SHOWN)
        .select(Department::as_select())
        .load(conn)?)
}

/// The name of a tenant that is not deleted.
pub fn tenant_name(conn: &mut PgConnection, id: Uuid) -> Result<String, AppError> {
    Ok(tenants::table.find(id).filter(tenants::deleted_at.is_null()).select(tenants::name).first(conn)?)
}

/// The department, deleted or not.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Department, AppError> {
    Ok(departments::table.find(id).select(Department::as_select()).first(conn)?)
}

/// The department, unless it was deleted.
pub fn find_living(conn: &mut PgConnection, id: Uuid) -> Result<Department, AppError> {
    let living = departments::table.find(id).filter(departments::deleted_at.is_null());
    Ok(living.select(Department::as_select()).first(conn)?)
}

/// One page of a department's members.
pub fn members(conn: &mut PgConnection, id: Uuid, list: &List) -> Result<Slice<Member>, AppError> {
    let query = belonging(id, list);
    let rows: Vec<Member> = keyset!(query, &list.window, users::name_sort => String, department_memberships::id)
        .select(Member::as_select())
        .load(conn)?;
    Ok(list.window.slice(rows, |member| (member.name_sort.to_key(), member.id)))
}

/// How many members the list has in all, counted to ten thousand.
pub fn count_members(conn: &mut PgConnection, id: Uuid, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(belonging(id, list).select(department_memberships::id)).get_result(conn)?)
}

#[diesel::dsl::auto_type]
fn with_people() -> _ {
    department_memberships::table.inner_join(users::table)
}

fn belonging(id: Uuid, list: &List) -> diesel::helper_types::IntoBoxed<'static, with_people, Pg> {
    let query = with_people()
        .into_boxed()
        .filter(department_memberships::department_id.eq(id).and(department_memberships::deleted_at.is_null()));
    match list.pattern() {
        None => query,
        Some(pattern) => query.filter(users::name.ilike(pattern.clone()).or(text(users::email).ilike(pattern))),
    }
}

/// A living membership with its department.
pub fn find_member(conn: &mut PgConnection, id: Uuid) -> Result<MemberOf, AppError> {
    let member: Member = with_people()
        .filter(department_memberships::id.eq(id).and(department_memberships::deleted_at.is_null()))
        .select(Member::as_select())
        .first(conn)?;
    Ok(MemberOf { department: find(conn, member.department_id)?, member })
}

/// Those who change a tenant's departments take turns, so that no two moves make a circle and nobody gives a role to
/// a department while somebody else adds a person to it.
fn lock(tx: &mut Tx<'_, Manage>, tenant_id: Uuid) -> Result<(), AppError> {
    let living = tenants::table.find(tenant_id).filter(tenants::deleted_at.is_null());
    let locked: Option<Uuid> = living.select(tenants::id).for_no_key_update().first(&mut **tx).optional()?;
    locked.map(drop).ok_or_else(|| AppError::Conflict("The tenant is deleted. Restore it first.".into()))
}

/// Makes an empty one.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, tenant_id: Uuid, new: &DepartmentFacts) -> Result<(), AppError> {
    lock(tx, tenant_id)?;
    fits(tx, tenant_id, new.parent_id, None)?;
    diesel::insert_into(departments::table)
        .values((
            departments::id.eq(id),
            departments::tenant_id.eq(tenant_id),
            departments::parent_id.eq(new.parent_id),
            departments::name.eq(&new.name),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Renames or moves it, unless somebody else changed it since.
pub fn update(tx: &mut Tx<'_, Manage>, department: &Department, patch: &DepartmentPatch) -> Result<(), AppError> {
    lock(tx, department.tenant_id)?;
    fits(tx, department.tenant_id, patch.facts.parent_id, Some(department.id))?;
    let same = departments::table
        .find(department.id)
        .filter(departments::version.eq(patch.version).and(departments::deleted_at.is_null()));
    let updated = diesel::update(same)
        .set((departments::name.eq(&patch.facts.name), departments::parent_id.eq(patch.facts.parent_id)))
        .execute(&mut **tx)?;
    match updated {
        0 => Err(AppError::Stale),
        _ => Ok(()),
    }
}

/// A department goes below a living one of the same tenant that is not below itself.
fn fits(
    tx: &mut Tx<'_, Manage>,
    tenant_id: Uuid,
    parent_id: Option<Uuid>,
    moved: Option<Uuid>,
) -> Result<(), AppError> {
    let all = load(tx, tenant_id)?;
    if moved.is_none() && all.len() as i64 >= MOST {
        return Err(AppError::Refused(
            "name",
            format!("would be one too many: a tenant has {MOST} departments at most"),
        ));
    }
    let parents: HashMap<Uuid, Option<Uuid>> = all.iter().map(|one| (one.id, one.parent_id)).collect();
    let (mut above, mut seen) = (parent_id, HashSet::new());
    while let Some(id) = above {
        if Some(id) == moved || !seen.insert(id) {
            return Err(AppError::Refused("parent_id", "is below this department itself; choose another one".into()));
        }
        match parents.get(&id) {
            Some(next) => above = *next,
            None => return Err(AppError::Refused("parent_id", "must be one of the tenant's departments".into())),
        }
    }
    Ok(())
}

/// Deletes it, unless there are departments below; its members no longer have what it holds.
pub fn delete(tx: &mut Tx<'_, Manage>, department: &Department) -> Result<(), AppError> {
    lock(tx, department.tenant_id)?;
    let below =
        departments::table.filter(departments::parent_id.eq(department.id).and(departments::deleted_at.is_null()));
    if diesel::select(exists(below)).get_result(&mut **tx)? {
        let why = format!("{} has departments below it. Move or delete those first.", department.name);
        return Err(AppError::Conflict(why));
    }
    assignments::check_leaving(tx, Principal::Department(department.id))?;
    measured(tx, Touched::Department(department.id), |tx| {
        let living = departments::table.find(department.id).filter(departments::deleted_at.is_null());
        let actor = tx.actor_id();
        let deleted = diesel::update(living)
            .set((departments::deleted_at.eq(now), departments::deleted_by.eq(actor)))
            .execute(&mut **tx)?;
        fitting(deleted, "The department is deleted already.")?;
        founders::keep_one(tx)
    })
}

/// Brings it back where it was, with its members and what it holds.
pub fn restore(tx: &mut Tx<'_, Manage>, department: &Department) -> Result<(), AppError> {
    lock(tx, department.tenant_id)?;
    let above = department.parent_id.map(|id| find_living(tx, id)).transpose();
    if matches!(above, Err(AppError::NotFound)) {
        return Err(AppError::Conflict("The department above it is deleted. Restore that one first.".into()));
    }
    assignments::check_joining(tx, "the department", Principal::Department(department.id))?;
    measured(tx, Touched::Department(department.id), |tx| {
        let gone = departments::table.find(department.id).filter(departments::deleted_at.is_not_null());
        let restored = diesel::update(gone)
            .set((departments::deleted_at.eq(None::<Timestamp>), departments::deleted_by.eq(None::<Uuid>)))
            .execute(&mut **tx);
        match restored.map_err(AppError::from) {
            Err(AppError::Constraint(name)) if name == "departments_name_key" => Err(AppError::Conflict(format!(
                "Another department in the same place is called {} by now. Rename that one, then restore this one.",
                department.name
            ))),
            Err(error) => Err(error),
            Ok(restored) => fitting(restored, "Only a deleted department can be restored."),
        }
    })
}

/// Adds a person of the tenant, who gets what the department holds: nothing that whoever adds them lacks.
pub fn add(tx: &mut Tx<'_, Manage>, id: Uuid, department: &Department, new: &NewMember) -> Result<(), AppError> {
    lock(tx, department.tenant_id)?;
    find_living(tx, department.id)?;
    let user_id = assignments::person_by_email(tx, &new.email)?
        .ok_or_else(|| AppError::Refused("email", "belongs to nobody who is known here".into()))?;
    belongs(tx, department.tenant_id, user_id)?;
    assignments::check_joining(tx, "email", Principal::Department(department.id))?;
    measured(tx, Touched::Person(user_id), |tx| {
        diesel::insert_into(department_memberships::table)
            .values((
                department_memberships::id.eq(id),
                department_memberships::department_id.eq(department.id),
                department_memberships::tenant_id.eq(department.tenant_id),
                department_memberships::user_id.eq(user_id),
            ))
            .execute(&mut **tx)?;
        Ok(())
    })
}

/// Takes a person out.
pub fn remove(tx: &mut Tx<'_, Manage>, of: &MemberOf) -> Result<(), AppError> {
    assignments::check_leaving(tx, Principal::Department(of.department.id))?;
    measured(tx, Touched::Person(of.member.user_id), |tx| {
        let living =
            department_memberships::table.find(of.member.id).filter(department_memberships::deleted_at.is_null());
        let actor = tx.actor_id();
        let removed = diesel::update(living)
            .set((department_memberships::deleted_at.eq(now), department_memberships::deleted_by.eq(actor)))
            .execute(&mut **tx)?;
        fitting(removed, "The person does not belong to this department any more.")?;
        founders::keep_one(tx)
    })
}
