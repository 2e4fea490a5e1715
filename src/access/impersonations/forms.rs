//! What the form that begins or requests an impersonation takes.

use uuid::Uuid;

use super::model::{Candidate, MODES};
use crate::web::form::{FieldError, Form};

/// Longest and usual time.
pub const MINUTES: (i32, i32) = (60, 30);

/// An impersonation as it was asked for.
#[derive(Debug, Clone)]
pub struct NewImpersonation {
    pub tenant_id: Uuid,
    pub mode: &'static str,
    pub minutes: i32,
    pub ticket: String,
    pub reason: String,
}

impl NewImpersonation {
    /// Checks the form against the tenants of the person.
    pub fn from_form(form: &Form, candidate: &Candidate) -> Result<NewImpersonation, Vec<FieldError>> {
        let mut check = form.check();
        let asked: Option<Uuid> = form.get("tenant_id").trim().parse().ok();
        let tenant = candidate.tenants.iter().find(|tenant| Some(tenant.id) == asked);
        if tenant.is_none() {
            check.refuse("tenant_id", "must be a tenant that this person belongs to");
        }
        let new = NewImpersonation {
            tenant_id: tenant.map(|tenant| tenant.id).unwrap_or_default(),
            mode: check.choice("mode", &MODES),
            minutes: check.number("minutes", 1, MINUTES.0),
            ticket: check.line("ticket", 1, 100),
            reason: check.reason(),
        };
        check.finish(new)
    }

    /// Whether it waits for a second person.
    pub fn is_acting(&self) -> bool {
        self.mode == "acting"
    }
}
