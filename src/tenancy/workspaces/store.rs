//! Every statement on workspaces.

use castellan_schema::control::workspaces;
use diesel::prelude::*;
use uuid::Uuid;

use super::forms::{NewWorkspace, WorkspacePatch};
use super::model::{Workspace, WorkspaceOf};
use crate::db::Tx;
use crate::error::AppError;
use crate::tenancy::Manage;
use crate::tenancy::tenants::store as tenants;

/// More than this many are not listed.
const MOST: i64 = 200;

/// The workspaces of a tenant by name, active ones first.
pub fn of_tenant(conn: &mut PgConnection, tenant_id: Uuid) -> Result<Vec<Workspace>, AppError> {
    Ok(workspaces::table
        .filter(workspaces::tenant_id.eq(tenant_id).and(workspaces::deleted_at.is_null()))
        .order((workspaces::status, workspaces::name_sort, workspaces::id))
        .limit(MOST)
        .select(Workspace::as_select())
        .load(conn)?)
}

/// A workspace with its tenant.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<WorkspaceOf, AppError> {
    let workspace: Workspace = workspaces::table
        .find(id)
        .filter(workspaces::deleted_at.is_null())
        .select(Workspace::as_select())
        .first(conn)?;
    Ok(WorkspaceOf { tenant: tenants::find(conn, workspace.tenant_id)?, workspace })
}

/// Makes an empty one.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, tenant_id: Uuid, new: &NewWorkspace) -> Result<(), AppError> {
    tenants::lock(tx, tenant_id)?;
    diesel::insert_into(workspaces::table)
        .values((workspaces::id.eq(id), workspaces::tenant_id.eq(tenant_id), workspaces::name.eq(&new.name)))
        .execute(&mut **tx)?;
    Ok(())
}

/// Renames it, unless somebody else changed it since.
pub fn update(tx: &mut Tx<'_, Manage>, workspace: &Workspace, patch: &WorkspacePatch) -> Result<(), AppError> {
    tenants::lock(tx, workspace.tenant_id)?;
    let same = workspaces::table.find(workspace.id).filter(workspaces::version.eq(patch.version));
    let updated = diesel::update(same).set(workspaces::name.eq(&patch.name)).execute(&mut **tx)?;
    match updated {
        0 => Err(AppError::Stale),
        _ => Ok(()),
    }
}

/// Archives it, or opens it again.
pub fn set_status(tx: &mut Tx<'_, Manage>, workspace: &Workspace, status: &str) -> Result<(), AppError> {
    tenants::lock(tx, workspace.tenant_id)?;
    let other = workspaces::table.find(workspace.id).filter(workspaces::status.ne(status));
    let updated = diesel::update(other).set(workspaces::status.eq(status)).execute(&mut **tx)?;
    match updated {
        0 => Err(AppError::Conflict(format!("The workspace is {status} already."))),
        _ => Ok(()),
    }
}
