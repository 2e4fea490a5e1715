//! What an invitation takes.

use uuid::Uuid;

use crate::web::form::{ConstraintField, FieldError, Form};

/// Somebody to be invited.
#[derive(Debug, Clone)]
pub struct NewPerson {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    /// What they may do to begin with, on the whole platform.
    pub role_id: Uuid,
    pub reason: String,
}

impl NewPerson {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewPerson, Vec<FieldError>> {
        let mut check = form.check();
        let new = NewPerson {
            id: Uuid::now_v7(),
            email: check.email("email"),
            name: check.line("name", 1, 200),
            role_id: form.get("role_id").parse().unwrap_or_default(),
            reason: check.reason(),
        };
        if new.role_id.is_nil() {
            check.refuse("role_id", "must be one of the roles");
        }
        check.finish(new)
    }
}

/// What the tables themselves refuse.
pub const CONSTRAINTS: [ConstraintField; 3] = [
    ("users_email_key", "email", "belongs to somebody already; open their page from the list of people"),
    ("users_email_check", "email", "must be an e-mail address such as name@example.com"),
    ("assignments_role_id_fkey", "role_id", "must be one of the roles"),
];
