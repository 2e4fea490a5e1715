//! A department and its members as they are stored.

use castellan_schema::control::{department_memberships, departments, users};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// One department.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = departments, check_for_backend(Pg))]
pub struct Department {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub name: String,
    pub version: i32,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

impl Department {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/tenants/{}/departments/{}", self.tenant_id, self.id)
    }

    /// The tree it is in.
    pub fn list_url(&self) -> String {
        format!("/tenants/{}/departments", self.tenant_id)
    }

    /// Whether it was deleted, which can be undone.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}

/// A department where it stands in the tree.
#[derive(Debug, Clone)]
pub struct Branch {
    pub department: Department,
    /// How many departments it is below.
    pub depth: usize,
    pub members: i64,
}

impl Branch {
    /// The name behind as many dashes as there are departments above, for lists to choose from.
    pub fn label(&self) -> String {
        format!("{}{}", "– ".repeat(self.depth), self.department.name)
    }
}

/// Departments that come by name, each below its own, with everything below it.
pub fn tree(departments: Vec<Department>, members: impl Fn(Uuid) -> i64) -> Vec<Branch> {
    let mut tree = Vec::with_capacity(departments.len());
    let mut open: Vec<(usize, &Department)> =
        departments.iter().rev().filter(|one| one.parent_id.is_none()).map(|one| (0, one)).collect();
    while let Some((depth, department)) = open.pop() {
        tree.push(Branch { department: department.clone(), depth, members: members(department.id) });
        let below = departments.iter().rev().filter(|one| one.parent_id == Some(department.id));
        open.extend(below.map(|one| (depth + 1, one)));
    }
    tree
}

/// One membership with the person.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = department_memberships, check_for_backend(Pg))]
pub struct Member {
    pub id: Uuid,
    pub department_id: Uuid,
    pub tenant_id: Uuid,
    pub user_id: Uuid,
    pub created_at: Timestamp,
    #[diesel(select_expression = users::name)]
    pub name: String,
    #[diesel(select_expression = users::email)]
    pub email: String,
    #[diesel(select_expression = users::name_sort)]
    pub name_sort: String,
    #[diesel(select_expression = users::status)]
    pub status: String,
}

impl Member {
    /// Its address.
    pub fn url(&self) -> String {
        format!("/tenants/{}/departments/{}/members/{}", self.tenant_id, self.department_id, self.id)
    }
}

/// A membership and the department it is in.
#[derive(Debug, Clone)]
pub struct MemberOf {
    pub department: Department,
    pub member: Member,
}
