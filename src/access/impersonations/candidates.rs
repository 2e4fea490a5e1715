//! Who can be impersonated, and what would be open.

use castellan_schema::control::{tenants, workspace_members};
use diesel::prelude::*;
use uuid::Uuid;

use super::model::{Candidate, Reached, Refused};
use crate::access::people::model::Person;
use crate::access::people::store as people;
use crate::db::functions::impersonated_grants;
use crate::error::AppError;

/// Tenants of one person that are offered; nobody belongs to more and is asked about.
const TENANTS_OFFERED: i64 = 50;

/// The person with their tenants and what would be open there, or why they are not impersonated.
pub fn candidate(conn: &mut PgConnection, id: Uuid, asker: Option<Uuid>) -> Result<Candidate, AppError> {
    let person = people::find(conn, id)?;
    let rows: Vec<(Uuid, String, String)> = workspace_members::table
        .inner_join(tenants::table.on(tenants::id.eq(workspace_members::tenant_id)))
        .filter(workspace_members::user_id.eq(id).and(workspace_members::deleted_at.is_null()))
        .filter(tenants::deleted_at.is_null())
        .order((tenants::name, tenants::id, workspace_members::role))
        .select((tenants::id, tenants::name, workspace_members::role))
        .distinct()
        .limit(TENANTS_OFFERED)
        .load(conn)?;
    let mut tenants: Vec<(Uuid, String, Vec<String>)> = Vec::new();
    for (id, name, role) in rows {
        match tenants.last_mut() {
            Some(last) if last.0 == id => last.2.push(role),
            _ => tenants.push((id, name, vec![role])),
        }
    }
    let refusal = refused(conn, &person, asker, tenants.is_empty())?;
    let tenants = tenants.into_iter().map(|(tenant, name, roles)| reached(conn, id, tenant, name, &roles));
    Ok(Candidate { tenants: tenants.collect::<Result<_, _>>()?, person, refusal })
}

fn refused(
    conn: &mut PgConnection,
    person: &Person,
    asker: Option<Uuid>,
    has_no_tenant: bool,
) -> Result<Option<Refused>, AppError> {
    let refuse = |is_abuse: bool, why: String| Ok(Some(Refused { why, is_abuse }));
    if asker == Some(person.id) {
        return refuse(true, "Nobody impersonates themselves.".into());
    }
    if person.is_staff {
        return refuse(true, format!("{} belongs to the staff. Nobody impersonates staff.", person.name));
    }
    if person.kind != "human" {
        return refuse(true, format!("{} is a service and no person.", person.name));
    }
    if people::holds_on_platform(conn, person.id)? {
        return refuse(true, format!("{} holds a role everywhere. Nobody impersonates such people.", person.name));
    }
    if person.status != "active" {
        return refuse(false, format!("{} is {}. Only active people can be impersonated.", person.name, person.status));
    }
    if has_no_tenant {
        return refuse(false, format!("{} belongs to no tenant, so there is nothing to see.", person.name));
    }
    Ok(None)
}

fn reached(
    conn: &mut PgConnection,
    person: Uuid,
    tenant: Uuid,
    name: String,
    roles: &[String],
) -> Result<Reached, AppError> {
    let runs_it = roles.iter().any(|role| role == "owner" || role == "admin");
    let mut opened = |mode: &str| -> Result<Vec<String>, AppError> {
        let spelled: serde_json::Value =
            diesel::select(impersonated_grants(person, tenant, mode, runs_it)).get_result(conn)?;
        let spelled: Vec<String> = serde_json::from_value(spelled).unwrap_or_default();
        let mut names: Vec<String> =
            spelled.iter().map(|grant| grant.split('@').next().unwrap_or_default().to_owned()).collect();
        names.dedup();
        Ok(names)
    };
    let looking = opened("read_only")?;
    let acting = opened("acting")?.into_iter().filter(|name| !looking.contains(name)).collect();
    Ok(Reached { id: tenant, name, roles: roles.join(", "), looking, acting })
}
