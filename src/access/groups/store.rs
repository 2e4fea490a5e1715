//! Every statement on groups and their members.

use std::collections::HashMap;

use castellan_schema::control::{group_memberships, groups, tenants, users, workspace_members};
use diesel::dsl::{count_star, exists, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{GroupPatch, NewGroup, NewMember};
use super::model::{Group, Listed, Member, MemberOf};
use crate::access::assignments::model::Principal;
use crate::access::assignments::store as assignments;
use crate::access::reach::{Touched, measured};
use crate::access::{Manage, founders};
use crate::db::functions::text;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::keyset;
use crate::web::list::List;

#[diesel::dsl::auto_type]
fn joined() -> _ {
    groups::table.left_join(tenants::table)
}

type Boxed = diesel::helper_types::IntoBoxed<'static, joined, Pg>;

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Listed>, AppError> {
    let (query, window) = (narrowed(list), &list.window);
    let (rows, key): (Vec<Group>, fn(&Group) -> String) = match window.sort {
        "created_at" => (
            keyset!(query, window, groups::created_at => Timestamp, groups::id)
                .select(Group::as_select())
                .load(conn)?,
            |group| group.created_at.to_key(),
        ),
        _ => (
            keyset!(query, window, groups::name_sort => String, groups::id).select(Group::as_select()).load(conn)?,
            |group| group.name_sort.clone(),
        ),
    };
    let slice = window.slice(rows, |group| (key(group), group.id));
    let ids: Vec<Uuid> = slice.rows.iter().map(|group| group.id).collect();
    let members: HashMap<Uuid, i64> = group_memberships::table
        .filter(group_memberships::group_id.eq_any(ids).and(group_memberships::deleted_at.is_null()))
        .group_by(group_memberships::group_id)
        .select((group_memberships::group_id, count_star()))
        .load(conn)?
        .into_iter()
        .collect();
    let listed = |group: Group| Listed { members: members.get(&group.id).copied().unwrap_or(0), group };
    let rows = slice.rows.into_iter().map(listed).collect();
    Ok(Slice { rows, previous: slice.previous, next: slice.next })
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(list).select(groups::id)).get_result(conn)?)
}

fn narrowed(list: &List) -> Boxed {
    let mut query = joined().into_boxed();
    query = match list.values("deleted").is_empty() {
        true => query.filter(groups::deleted_at.is_null()),
        false => query.filter(groups::deleted_at.is_not_null()),
    };
    if let Some(pattern) = list.pattern() {
        query = query.filter(groups::name.ilike(pattern));
    }
    let tenants = list.ids("tenant");
    if !tenants.is_empty() {
        query = query.filter(groups::tenant_id.eq_any(tenants));
    }
    match list.values("kind").as_slice() {
        [kind] if kind == "platform" => query.filter(groups::tenant_id.is_null()),
        [_] => query.filter(groups::tenant_id.is_not_null()),
        _ => query,
    }
}

/// The group, deleted or not.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Group, AppError> {
    Ok(joined().filter(groups::id.eq(id)).select(Group::as_select()).first(conn)?)
}

/// The group, unless it was deleted.
pub fn find_living(conn: &mut PgConnection, id: Uuid) -> Result<Group, AppError> {
    let living = joined().filter(groups::id.eq(id).and(groups::deleted_at.is_null()));
    Ok(living.select(Group::as_select()).first(conn)?)
}

/// One page of a group's members, those whose time is over too.
pub fn members(conn: &mut PgConnection, group_id: Uuid, list: &List) -> Result<Slice<Member>, AppError> {
    let rows: Vec<Member> = keyset!(
        belonging(group_id, list),
        &list.window,
        group_memberships::created_at => Timestamp,
        group_memberships::id
    )
    .select(Member::as_select())
    .load(conn)?;
    Ok(list.window.slice(rows, |member| (member.created_at.to_key(), member.id)))
}

/// How many members the list has in all, counted to ten thousand.
pub fn count_members(conn: &mut PgConnection, group_id: Uuid, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(belonging(group_id, list).select(group_memberships::id)).get_result(conn)?)
}

#[diesel::dsl::auto_type]
fn with_people() -> _ {
    group_memberships::table.inner_join(users::table)
}

fn belonging(group_id: Uuid, list: &List) -> diesel::helper_types::IntoBoxed<'static, with_people, Pg> {
    let query = with_people()
        .into_boxed()
        .filter(group_memberships::group_id.eq(group_id).and(group_memberships::deleted_at.is_null()));
    match list.pattern() {
        None => query,
        Some(pattern) => query.filter(users::name.ilike(pattern.clone()).or(text(users::email).ilike(pattern))),
    }
}

/// A living membership with its group.
pub fn find_member(conn: &mut PgConnection, id: Uuid) -> Result<MemberOf, AppError> {
    let member: Member = with_people()
        .filter(group_memberships::id.eq(id).and(group_memberships::deleted_at.is_null()))
        .select(Member::as_select())
        .first(conn)?;
    Ok(MemberOf { group: find(conn, member.group_id)?, member })
}

