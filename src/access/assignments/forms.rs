//! What the form of a new assignment takes.

use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::model::{Principal, SCOPES};
use crate::web::form::{Check, ConstraintField, FieldError, Form};

/// A role to be given, as far as the form alone can tell.
#[derive(Debug, Clone)]
pub struct NewAssignment {
    pub role_id: Uuid,
    pub to: To,
    pub scope_kind: &'static str,
    /// Slug or id, for the scopes tenant and client.
    pub tenant: String,
    /// Slug or id, for the scope client.
    pub client: String,
    pub expires_at: Option<Timestamp>,
    pub reason: String,
}

/// Who is to get it.
#[derive(Debug, Clone)]
pub enum To {
    Known(Principal),
    /// A person by address.
    Email(String),
}

impl NewAssignment {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewAssignment, Vec<FieldError>> {
        NewAssignment::read(form, None)
    }

    /// The same for somebody who is known without the form.
    pub fn for_principal(form: &Form, principal: Principal) -> Result<NewAssignment, Vec<FieldError>> {
        NewAssignment::read(form, Some(To::Known(principal)))
    }

    fn read(form: &Form, known: Option<To>) -> Result<NewAssignment, Vec<FieldError>> {
        let mut check = form.check();
        let role_id: Option<Uuid> = form.get("role_id").parse().ok();
        if role_id.is_none() {
            check.refuse("role_id", "must be one of the roles");
        }
        let scope_kind = check.choice("scope_kind", &SCOPES);
        let new = NewAssignment {
            role_id: role_id.unwrap_or_default(),
            to: known.or_else(|| to(&mut check, form)).unwrap_or(To::Email(String::new())),
            scope_kind,
            tenant: place(&mut check, form, "tenant_id", scope_kind == "tenant", scope_kind == "platform"),
            client: place(&mut check, form, "client_id", scope_kind == "client", scope_kind != "client"),
            expires_at: expiry(&mut check, form),
            reason: check.reason(),
        };
        check.finish(new)
    }
}

/// Another end, and the version it was decided from.
#[derive(Debug, Clone)]
pub struct ExpiryPatch {
    pub version: i32,
    pub expires_at: Option<Timestamp>,
}

impl ExpiryPatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<ExpiryPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = ExpiryPatch { version: check.version(), expires_at: expiry(&mut check, form) };
        check.reason();
        check.finish(patch)
    }
}

/// Exactly one of person, group and department.
fn to(check: &mut Check<'_>, form: &Form) -> Option<To> {
    let given: Vec<&str> = ["email", "user_id", "group_id", "department_id"]
        .into_iter()
        .filter(|field| !form.get(field).trim().is_empty())
        .collect();
    match given.as_slice() {
        ["email"] => Some(To::Email(check.email("email"))),
        [field] => {
            let id: Option<Uuid> = form.get(field).trim().parse().ok();
            if id.is_none() {
                check.refuse(field, "must be an id");
            }
            let id = id.unwrap_or_default();
            Some(To::Known(match *field {
                "user_id" => Principal::Person(id),
                "group_id" => Principal::Group(id),
                _ => Principal::Department(id),
            }))
        }
        _ => {
            check.refuse("email", "or a group is required, and only one of them");
            None
        }
    }
}

fn place(check: &mut Check<'_>, form: &Form, field: &str, is_required: bool, is_refused: bool) -> String {
    let text = check.line(field, usize::from(is_required), 200);
    if is_refused && !text.is_empty() && !form.get("scope_kind").is_empty() {
        check.refuse(field, "does not go with this scope; leave it blank or choose another scope");
    }
    text
}

/// A day in the future at whose beginning it ends, or none.
pub fn expiry(check: &mut Check<'_>, form: &Form) -> Option<Timestamp> {
    if form.get("expires_at").trim().is_empty() {
        return None;
    }
    let at = check.day("expires_at")?;
    if at.to_jiff() <= jiff::Timestamp::now() {
        check.refuse("expires_at", "must be a day in the future");
    }
    Some(at)
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 5] = [
    ("assignments_scope_key", "role_id", "is held there already; revoke that assignment first to give it anew"),
    ("assignments_role_id_fkey", "role_id", "must be one of the roles"),
    ("assignments_user_id_fkey", "user_id", "is nobody"),
    ("assignments_group_id_fkey", "group_id", "must be one of the groups"),
    ("assignments_department_id_fkey", "department_id", "is no department"),
];
