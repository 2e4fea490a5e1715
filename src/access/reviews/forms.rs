//! What the forms of campaigns take.

use jiff::{SignedDuration, Timestamp as Moment};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::model::{COVERS, Review};
use crate::web::form::{Check, ConstraintField, FieldError, Form, FormView};

/// A campaign to begin, as far as the form alone can tell.
#[derive(Debug, Clone)]
pub struct NewReview {
    pub name: String,
    pub covers: &'static str,
    pub role_id: Option<Uuid>,
    /// Slug or id, for a campaign on a tenant.
    pub tenant: String,
    pub unused_days: Option<i32>,
    pub note: String,
    pub due_at: Timestamp,
}

/// No campaign lasts longer.
const LONGEST_DAYS: i64 = 366;

impl NewReview {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<NewReview, Vec<FieldError>> {
        let mut check = form.check();
        let covers = check.choice("covers", &COVERS);
        let role_id: Option<Uuid> = form.get("role_id").parse().ok();
        if covers == "role" && role_id.is_none() {
            check.refuse("role_id", "must be one of the roles");
        }
        let is_unused = covers == "unused";
        let new = NewReview {
            name: check.line("name", 1, 200),
            covers,
            role_id: role_id.filter(|_| covers == "role"),
            tenant: match covers {
                "tenant" => check.line("tenant_id", 1, 200),
                _ => String::new(),
            },
            unused_days: is_unused.then(|| check.number("unused_days", 1, 3650)),
            note: check.text("note", 0, 2000),
            due_at: due(&mut check),
        };
        check.finish(new)
    }
}

/// A day to come, at whose beginning the campaign is closed.
fn due(check: &mut Check<'_>) -> Timestamp {
    let Some(at) = check.day("due_at") else { return Moment::UNIX_EPOCH.into() };
    let now = Moment::now();
    if at.to_jiff() <= now {
        check.refuse("due_at", "must be a day in the future");
    } else if at.to_jiff() > now + SignedDuration::from_hours(24 * LONGEST_DAYS) {
        check.refuse("due_at", "must be within a year");
    }
    at
}

/// The edited values of a campaign.
#[derive(Debug, Clone)]
pub struct ReviewPatch {
    pub name: String,
    pub note: String,
    pub due_at: Timestamp,
    pub version: i32,
}

impl ReviewPatch {
    /// The form's columns.
    pub const COLUMNS: [&'static str; 3] = ["name", "note", "due_at"];

    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<ReviewPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = ReviewPatch {
            name: check.line("name", 1, 200),
            note: check.text("note", 0, 2000),
            due_at: due(&mut check),
            version: check.version(),
        };
        check.finish(patch)
    }
}

/// The form of a campaign as stored.
pub fn filled(review: &Review) -> FormView {
    let due = review.due_at.to_jiff().strftime("%Y-%m-%d").to_string();
    let version = review.version.to_string();
    FormView::filled(&[("name", &review.name), ("note", &review.note), ("due_at", &due), ("version", &version)])
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 2] = [
    ("access_reviews_role_id_fkey", "role_id", "must be one of the roles"),
    ("access_reviews_due_at_check", "due_at", "must be a day in the future"),
];
