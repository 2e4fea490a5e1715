//! What the form of a person takes.

use super::model::Person;
use crate::web::form::{Check, ConstraintField, FieldError, Form, FormView};

/// A person's facts as edited, and the version they were edited from.
#[derive(Debug, Clone)]
pub struct PersonPatch {
    pub version: i32,
    pub name: String,
    pub email: String,
    pub locale: String,
    pub time_zone: String,
}

impl PersonPatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<PersonPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = PersonPatch {
            version: check.version(),
            name: check.line("name", 1, 200),
            email: check.email("email"),
            locale: locale(&mut check),
            time_zone: time_zone(&mut check),
        };
        check.finish(patch)
    }
}

fn locale(check: &mut Check<'_>) -> String {
    let value = check.line("locale", 1, 40);
    let mut parts = value.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
    let fits = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_tag = is_language && parts.all(fits);
    if !value.is_empty() && !is_tag {
        check.refuse("locale", "must be a language tag such as en, de or pt-BR");
    }
    value
}

fn time_zone(check: &mut Check<'_>) -> String {
    let value = check.line("time_zone", 1, 64);
    if !value.is_empty() && jiff::tz::TimeZone::get(&value).is_err() {
        check.refuse("time_zone", "must be the name of a time zone such as UTC or Europe/Berlin");
    }
    value
}

/// The edit form of a stored person.
pub fn filled(person: &Person) -> FormView {
    FormView::filled(&[
        ("version", &person.version.to_string()),
        ("name", &person.name),
        ("email", &person.email),
        ("locale", &person.locale),
        ("time_zone", &person.time_zone),
    ])
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 4] = [
    ("users_email_key", "email", "belongs to somebody else already; search for it in the list of people"),
    ("users_email_check", "email", "must be an e-mail address such as name@example.com"),
    ("users_name_check", "name", "must have 1 to 200 characters"),
    ("users_locale_check", "locale", "must be a language tag such as en, de or pt-BR"),
];
