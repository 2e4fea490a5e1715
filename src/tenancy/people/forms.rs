//! What the forms about a tenant's people take.

use uuid::Uuid;

use super::model::{Member, ROLES};
use crate::web::form::{ConstraintField, FieldError, Form, FormView};

/// Somebody to be added to a workspace.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub email: String,
    /// Needed for a person who is not known yet; others keep theirs.
    pub name: String,
    pub role: &'static str,
    pub workspace_id: Uuid,
}

impl NewMember {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewMember, Vec<FieldError>> {
        let mut check = form.check();
        let new = NewMember {
            email: check.email("email"),
            name: check.line("name", 0, 200),
            role: check.choice("role", &ROLES),
            workspace_id: form.get("workspace_id").parse().unwrap_or_default(),
        };
        if new.workspace_id.is_nil() {
            check.refuse("workspace_id", "must be one of the tenant's workspaces");
        }
        check.finish(new)
    }
}

/// What a member is to become.
#[derive(Debug, Clone)]
pub struct MemberPatch {
    pub version: i32,
    pub role: &'static str,
}

impl MemberPatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<MemberPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = MemberPatch { version: check.version(), role: check.choice("role", &ROLES) };
        check.finish(patch)
    }
}

/// The edit form of a stored member.
pub fn filled(member: &Member) -> FormView {
    FormView::filled(&[("version", &member.version.to_string()), ("role", &member.role)])
}

/// What the tables themselves refuse.
pub const CONSTRAINTS: [ConstraintField; 5] = [
    ("workspace_members_user_id_key", "email", "belongs to this workspace already"),
    ("workspace_members_workspace_id_fkey", "workspace_id", "must be one of the tenant's workspaces"),
    ("users_email_check", "email", "must be an e-mail address such as name@example.com"),
    ("users_email_key", "email", "was added by somebody else just now; send the form again"),
    ("users_name_check", "name", "is required, for nobody with this address is known yet"),
];
