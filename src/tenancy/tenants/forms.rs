//! What a tenant's forms take.

use jiff_diesel::Timestamp;

use super::model::{ISOLATIONS, REGIONS, Tenant, day};
use crate::web::form::{ConstraintField, FieldError, Form, FormView};

/// A tenant to be made.
#[derive(Debug, Clone)]
pub struct NewTenant {
    pub name: String,
    pub slug: String,
    pub region: &'static str,
    pub isolation: &'static str,
    pub trial_ends_at: Option<Timestamp>,
    pub notes: String,
}

impl NewTenant {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewTenant, Vec<FieldError>> {
        let mut check = form.check();
        let new = NewTenant {
            name: check.line("name", 1, 200),
            slug: check.slug("slug"),
            region: check.choice("region", &REGIONS),
            isolation: if form.get("isolation").is_empty() { "row" } else { check.choice("isolation", &ISOLATIONS) },
            trial_ends_at: if form.get("trial_ends_at").is_empty() { None } else { check.day("trial_ends_at") },
            notes: check.text("notes", 0, 10_000),
        };
        if new.trial_ends_at.is_some_and(|ends| ends.to_jiff() <= jiff::Timestamp::now()) {
            check.refuse("trial_ends_at", "must be a day in the future");
        }
        check.finish(new)
    }
}

/// A tenant's facts as edited, and the version they were edited from.
#[derive(Debug, Clone)]
pub struct TenantPatch {
    pub version: i32,
    pub name: String,
    pub slug: String,
    pub region: &'static str,
    pub isolation: &'static str,
    /// Another end of a trial; none leaves it as it is.
    pub trial_ends_at: Option<Timestamp>,
    pub notes: String,
}

impl TenantPatch {
    /// The form's columns, in the order of the form.
    pub const COLUMNS: &'static [&'static str] = &["name", "slug", "region", "isolation", "trial_ends_at", "notes"];

    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<TenantPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = TenantPatch {
            version: check.version(),
            name: check.line("name", 1, 200),
            slug: check.slug("slug"),
            region: check.choice("region", &REGIONS),
            isolation: check.choice("isolation", &ISOLATIONS),
            trial_ends_at: if form.get("trial_ends_at").is_empty() { None } else { check.day("trial_ends_at") },
            notes: check.text("notes", 0, 10_000),
        };
        check.finish(patch)
    }
}

/// The edit form of a stored tenant.
pub fn filled(tenant: &Tenant) -> FormView {
    FormView::filled(&[
        ("version", &tenant.version.to_string()),
        ("name", &tenant.name),
        ("slug", &tenant.slug),
        ("region", &tenant.region),
        ("isolation", &tenant.isolation),
        ("trial_ends_at", &tenant.trial_ends_at.map(|ends| day(ends).to_string()).unwrap_or_default()),
        ("notes", &tenant.notes),
    ])
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 1] =
    [("tenants_slug_key", "slug", "is taken by another tenant; choose a different one")];
