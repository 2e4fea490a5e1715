//! What the form of a new service takes.

use uuid::Uuid;

use crate::access::assignments::forms::NewAssignment;
use crate::access::assignments::model::Principal;
use crate::web::form::{ConstraintField, FieldError, Form, both};

/// A service to be made, with its first role.
#[derive(Debug, Clone)]
pub struct NewService {
    pub id: Uuid,
    pub name: String,
    pub given: NewAssignment,
}

impl NewService {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewService, Vec<FieldError>> {
        let id = Uuid::now_v7();
        let mut check = form.check();
        let name = check.line("name", 1, 200);
        let (name, given) = both(check.finish(name), NewAssignment::for_principal(form, Principal::Person(id)))?;
        Ok(NewService { id, name, given })
    }
}

/// What the tables themselves refuse.
pub const CONSTRAINTS: [ConstraintField; 2] = [
    ("users_name_check", "name", "must have 1 to 200 characters"),
    ("assignments_role_id_fkey", "role_id", "must be one of the roles"),
];
