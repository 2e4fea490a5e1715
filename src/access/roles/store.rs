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
use super::model::{Cell, Column, Listed, PrivilegeRow, Role, RoleOf};
use crate::access::giving::{self, Place};
use crate::access::reach::{Touched, measured};
use crate::access::{Manage, founders};
use crate::audit::history;
use crate::db::keyset::{CappedCount, Slice};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::keyset;
use crate::web::list::List;

fn page(conn: &mut PgConnection, list: &List) -> Result<Slice<Role>, AppError> {
    let rows: Vec<Role> =
        keyset!(narrowed(list), &list.window, roles::name => String, roles::id).select(Role::as_select()).load(conn)?;
    Ok(list.window.slice(rows, |role| (role.name.clone(), role.id)))
}

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Listed>, AppError> {
    let slice = page(conn, list)?;
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

/// One page of the list as columns of the matrix.
pub fn columns(conn: &mut PgConnection, list: &List) -> Result<Slice<Column>, AppError> {
    let slice = page(conn, list)?;
    let ids: Vec<Uuid> = slice.rows.iter().map(|role| role.id).collect();
    let mut by_role: HashMap<Uuid, Vec<Cell>> = HashMap::new();
    for cell in cells(conn, &ids)? {
        by_role.entry(cell.role_id).or_default().push(cell);
    }
    let column = |role: Role| Column { cells: by_role.remove(&role.id).unwrap_or_default(), role };
    let rows = slice.rows.into_iter().map(column).collect();
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

#[derive(Queryable)]
struct Contained {
    role_id: Uuid,
    privilege: String,
    is_built_in: bool,
    copied_from: Option<Uuid>,
    given_by: Option<Uuid>,
    given_at: Timestamp,
    event_id: Option<Uuid>,
}

/// What some roles contain by privilege, and how it came there.
pub fn cells(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Cell>, AppError> {
    use role_privileges::dsl as p;
    let rows: Vec<Contained> = p::role_privileges
        .inner_join(roles::table.on(roles::id.eq(p::role_id)))
        .filter(p::role_id.eq_any(ids))
        .order((p::privilege_name, p::role_id))
        .select((
            p::role_id,
            p::privilege_name,
            roles::is_system,
            p::copied_from,
            p::created_by,
            p::created_at,
            p::event_id,
        ))
        .load(conn)?;
    let copied: Vec<Uuid> = rows.iter().filter_map(|row| row.copied_from).collect();
    let copied: Vec<(Uuid, String)> =
        roles::table.filter(roles::id.eq_any(copied)).select((roles::id, roles::name)).load(conn)?;
    let givers = history::names(conn, rows.iter().filter_map(|row| row.given_by))?;
    let cell = |row: Contained| Cell {
        role_id: row.role_id,
        privilege: row.privilege,
        is_built_in: row.is_built_in,
        copied_from: copied.iter().find(|(id, _)| Some(*id) == row.copied_from).cloned(),
        given_by: row.given_by,
        giver: row.given_by.and_then(|id| givers.get(&id).cloned()),
        given_at: row.given_at,
        event_id: row.event_id,
    };
    Ok(rows.into_iter().map(cell).collect())
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

/// Makes a role of privileges that its maker holds everywhere, for it can be given everywhere. What another role has,
/// too, of which it is a copy, came from there.
pub fn insert(
    tx: &mut Tx<'_, Manage>,
    id: Uuid,
    new: &RoleFacts,
    copied_from: Option<&RoleOf>,
) -> Result<(), AppError> {
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
    contain(tx, id, &new.privileges, copied_from)
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
        contain(tx, id, &added, None)
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

fn contain(tx: &mut Tx<'_, Manage>, id: Uuid, names: &[String], copied_from: Option<&RoleOf>) -> Result<(), AppError> {
    use role_privileges::dsl as p;
    let event_id = tx.event_id();
    let source = |name: &String| copied_from.filter(|of| of.privileges.contains(name)).map(|of| of.role.id);
    let row = |name| {
        (p::role_id.eq(id), p::privilege_name.eq(name), p::copied_from.eq(source(name)), p::event_id.eq(event_id))
    };
    let rows: Vec<_> = names.iter().map(row).collect();
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
