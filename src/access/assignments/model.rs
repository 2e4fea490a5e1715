//! An assignment with the names of everything it joins.

use castellan_schema::control::{assignments, clients, departments, groups, roles, tenants, users};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::Timestamp as Moment;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::access::reach::Touched;

/// Who can hold a role.
pub const PRINCIPALS: [&str; 3] = ["user", "group", "department"];
/// How far a role can reach.
pub const SCOPES: [&str; 3] = ["platform", "tenant", "client"];
/// What can have become of an assignment.
pub const STATES: [&str; 3] = ["live", "expired", "revoked"];

/// One assignment.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = assignments, check_for_backend(Pg))]
pub struct Assignment {
    pub id: Uuid,
    pub role_id: Uuid,
    #[diesel(select_expression = roles::name)]
    pub role: String,
    pub user_id: Option<Uuid>,
    pub group_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    #[diesel(select_expression = users::name.nullable())]
    pub person: Option<String>,
    #[diesel(select_expression = users::email.nullable())]
    pub email: Option<String>,
    #[diesel(select_expression = groups::name.nullable())]
    pub group: Option<String>,
    #[diesel(select_expression = departments::name.nullable())]
    pub department: Option<String>,
    #[diesel(select_expression = departments::tenant_id.nullable())]
    pub department_tenant: Option<Uuid>,
    pub scope_kind: String,
    pub tenant_id: Option<Uuid>,
    #[diesel(select_expression = tenants::name.nullable())]
    pub tenant: Option<String>,
    pub client_id: Option<Uuid>,
    #[diesel(select_expression = clients::name.nullable())]
    pub client: Option<String>,
    pub reason: String,
    pub granted_by: Option<Uuid>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub version: i32,
    pub created_at: Timestamp,
}

impl Assignment {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/assignments/{}", self.id)
    }

    /// `user`, `group` or `department`.
    pub fn principal_kind(&self) -> &'static str {
        match (self.group_id, self.department_id) {
            (Some(_), _) => "group",
            (_, Some(_)) => "department",
            _ => "user",
        }
    }

    /// Who holds it. The person's row may be outside of the asker's scope while the assignment is not.
    pub fn principal(&self) -> &str {
        let name = self.person.as_ref().or(self.group.as_ref()).or(self.department.as_ref());
        name.map_or("somebody outside of what you may see", String::as_str)
    }

    /// The page of who holds it.
    pub fn principal_url(&self) -> Option<String> {
        match (self.user_id, self.group_id, self.department_id, self.department_tenant) {
            (Some(id), ..) => self.person.is_some().then(|| format!("/people/{id}/access")),
            (_, Some(id), ..) => Some(format!("/groups/{id}")),
            (_, _, Some(id), Some(tenant)) => Some(format!("/tenants/{tenant}/departments/{id}")),
            _ => None,
        }
    }

    /// Where it holds, in words.
    pub fn place(&self) -> String {
        place(&self.scope_kind, self.tenant.as_deref(), self.client.as_deref())
    }

    /// The page of the place.
    pub fn place_url(&self) -> Option<String> {
        match (self.tenant_id, self.client_id) {
            (_, Some(id)) => Some(format!("/clients/{id}")),
            (Some(id), None) => Some(format!("/tenants/{id}")),
            _ => None,
        }
    }

    /// Whose rights hang on it.
    pub fn touched(&self) -> Touched {
        self.holder().touched()
    }

    /// `live`, `expired` or `revoked`.
    pub fn state(&self) -> &'static str {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => "revoked",
            (_, Some(at)) if at.to_jiff() <= Moment::now() => "expired",
            _ => "live",
        }
    }

    /// Who holds it, as forms name them.
    pub fn holder(&self) -> Principal {
        match (self.user_id, self.group_id, self.department_id) {
            (_, Some(id), _) => Principal::Group(id),
            (_, _, Some(id)) => Principal::Department(id),
            (id, ..) => Principal::Person(id.unwrap_or_default()),
        }
    }

    /// The day it ends, as a form has it; empty for no end.
    pub fn last_day(&self) -> String {
        let day = |at: Timestamp| at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        self.expires_at.map(day).unwrap_or_default()
    }

    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.state() {
            "live" => "ok",
            "expired" => "warn",
            _ => "",
        }
    }

    /// Whether it can be revoked.
    pub fn is_revocable(&self) -> bool {
        self.revoked_at.is_none()
    }
}

/// Where a role holds, in words: a scope with the names of its tenant and client, as far as they may be seen.
pub fn place(scope_kind: &str, tenant: Option<&str>, client: Option<&str>) -> String {
    match (tenant, client) {
        (Some(tenant), Some(client)) => format!("{client} of {tenant}"),
        (Some(tenant), None) if scope_kind == "tenant" => tenant.to_owned(),
        _ if scope_kind == "platform" => "everywhere".to_owned(),
        _ => format!("one {scope_kind}"),
    }
}

/// Somebody or something that a role is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    Person(Uuid),
    Group(Uuid),
    Department(Uuid),
}

impl Principal {
    /// Whose rights change with what it holds.
    pub fn touched(self) -> Touched {
        match self {
            Principal::Person(id) => Touched::Person(id),
            Principal::Group(id) => Touched::Group(id),
            Principal::Department(id) => Touched::Department(id),
        }
    }
}