/// Makes an empty group.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, new: &NewGroup) -> Result<(), AppError> {
    let tenant_id = match new.tenant.as_str() {
        "" => None,
        named => Some(
            assignments::tenant_by_text(tx, named)?
                .ok_or_else(|| AppError::Refused("tenant_id", "is not the slug or id of a tenant".into()))?,
        ),
    };
    diesel::insert_into(groups::table)
        .values((
            groups::id.eq(id),
            groups::tenant_id.eq(tenant_id),
            groups::name.eq(&new.name),
            groups::description.eq(&new.description),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes edited facts, unless somebody else did so since.
pub fn update(tx: &mut Tx<'_, Manage>, id: Uuid, patch: &GroupPatch) -> Result<(), AppError> {
    let same = groups::table.find(id).filter(groups::version.eq(patch.version).and(groups::deleted_at.is_null()));
    let updated = diesel::update(same)
        .set((groups::name.eq(&patch.name), groups::description.eq(&patch.description)))
        .execute(&mut **tx)?;
    match updated {
        0 => Err(AppError::Stale),
        _ => Ok(()),
    }
}

/// Deletes it; its members no longer have what it holds.
pub fn delete(tx: &mut Tx<'_, Manage>, group: &Group) -> Result<(), AppError> {
    assignments::check_leaving(tx, Principal::Group(group.id))?;
    measured(tx, Touched::Group(group.id), |tx| {
        let living = groups::table.find(group.id).filter(groups::deleted_at.is_null());
        let actor = tx.actor_id();
        let deleted = diesel::update(living)
            .set((groups::deleted_at.eq(now), groups::deleted_by.eq(actor)))
            .execute(&mut **tx)?;
        fitting(deleted, "The group is deleted already.")?;
        founders::keep_one(tx)
    })
}

/// Brings it back with its members and what it holds.
pub fn restore(tx: &mut Tx<'_, Manage>, group: &Group) -> Result<(), AppError> {
    assignments::check_joining(tx, "the group", Principal::Group(group.id))?;
    measured(tx, Touched::Group(group.id), |tx| {
        let gone = groups::table.find(group.id).filter(groups::deleted_at.is_not_null());
        let restored = diesel::update(gone)
            .set((groups::deleted_at.eq(None::<Timestamp>), groups::deleted_by.eq(None::<Uuid>)))
            .execute(&mut **tx);
        match restored.map_err(AppError::from) {
            Err(AppError::Constraint(name)) if name == "groups_name_key" => Err(AppError::Conflict(format!(
                "Another group is called {} by now. Rename that one, then restore this one.",
                group.name
            ))),
            Err(error) => Err(error),
            Ok(restored) => fitting(restored, "Only a deleted group can be restored."),
        }
    })
}

/// Adds a person, who gets what the group holds: nothing that whoever adds them lacks.
pub fn add(tx: &mut Tx<'_, Manage>, id: Uuid, group: &Group, new: &NewMember) -> Result<(), AppError> {
    lock(tx, group.id)?;
    let user_id = assignments::person_by_email(tx, &new.email)?
        .ok_or_else(|| AppError::Refused("email", "belongs to nobody who is known here".into()))?;
    if let Some(tenant_id) = group.tenant_id {
        belongs(tx, tenant_id, user_id)?;
    }
    assignments::check_joining(tx, "email", Principal::Group(group.id))?;
    measured(tx, Touched::Person(user_id), |tx| {
        end_expired(tx, group.id, user_id)?;
        diesel::insert_into(group_memberships::table)
            .values((
                group_memberships::id.eq(id),
                group_memberships::group_id.eq(group.id),
                group_memberships::user_id.eq(user_id),
                group_memberships::expires_at.eq(new.expires_at),
            ))
            .execute(&mut **tx)?;
        Ok(())
    })
}

/// Those who give the group a role and those who add people to it wait for each other: neither would know what the
/// other gives.
fn lock(tx: &mut Tx<'_, Manage>, id: Uuid) -> Result<(), AppError> {
    let living = groups::table.find(id).filter(groups::deleted_at.is_null());
    let locked: Option<Uuid> = living.select(groups::id).for_no_key_update().first(&mut **tx).optional()?;
    locked.map(drop).ok_or_else(|| AppError::Conflict("The group is deleted. Restore it first.".into()))
}

/// A membership whose time is over stands in the way of another.
fn end_expired(tx: &mut Tx<'_, Manage>, group_id: Uuid, user_id: Uuid) -> Result<(), AppError> {
    let actor = tx.actor_id();
    let over = group_memberships::table
        .filter(group_memberships::group_id.eq(group_id).and(group_memberships::user_id.eq(user_id)))
        .filter(group_memberships::deleted_at.is_null().and(group_memberships::expires_at.le(now)));
    diesel::update(over)
        .set((group_memberships::deleted_at.eq(now), group_memberships::deleted_by.eq(actor)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Whoever is to join something of a tenant belongs to it.
pub fn belongs(tx: &mut Tx<'_, Manage>, tenant_id: Uuid, user_id: Uuid) -> Result<(), AppError> {
    let member = workspace_members::table
        .filter(workspace_members::tenant_id.eq(tenant_id).and(workspace_members::user_id.eq(user_id)))
        .filter(workspace_members::deleted_at.is_null());
    match diesel::select(exists(member)).get_result(&mut **tx)? {
        true => Ok(()),
        false => Err(AppError::Refused("email", "does not belong to this tenant; add the person there first".into())),
    }
}

/// Takes a person out.
pub fn remove(tx: &mut Tx<'_, Manage>, of: &MemberOf) -> Result<(), AppError> {
    assignments::check_leaving(tx, Principal::Group(of.group.id))?;
    measured(tx, Touched::Person(of.member.user_id), |tx| {
        let living = group_memberships::table.find(of.member.id).filter(group_memberships::deleted_at.is_null());
        let actor = tx.actor_id();
        let removed = diesel::update(living)
            .set((group_memberships::deleted_at.eq(now), group_memberships::deleted_by.eq(actor)))
            .execute(&mut **tx)?;
        fitting(removed, "The person does not belong to this group any more.")?;
        founders::keep_one(tx)
    })
}
