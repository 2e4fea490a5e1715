//! Every statement on roles and what they contain.

use std::collections::HashMap;

use castellan_schema::control::{privileges, role_privileges, roles};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{RoleFacts, RolePatch};
use super::model::{Listed, PrivilegeRow, Role, RoleOf};
use crate::access::giving::{self, Place};
use crate::access::reach::{Touched, measured};
use crate::access::{Manage, founders};
use crate::db::keyset::{CappedCount, Slice};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::keyset;
use crate::web::list::List;

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Listed>, AppError> {
    let rows: Vec<Role> =
        keyset!(narrowed(list), &list.window, roles::name => String, roles::id).select(Role::as_select()).load(conn)?;
    let slice = list.window.slice(rows, |role| (role.name.clone(), role.id));
    let ids: Vec<Uuid> = slice.rows.iter().map(|role| role.id).collect();
    let contained: HashMap<Uuid, i64> = role_privileges::table
        .filter(role_privileges::role_id.eq_any(&ids))
        .group_by(role_privileges::role_id)
        .select((role_privileges::role_id, diesel::dsl::count_star()))
        .load(conn)?
        .into_iter()
        .collect();
    let holding = holding(conn, &ids)?;
    let listed = |role: Role| Listed {
        privileges: contained.get(&role.id).copied().unwrap_or(0),
        people: holding.get(&role.id).copied().unwrap_or(0),
        role,
    };
    let rows = slice.rows.into_iter().map(listed).collect();
    Ok(Slice { rows, previous: slice.previous, next: slice.next })
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(list).select(roles::id)).get_result(conn)?)
}

fn narrowed(list: &List) -> roles::BoxedQuery<'static, Pg> {
    let mut query = roles::table.into_boxed();
    query = match list.values("deleted").is_empty() {
        true => query.filter(roles::deleted_at.is_null()),
        false => query.filter(roles::deleted_at.is_not_null()),
    };
    if let Some(pattern) = list.pattern() {
        query = query.filter(roles::name.ilike(pattern));
    }
    match list.values("kind").as_slice() {
        [kind] => query.filter(roles::is_system.eq(kind == "system")),
        _ => query,
    }
}

#[derive(QueryableByName)]
struct Holding {
    #[diesel(sql_type = SqlUuid)]
    role_id: Uuid,
    #[diesel(sql_type = BigInt)]
    people: i64,
}

/// How many people hold each role, through whatever and wherever.
fn holding(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, AppError> {
    let rows: Vec<Holding> = diesel::sql_query(
        "select role_id, count(distinct user_id) as people from control.held_assignments \
         where role_id = any ($1) group by role_id",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.role_id, row.people)).collect())
}

/// How many people hold the role.
pub fn holders(conn: &mut PgConnection, id: Uuid) -> Result<i64, AppError> {
    Ok(holding(conn, &[id])?.get(&id).copied().unwrap_or(0))
}

/// The role, deleted or not, with what it contains.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<RoleOf, AppError> {
    let role = roles::table.find(id).select(Role::as_select()).first(conn)?;
    Ok(RoleOf { role, privileges: privileges_of(conn, id)? })
}

/// A role that may be changed: not deleted, and none of the console's own.
pub fn find_changeable(conn: &mut PgConnection, id: Uuid) -> Result<RoleOf, AppError> {
    let of = find(conn, id)?;
    if of.role.is_deleted() {
        return Err(AppError::NotFound);
    }
    changeable(&of.role)?;
    Ok(of)
}

fn changeable(role: &Role) -> Result<(), AppError> {
    match role.is_system {
        false => Ok(()),
        true => Err(AppError::Conflict(format!(
            "{} comes with the console, which keeps it up to date. Copy it and change the copy.",
            role.name
        ))),
    }
}

/// What a role contains.
pub fn privileges_of(conn: &mut PgConnection, id: Uuid) -> Result<Vec<String>, AppError> {
    Ok(role_privileges::table
        .filter(role_privileges::role_id.eq(id))
        .order(role_privileges::privilege_name)
        .select(role_privileges::privilege_name)
        .load(conn)?)
}

/// Everything that a role can contain.
pub fn all_privileges(conn: &mut PgConnection) -> Result<Vec<PrivilegeRow>, AppError> {
    Ok(privileges::table.order(privileges::name).select(PrivilegeRow::as_select()).load(conn)?)
}

/// Living roles by name, to choose from.
pub fn names(conn: &mut PgConnection) -> Result<Vec<(Uuid, String)>, AppError> {
    let living = roles::table.filter(roles::deleted_at.is_null());
    Ok(living.order((roles::name, roles::id)).select((roles::id, roles::name)).load(conn)?)
}

