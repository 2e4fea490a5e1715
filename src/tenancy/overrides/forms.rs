//! What the form of an override takes.

use jiff_diesel::Timestamp;
use serde_json::{Value, json};

use super::model::rule;
use crate::tenancy::policies::forms::domains;
use crate::tenancy::policies::model::{Kind, Rule};
use crate::web::form::{Check, ConstraintField, FieldError, Form};

/// An override to be made.
#[derive(Debug, Clone)]
pub struct NewOverride {
    pub policy: &'static str,
    pub value: Value,
    pub expires_at: Option<Timestamp>,
    pub reason: String,
}

impl NewOverride {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewOverride, Vec<FieldError>> {
        let mut check = form.check();
        let rule = rule(form.get("policy").trim());
        if rule.is_none() {
            check.refuse("policy", "must be one of the policies");
        }
        let new = NewOverride {
            policy: rule.map_or("", |rule| rule.column),
            value: rule.map_or(Value::Null, |rule| value(&mut check, form, rule)),
            expires_at: check.day("expires_at"),
            reason: check.reason(),
        };
        if new.expires_at.is_some_and(|at| at.to_jiff() <= jiff::Timestamp::now()) {
            check.refuse("expires_at", "must be a day in the future");
        }
        check.finish(new)
    }
}

/// As the policy's column has it.
fn value(check: &mut Check<'_>, form: &Form, rule: &Rule) -> Value {
    match rule.kind {
        Kind::Choice(choices) => json!(check.choice("value", choices)),
        Kind::Flag => json!(check.choice("value", &["yes", "no"]) == "yes"),
        Kind::Number(min, max) => json!(check.number("value", min, max)),
        Kind::Lines => json!(domains(check, "value", form.get("value"))),
    }
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 1] =
    [("policy_overrides_policy_key", "policy", "is overridden already; end that override first")];
