//! What is asked for when somebody hands out a delegation.

use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;

use super::model::LONGEST_DAYS;
use crate::web::form::{Check, ConstraintField, FieldError, Form};

/// A delegation to be made, as far as the form alone can tell.
#[derive(Debug, Clone)]
pub struct NewDelegation {
    pub email: String,
    pub action_scope: Vec<String>,
    /// Slug or id; blank for none.
    pub tenant: String,
    /// None for at once.
    pub starts_at: Option<DbTimestamp>,
    pub ends_at: DbTimestamp,
    pub reason: String,
}

/// What is wrong, and the privileges that were sent and not offered.
pub type Refusal = (Vec<FieldError>, Vec<String>);

impl NewDelegation {
    /// All fields checked, all errors at once; the scope against what was offered. What was sent and not offered comes
    /// along with the errors, for nobody gets there with the form alone.
    pub fn from_form(form: &Form, offered: &[&str]) -> Result<NewDelegation, Refusal> {
        let mut check = form.check();
        let email = check.email("email");
        let (action_scope, foreign) = scope(&mut check, form, offered);
        let tenant = check.line("tenant_id", 0, 200);
        let starts_at = start(&mut check, form);
        let ends_at = end(&mut check, starts_at).unwrap_or_else(|| Timestamp::now().into());
        let reason = check.reason();
        let new = NewDelegation { email, action_scope, tenant, starts_at, ends_at, reason };
        check.finish(new).map_err(|errors| (errors, foreign))
    }
}

fn scope(check: &mut Check<'_>, form: &Form, offered: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut sent: Vec<String> = form.all("action_scope").map(str::to_owned).collect();
    sent.sort();
    sent.dedup();
    let (scope, foreign): (Vec<String>, Vec<String>) =
        sent.into_iter().partition(|name| offered.contains(&name.as_str()));
    if scope.is_empty() && foreign.is_empty() {
        check.refuse("action_scope", "must have one or more, or it allows nothing");
    }
    if !foreign.is_empty() {
        check.refuse("action_scope", "may only have what you hold yourself and what can be handed on");
    }
    (scope, foreign)
}

fn start(check: &mut Check<'_>, form: &Form) -> Option<DbTimestamp> {
    if form.get("starts_at").trim().is_empty() {
        return None;
    }
    let day = check.day("starts_at")?;
    let now = Timestamp::now();
    if day.to_jiff() <= now || day.to_jiff() > now + SignedDuration::from_hours(24 * LONGEST_DAYS) {
        check.refuse("starts_at", format!("must be a day after today and within {LONGEST_DAYS} days, or blank"));
    }
    Some(day)
}

fn end(check: &mut Check<'_>, starts_at: Option<DbTimestamp>) -> Option<DbTimestamp> {
    let day = check.day("ends_at")?;
    let from = starts_at.map_or_else(Timestamp::now, |at| at.to_jiff());
    if day.to_jiff() <= from || day.to_jiff() > from + SignedDuration::from_hours(24 * LONGEST_DAYS) {
        check.refuse("ends_at", format!("must be a day after it begins, and {LONGEST_DAYS} days later at most"));
    }
    Some(day)
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 4] = [
    ("delegations_people_check", "email", "is your own; it takes somebody else"),
    ("delegations_window_check", "ends_at", "must be after it begins, and 90 days later at most"),
    ("delegations_delegate_user_id_fkey", "email", "belongs to nobody of the staff who could act for you"),
    ("delegations_tenant_id_fkey", "tenant_id", "is not the slug or id of a tenant where you hold any of this"),
];
