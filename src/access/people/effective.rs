//! What somebody may do, and by which way each right reaches them.

use std::collections::BTreeMap;

use castellan_schema::control::{assignments, clients, role_privileges, roles, tenants};
use diesel::dsl::now;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::audit::history;
use crate::error::AppError;

/// A role that somebody holds, where, and how they came to it.
#[derive(Debug, Clone)]
pub struct Path {
    pub role_id: Uuid,
    pub role: String,
    pub place: Place,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Address of whoever granted it; empty for the program's first start and the command line.
    pub granted_by: String,
    pub reason: String,
}

/// On what a role is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Platform,
    Tenant(Uuid, String),
    Client(Uuid, String),
}

impl Place {
    /// In words: `the platform`, `tenant northwind`.
    pub fn named(&self) -> String {
        match self {
            Place::Platform => "the platform".into(),
            Place::Tenant(_, slug) => format!("tenant {slug}"),
            Place::Client(_, name) => format!("client {name}"),
        }
    }

    /// Its page; the platform has none.
    pub fn url(&self) -> Option<String> {
        match self {
            Place::Platform => None,
            Place::Tenant(id, _) => Some(format!("/tenants/{id}")),
            Place::Client(id, _) => Some(format!("/clients/{id}")),
        }
    }
}

/// One right and every way by which it is held.
#[derive(Debug, Clone)]
pub struct Right {
    pub privilege: String,
    /// `founder on the platform`.
    pub through: Vec<String>,
}

/// Everything that somebody may do now.
#[derive(Debug, Clone)]
pub struct Effective {
    pub paths: Vec<Path>,
    pub rights: Vec<Right>,
}

type Row = (
    (Uuid, String, String, Timestamp, Option<Timestamp>, Option<Timestamp>, Option<Uuid>, Option<Uuid>, String),
    Option<(Uuid, String)>,
    Option<(Uuid, String)>,
);

/// What the assignments of a person that count now grant, as far as the asker may see them.
pub fn of(conn: &mut PgConnection, user_id: Uuid) -> Result<Effective, AppError> {
    let rows: Vec<Row> = assignments::table
        .inner_join(roles::table)
        .left_join(tenants::table)
        .left_join(clients::table.on(assignments::client_id.eq(clients::id.nullable())))
        .filter(assignments::user_id.eq(user_id).and(assignments::revoked_at.is_null()))
        .filter(assignments::expires_at.is_null().or(assignments::expires_at.gt(now)))
        .filter(roles::deleted_at.is_null())
        .order((assignments::created_at, assignments::id))
        .select((
            (
                roles::id,
                roles::name,
                assignments::scope_kind,
                assignments::created_at,
                assignments::expires_at,
                assignments::last_used_at,
                assignments::granted_by,
                assignments::created_by,
                assignments::reason,
            ),
            (tenants::id, tenants::slug).nullable(),
            (clients::id, clients::name).nullable(),
        ))
        .load(conn)?;
    let people = rows.iter().filter_map(|((.., granted, created, _), ..)| granted.or(*created));
    let names = history::names(conn, people)?;
    let path = |((role_id, role, scope, since, until, last_used_at, granted, created, reason), tenant, client): Row| {
        let place = match (scope.as_str(), tenant, client) {
            ("client", _, Some((id, name))) => Place::Client(id, name),
            ("tenant", Some((id, slug)), _) => Place::Tenant(id, slug),
            ("platform", ..) => Place::Platform,
            _ => return None,
        };
        let granted_by = granted.or(created).and_then(|id| names.get(&id).cloned()).unwrap_or_default();
        Some(Path { role_id, role, place, since, until, last_used_at, granted_by, reason })
    };
    let paths: Vec<Path> = rows.into_iter().filter_map(path).collect();
    Ok(Effective { rights: rights(conn, &paths)?, paths })
}

fn rights(conn: &mut PgConnection, paths: &[Path]) -> Result<Vec<Right>, AppError> {
    let role_ids: Vec<Uuid> = paths.iter().map(|path| path.role_id).collect();
    let contained: Vec<(Uuid, String)> = role_privileges::table
        .filter(role_privileges::role_id.eq_any(role_ids))
        .select((role_privileges::role_id, role_privileges::privilege_name))
        .load(conn)?;
    let mut through: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in paths {
        for (_, privilege) in contained.iter().filter(|(role_id, _)| *role_id == path.role_id) {
            let ways = through.entry(privilege.clone()).or_default();
            ways.push(format!("{} on {}", path.role, path.place.named()));
        }
    }
    Ok(through.into_iter().map(|(privilege, through)| Right { privilege, through }).collect())
}
