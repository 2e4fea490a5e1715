//! What the forms about roles take.

use uuid::Uuid;

use super::model::RoleOf;
use crate::web::form::{Check, ConstraintField, FieldError, Form, FormView};

/// A role as typed, for a new one and for an edited one.
#[derive(Debug, Clone)]
pub struct RoleFacts {
    pub name: String,
    pub description: String,
    pub mfa_required: bool,
    pub asks_read_reason: bool,
    pub privileges: Vec<String>,
}

impl RoleFacts {
    fn checked(check: &mut Check<'_>, form: &Form) -> RoleFacts {
        let mut privileges: Vec<String> = form.all("privilege_name").map(str::to_owned).collect();
        privileges.sort();
        privileges.dedup();
        RoleFacts {
            name: check.line("name", 1, 200),
            description: check.text("description", 0, 2000),
            mfa_required: check.ticked("mfa_required"),
            asks_read_reason: check.ticked("asks_read_reason"),
            privileges,
        }
    }
}

/// A role to be made.
#[derive(Debug, Clone)]
pub struct NewRole {
    pub id: Uuid,
    pub facts: RoleFacts,
    /// The role that it began as a copy of.
    pub copied_from: Option<Uuid>,
}

impl NewRole {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewRole, Vec<FieldError>> {
        let mut check = form.check();
        let copied_from = match form.get("copied_from") {
            "" => None,
            id => id.parse::<Uuid>().inspect_err(|_| check.refuse("copied_from", "must be the id of a role")).ok(),
        };
        let new = NewRole { id: Uuid::now_v7(), facts: RoleFacts::checked(&mut check, form), copied_from };
        check.finish(new)
    }
}

/// A role as edited, and the version it was edited from.
#[derive(Debug, Clone)]
pub struct RolePatch {
    pub version: i32,
    pub facts: RoleFacts,
}

impl RolePatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<RolePatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = RolePatch { version: check.version(), facts: RoleFacts::checked(&mut check, form) };
        check.reason();
        check.finish(patch)
    }
}

/// The edit form of a stored role.
pub fn filled(of: &RoleOf) -> FormView {
    let version = of.role.version.to_string();
    let mut values =
        vec![("version", version.as_str()), ("name", &*of.role.name), ("description", &*of.role.description)];
    if of.role.mfa_required {
        values.push(("mfa_required", "on"));
    }
    if of.role.asks_read_reason {
        values.push(("asks_read_reason", "on"));
    }
    values.extend(of.privileges.iter().map(|name| ("privilege_name", name.as_str())));
    FormView::filled(&values)
}

/// The form of a new role that begins as a copy.
pub fn copied(of: &RoleOf) -> FormView {
    let name = format!("Copy of {}", of.role.name);
    filled(of).with("version", "").with("name", &name).with("copied_from", &of.role.id.to_string())
}

/// What the tables themselves refuse.
pub const CONSTRAINTS: [ConstraintField; 1] =
    [("roles_name_key", "name", "is taken by another role; choose a different one")];
