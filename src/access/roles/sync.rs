//! The system roles, and keeping the tables in step with what the code declares.

use std::collections::BTreeSet;

use castellan_schema::control::{privileges, role_privileges, roles};
use diesel::prelude::*;
use uuid::Uuid;

use crate::access::Manage;
use crate::action::Action;
use crate::actor::{Can, PrivilegeInfo};
use crate::db::{Db, Tx};
use crate::error::AppError;

/// A role that comes with the console.
pub struct SystemRole {
    pub name: &'static str,
    pub description: &'static str,
    /// Whether it contains a privilege.
    contains: fn(&str) -> bool,
}

const SUPPORT: [&str; 11] = [
    "overview.view",
    "tenants.view",
    "clients.view",
    "clients.manage",
    "clients.deploy",
    "jobs.view",
    "audit.view_history",
    "tenants.suspend",
    "search.use",
    "people.impersonate",
    "impersonations.view",
];

/// The roles to begin with; founders make more.
pub const SYSTEM: [SystemRole; 4] = [
    SystemRole { name: "founder", description: "May do everything.", contains: |_| true },
    SystemRole {
        name: "admin",
        description: "Runs the platform; does not decide who else may.",
        contains: |privilege| !["access.manage", "reviews.decide", "audit.undo"].contains(&privilege),
    },
    SystemRole {
        name: "support",
        description: "Helps customers; takes no lists out and does not read the audit log.",
        contains: |privilege| SUPPORT.contains(&privilege),
    },
    SystemRole {
        name: "auditor",
        description: "Sees everything and changes nothing.",
        contains: |privilege| {
            privilege.ends_with(".view")
                || privilege.ends_with(".export")
                || ["audit.view_history", "audit.verify", "search.use"].contains(&privilege)
        },
    },
];

type Pair = (String, String);
/// A privilege as stored: its name, its sentence, what it opens while impersonating, whether reads are logged, whether it
/// asks for elevation, whether it can be handed on.
type Known = (String, String, String, bool, bool, bool);

/// Writes declared privileges and system roles where they differ; at most starts nothing differs and nothing is
/// written.
pub async fn sync(db: &Db, can: &Can<Manage>, declared: Vec<PrivilegeInfo>) -> Result<(), AppError> {
    let wanted = wanted(&declared);
    let (known, held) = db.read(can, |conn| Ok((known(conn)?, held(conn)?))).await?;
    let said: BTreeSet<Known> = declared.iter().map(spelled).collect();
    if known == said && held == wanted {
        return Ok(());
    }
    let action = Action::general("access.sync_privileges", "role");
    db.write(can, action, move |tx| write(tx, &declared, &wanted)).await
}

fn wanted(declared: &[PrivilegeInfo]) -> BTreeSet<Pair> {
    let pairs = SYSTEM.iter().flat_map(|role| {
        declared
            .iter()
            .filter(|info| (role.contains)(info.name))
            .map(|info| (role.name.to_owned(), info.name.to_owned()))
    });
    pairs.collect()
}

fn spelled(info: &PrivilegeInfo) -> Known {
    (
        info.name.to_owned(),
        info.description.to_owned(),
        info.while_impersonating.as_str().to_owned(),
        info.log_reads,
        info.is_dangerous,
        info.is_delegable,
    )
}

fn known(conn: &mut PgConnection) -> Result<BTreeSet<Known>, AppError> {
    let columns = (
        privileges::name,
        privileges::description,
        privileges::while_impersonating,
        privileges::log_reads,
        privileges::is_dangerous,
        privileges::is_delegable,
    );
    let known: Vec<Known> = privileges::table.select(columns).load(conn)?;
    Ok(known.into_iter().collect())
}

fn held(conn: &mut PgConnection) -> Result<BTreeSet<Pair>, AppError> {
    let pairs: Vec<Pair> = role_privileges::table
        .inner_join(roles::table.on(roles::id.eq(role_privileges::role_id)))
        .filter(roles::is_system.eq(true).and(roles::deleted_at.is_null()))
        .select((roles::name, role_privileges::privilege_name))
        .load(conn)?;
    Ok(pairs.into_iter().collect())
}

fn write(tx: &mut Tx<'_, Manage>, declared: &[PrivilegeInfo], wanted: &BTreeSet<Pair>) -> Result<(), AppError> {
    for info in declared {
        diesel::insert_into(privileges::table)
            .values((
                privileges::name.eq(info.name),
                privileges::description.eq(info.description),
                privileges::log_reads.eq(info.log_reads),
                privileges::is_delegable.eq(info.is_delegable),
                privileges::is_dangerous.eq(info.is_dangerous),
                privileges::while_impersonating.eq(info.while_impersonating.as_str()),
            ))
            .on_conflict(privileges::name)
            .do_update()
            .set((
                privileges::description.eq(info.description),
                privileges::log_reads.eq(info.log_reads),
                privileges::is_delegable.eq(info.is_delegable),
                privileges::is_dangerous.eq(info.is_dangerous),
                privileges::while_impersonating.eq(info.while_impersonating.as_str()),
            ))
            .execute(&mut **tx)?;
    }
    for role in &SYSTEM {
        let id = ensure(tx, role)?;
        let names: Vec<&String> = wanted.iter().filter(|(of, _)| of == role.name).map(|(_, name)| name).collect();
        let held = role_privileges::table.filter(role_privileges::role_id.eq(id));
        diesel::delete(held.filter(role_privileges::privilege_name.ne_all(names.clone()))).execute(&mut **tx)?;
        let pairs: Vec<_> = names
            .into_iter()
            .map(|name| (role_privileges::role_id.eq(id), role_privileges::privilege_name.eq(name)))
            .collect();
        diesel::insert_into(role_privileges::table).values(pairs).on_conflict_do_nothing().execute(&mut **tx)?;
    }
    let gone = privileges::name.ne_all(declared.iter().map(|info| info.name).collect::<Vec<_>>());
    diesel::delete(
        role_privileges::table
            .filter(role_privileges::privilege_name.ne_all(declared.iter().map(|info| info.name).collect::<Vec<_>>())),
    )
    .execute(&mut **tx)?;
    diesel::delete(privileges::table.filter(gone)).execute(&mut **tx)?;
    Ok(())
}

fn ensure(tx: &mut Tx<'_, Manage>, role: &SystemRole) -> Result<Uuid, AppError> {
    let living = roles::table.filter(roles::name.eq(role.name).and(roles::deleted_at.is_null()));
    let known: Option<Uuid> = living.select(roles::id).first(&mut **tx).optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    let id = Uuid::now_v7();
    diesel::insert_into(roles::table)
        .values((
            roles::id.eq(id),
            roles::name.eq(role.name),
            roles::description.eq(role.description),
            roles::is_system.eq(true),
        ))
        .execute(&mut **tx)?;
    Ok(id)
}
