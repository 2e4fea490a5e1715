//! What an invitation takes.

use uuid::Uuid;

use crate::access::assignments::forms::NewAssignment;
use crate::access::assignments::model::Principal;
use crate::web::form::{ConstraintField, FieldError, Form, both};

/// Somebody to be invited, with what they may do to begin with.
#[derive(Debug, Clone)]
pub struct NewPerson {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub given: NewAssignment,
}

impl NewPerson {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewPerson, Vec<FieldError>> {
        let id = Uuid::now_v7();
        let mut check = form.check();
        let who = (check.email("email"), check.line("name", 1, 200));
        let given = NewAssignment::for_principal(form, Principal::Person(id));
        let ((email, name), given) = both(check.finish(who), given)?;
        Ok(NewPerson { id, email, name, given })
    }
}

/// What the tables themselves refuse.
pub const CONSTRAINTS: [ConstraintField; 3] = [
    ("users_email_key", "email", "belongs to somebody already; open their page from the list of people"),
    ("users_email_check", "email", "must be an e-mail address such as name@example.com"),
    ("assignments_role_id_fkey", "role_id", "must be one of the roles"),
];