/// Makes a role of privileges that its maker holds everywhere, for it can be given everywhere.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, new: &RoleFacts) -> Result<(), AppError> {
    known(tx, &new.privileges)?;
    giving::check(tx, "privilege_name", &new.privileges, Place::default())?;
    diesel::insert_into(roles::table)
        .values((
            roles::id.eq(id),
            roles::name.eq(&new.name),
            roles::description.eq(&new.description),
            roles::mfa_required.eq(new.mfa_required),
            roles::asks_read_reason.eq(new.asks_read_reason),
        ))
        .execute(&mut **tx)?;
    contain(tx, id, &new.privileges)
}

/// Writes an edited role, unless somebody else changed it since. What it contained before may stay; what is added
/// must be held by whoever adds it.
pub fn update(tx: &mut Tx<'_, Manage>, of: &RoleOf, patch: &RolePatch) -> Result<(), AppError> {
    changeable(&of.role)?;
    let (id, wanted) = (of.role.id, &patch.facts.privileges);
    measured(tx, Touched::Role(id), |tx| {
        let same = roles::table.find(id).filter(roles::version.eq(patch.version).and(roles::deleted_at.is_null()));
        let updated = diesel::update(same)
            .set((
                roles::name.eq(&patch.facts.name),
                roles::description.eq(&patch.facts.description),
                roles::mfa_required.eq(patch.facts.mfa_required),
                roles::asks_read_reason.eq(patch.facts.asks_read_reason),
            ))
            .execute(&mut **tx)?;
        if updated == 0 {
            return Err(AppError::Stale);
        }
        // Under the row's lock; what was read before it may have changed.
        let held = privileges_of(tx, id)?;
        let added: Vec<String> = wanted.iter().filter(|name| !held.contains(name)).cloned().collect();
        known(tx, &added)?;
        giving::check(tx, "privilege_name", &added, Place::default())?;
        let gone = role_privileges::table.filter(role_privileges::role_id.eq(id));
        diesel::delete(gone.filter(role_privileges::privilege_name.ne_all(wanted))).execute(&mut **tx)?;
        contain(tx, id, &added)
    })
}

fn known(tx: &mut Tx<'_, Manage>, wanted: &[String]) -> Result<(), AppError> {
    let all = all_privileges(tx)?;
    match wanted.iter().find(|name| all.iter().all(|known| known.name != **name)) {
        None => Ok(()),
        Some(name) => {
            let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
            Err(AppError::NotOffered("privilege_name", format!("“{name}” is no privilege; tick some of those shown")))
        }
    }
}

fn contain(tx: &mut Tx<'_, Manage>, id: Uuid, names: &[String]) -> Result<(), AppError> {
    let rows: Vec<_> =
        names.iter().map(|name| (role_privileges::role_id.eq(id), role_privileges::privilege_name.eq(name))).collect();
    diesel::insert_into(role_privileges::table).values(rows).execute(&mut **tx)?;
    Ok(())
}

/// Deletes it; nobody who holds it has its privileges any more.
pub fn delete(tx: &mut Tx<'_, Manage>, role: &Role) -> Result<(), AppError> {
    changeable(role)?;
    measured(tx, Touched::Role(role.id), |tx| {
        let living = roles::table.find(role.id).filter(roles::deleted_at.is_null());
        let actor = tx.actor_id();
        let deleted =
            diesel::update(living).set((roles::deleted_at.eq(now), roles::deleted_by.eq(actor))).execute(&mut **tx)?;
        fitting(deleted, "The role is deleted already.")?;
        founders::keep_one(tx)
    })
}

/// Brings a deleted role back to those who held it.
pub fn restore(tx: &mut Tx<'_, Manage>, of: &RoleOf) -> Result<(), AppError> {
    let role = &of.role;
    giving::check(tx, "the role", &of.privileges, Place::default())?;
    measured(tx, Touched::Role(role.id), |tx| {
        let gone = roles::table.find(role.id).filter(roles::deleted_at.is_not_null());
        let restored = diesel::update(gone)
            .set((roles::deleted_at.eq(None::<Timestamp>), roles::deleted_by.eq(None::<Uuid>)))
            .execute(&mut **tx);
        match restored.map_err(AppError::from) {
            Err(AppError::Constraint(name)) if name == "roles_name_key" => Err(AppError::Conflict(format!(
                "Another role is called {} by now. Rename that one, then restore this one.",
                role.name
            ))),
            Err(error) => Err(error),
            Ok(restored) => fitting(restored, "Only a deleted role can be restored."),
        }
    })
}
