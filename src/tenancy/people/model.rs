//! A person in a workspace.

use castellan_schema::control::{users, workspace_members, workspaces};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::tenancy::tenants::model::Tenant;

/// What a person can be in a workspace, from most to least.
pub const ROLES: [&str; 4] = ["owner", "admin", "member", "viewer"];

/// One membership with the person and the workspace it joins.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = workspace_members, check_for_backend(Pg))]
pub struct Member {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub workspace_id: Uuid,
    pub user_id: Uuid,
    pub role: String,
    pub version: i32,
    pub created_at: Timestamp,
    #[diesel(select_expression = workspaces::name)]
    pub workspace: String,
    #[diesel(select_expression = users::email)]
    pub email: String,
    #[diesel(select_expression = users::name)]
    pub name: String,
    #[diesel(select_expression = users::is_staff)]
    pub is_staff: bool,
    #[diesel(select_expression = users::name_sort)]
    pub name_sort: String,
    #[diesel(select_expression = users::status)]
    pub user_status: String,
    #[diesel(select_expression = users::last_login_at)]
    pub last_login_at: Option<Timestamp>,
}

impl Member {
    /// Its address.
    pub fn url(&self) -> String {
        format!("/tenants/{}/people/{}", self.tenant_id, self.id)
    }

    /// The colour of the person's state.
    pub fn tone(&self) -> &'static str {
        match self.user_status.as_str() {
            "active" => "ok",
            "pending" => "info",
            "locked" => "warn",
            _ => "bad",
        }
    }
}

/// A membership and the tenant it is in, for pages and actions of their own.
#[derive(Debug, Clone)]
pub struct MemberOf {
    pub tenant: Tenant,
    pub member: Member,
}

/// Somebody who may speak for a tenant.
#[derive(Debug, Clone, Queryable)]
pub struct Owner {
    pub name: String,
    pub email: String,
}
