//! A workspace as it is stored.

use castellan_schema::control::workspaces;
use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use crate::tenancy::tenants::model::Tenant;

/// One workspace.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = workspaces, check_for_backend(Pg))]
pub struct Workspace {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub name: String,
    pub status: String,
    pub version: i32,
}

impl Workspace {
    /// Its address.
    pub fn url(&self) -> String {
        format!("/tenants/{}/workspaces/{}", self.tenant_id, self.id)
    }

    /// The tenant's people who are in it.
    pub fn people_url(&self) -> String {
        format!("/tenants/{}/people?workspace={}", self.tenant_id, self.id)
    }

    /// Whether people can be added to it.
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}

/// A workspace and the tenant it is in.
#[derive(Debug, Clone)]
pub struct WorkspaceOf {
    pub tenant: Tenant,
    pub workspace: Workspace,
}
