//! What the form of policies takes.

use super::model::{Kind, Policies, RULES, VISIBILITIES};
use crate::tenancy::domains::forms::spelled;
use crate::web::form::{Check, FieldError, Form, FormView};

/// Policies as edited, and the version they were edited from.
#[derive(Debug, Clone)]
pub struct PoliciesPatch {
    pub version: i32,
    pub default_visibility: &'static str,
    pub external_sharing_allowed: bool,
    pub public_links_allowed: bool,
    pub session_idle_minutes: i32,
    pub session_absolute_hours: i32,
    pub mfa_required: bool,
    pub allowed_email_domains: Vec<String>,
    pub activity_retention_days: i32,
    pub trash_retention_days: i32,
}

impl PoliciesPatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<PoliciesPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = PoliciesPatch {
            version: check.version(),
            default_visibility: check.choice("default_visibility", &VISIBILITIES),
            external_sharing_allowed: check.ticked("external_sharing_allowed"),
            public_links_allowed: check.ticked("public_links_allowed"),
            session_idle_minutes: number(&mut check, "session_idle_minutes"),
            session_absolute_hours: number(&mut check, "session_absolute_hours"),
            mfa_required: check.ticked("mfa_required"),
            allowed_email_domains: domains(&mut check, "allowed_email_domains", form.get("allowed_email_domains")),
            activity_retention_days: number(&mut check, "activity_retention_days"),
            trash_retention_days: number(&mut check, "trash_retention_days"),
        };
        if patch.session_idle_minutes > patch.session_absolute_hours * 60 {
            check.refuse("session_idle_minutes", "may not be longer than the whole session");
        }
        check.finish(patch)
    }
}

fn number(check: &mut Check<'_>, column: &str) -> i32 {
    let bounds = RULES.iter().find(|rule| rule.column == column).map(|rule| rule.kind);
    match bounds {
        Some(Kind::Number(min, max)) => check.number(column, min, max),
        _ => 0,
    }
}

const DOMAINS_MAX: usize = 100;

/// Domains, one a line, each once.
pub fn domains(check: &mut Check<'_>, field: &str, typed: &str) -> Vec<String> {
    let mut domains: Vec<String> = Vec::new();
    for line in typed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match spelled(line) {
            Ok(domain) if domains.contains(&domain) => {}
            Ok(domain) => domains.push(domain),
            Err(why) => {
                let line: String = line.chars().take(60).collect();
                check.refuse(field, format!("has a line “{line}” that {why}"));
            }
        }
    }
    if domains.len() > DOMAINS_MAX {
        check.refuse(field, format!("may have {DOMAINS_MAX} lines at most; this has {}", domains.len()));
    }
    domains
}

/// The edit form of stored policies.
pub fn filled(policies: &Policies) -> FormView {
    let values: Vec<(&str, String)> = RULES.iter().map(|rule| (rule.column, policies.typed(rule))).collect();
    let values: Vec<(&str, &str)> = values.iter().map(|(column, value)| (*column, value.as_str())).collect();
    FormView::filled(&values).with("version", &policies.version.to_string())
}
