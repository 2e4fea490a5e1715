//! A group and its members as they are stored.

use castellan_schema::control::{group_memberships, groups, tenants, users};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::Timestamp as Moment;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// One group.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = groups, check_for_backend(Pg))]
pub struct Group {
    pub id: Uuid,
    pub tenant_id: Option<Uuid>,
    #[diesel(select_expression = tenants::name.nullable())]
    pub tenant: Option<String>,
    pub name: String,
    pub name_sort: String,
    pub description: String,
    pub version: i32,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

impl Group {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/groups/{}", self.id)
    }

    /// Whether it was deleted, which can be undone.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// Whether it may hold people of several tenants.
    pub fn is_cross_tenant(&self) -> bool {
        self.tenant_id.is_none()
    }
}

/// A group in the list, and how many belong to it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub group: Group,
    pub members: i64,
}

/// One membership with the person.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = group_memberships, check_for_backend(Pg))]
pub struct Member {
    pub id: Uuid,
    pub group_id: Uuid,
    pub user_id: Uuid,
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    #[diesel(select_expression = users::name)]
    pub name: String,
    #[diesel(select_expression = users::email)]
    pub email: String,
    #[diesel(select_expression = users::status)]
    pub status: String,
}

impl Member {
    /// Its address.
    pub fn url(&self) -> String {
        format!("/groups/{}/members/{}", self.group_id, self.id)
    }

    /// Whether it counts no longer.
    pub fn is_over(&self) -> bool {
        self.expires_at.is_some_and(|at| at.to_jiff() <= Moment::now())
    }
}

/// A membership and the group it is in.
#[derive(Debug, Clone)]
pub struct MemberOf {
    pub group: Group,
    pub member: Member,
}
