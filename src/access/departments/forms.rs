//! What the forms about departments take.

use uuid::Uuid;

use super::model::Department;
use crate::web::form::{Check, ConstraintField, FieldError, Form, FormView};

/// A department as typed, for a new one and for an edited one.
#[derive(Debug, Clone)]
pub struct DepartmentFacts {
    pub name: String,
    pub parent_id: Option<Uuid>,
}

impl DepartmentFacts {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<DepartmentFacts, Vec<FieldError>> {
        let mut check = form.check();
        let facts = DepartmentFacts::checked(&mut check, form);
        check.finish(facts)
    }

    fn checked(check: &mut Check<'_>, form: &Form) -> DepartmentFacts {
        let parent = form.get("parent_id").trim();
        let parent_id = parent.parse().ok();
        if !parent.is_empty() && parent_id.is_none() {
            check.refuse("parent_id", "must be one of the tenant's departments, or blank for the top");
        }
        DepartmentFacts { name: check.line("name", 1, 200), parent_id }
    }
}

/// A department as edited or moved, and the version it was edited from.
#[derive(Debug, Clone)]
pub struct DepartmentPatch {
    pub version: i32,
    pub facts: DepartmentFacts,
}

impl DepartmentPatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<DepartmentPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = DepartmentPatch { version: check.version(), facts: DepartmentFacts::checked(&mut check, form) };
        check.finish(patch)
    }
}

/// Somebody to be added.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub email: String,
}

impl NewMember {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewMember, Vec<FieldError>> {
        let mut check = form.check();
        let new = NewMember { email: check.email("email") };
        check.reason();
        check.finish(new)
    }
}

/// The edit form of a stored department.
pub fn filled(department: &Department) -> FormView {
    let parent = department.parent_id.map(|id| id.to_string()).unwrap_or_default();
    let version = department.version.to_string();
    FormView::filled(&[("version", &version), ("name", &department.name), ("parent_id", &parent)])
}

/// What the tables themselves refuse.
pub const CONSTRAINTS: [ConstraintField; 3] = [
    ("departments_name_key", "name", "is taken by another department in the same place; choose a different one"),
    ("departments_parent_id_fkey", "parent_id", "must be one of the tenant's departments"),
    ("department_memberships_user_id_key", "email", "belongs to this department already"),
];
