//! What the forms about groups take.

use jiff_diesel::Timestamp;

use super::model::Group;
use crate::access::assignments::forms::expiry;
use crate::web::form::{ConstraintField, FieldError, Form, FormView};

/// A group to be made.
#[derive(Debug, Clone)]
pub struct NewGroup {
    pub name: String,
    pub description: String,
    /// Slug or id; blank for a group of the platform.
    pub tenant: String,
}

impl NewGroup {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewGroup, Vec<FieldError>> {
        let mut check = form.check();
        let new = NewGroup {
            name: check.line("name", 1, 200),
            description: check.text("description", 0, 2000),
            tenant: check.line("tenant_id", 0, 200),
        };
        check.finish(new)
    }
}

/// A group's facts as edited, and the version they were edited from. What it may hold does not change.
#[derive(Debug, Clone)]
pub struct GroupPatch {
    pub version: i32,
    pub name: String,
    pub description: String,
}

impl GroupPatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<GroupPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = GroupPatch {
            version: check.version(),
            name: check.line("name", 1, 200),
            description: check.text("description", 0, 2000),
        };
        check.finish(patch)
    }
}

/// Somebody to be added.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub email: String,
    pub expires_at: Option<Timestamp>,
}

impl NewMember {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewMember, Vec<FieldError>> {
        let mut check = form.check();
        let new = NewMember { email: check.email("email"), expires_at: expiry(&mut check, form) };
        check.reason();
        check.finish(new)
    }
}

/// The edit form of a stored group.
pub fn filled(group: &Group) -> FormView {
    let version = group.version.to_string();
    FormView::filled(&[("version", &version), ("name", &group.name), ("description", &group.description)])
}

/// What the tables themselves refuse.
pub const CONSTRAINTS: [ConstraintField; 2] = [
    ("groups_name_key", "name", "is taken by another group; choose a different one"),
    ("group_memberships_user_id_key", "email", "belongs to this group already"),
];
