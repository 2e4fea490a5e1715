//! What a client's forms take.

use super::model::Client;
use crate::web::form::{Check, ConstraintField, FieldError, Form, FormView};

/// A client's facts as typed, for a new one and for an edited one.
#[derive(Debug, Clone)]
pub struct ClientFacts {
    pub name: String,
    pub slug: String,
    pub industry: Option<String>,
    pub website: Option<String>,
    pub contact_name: Option<String>,
    pub contact_email: Option<String>,
    pub notes: String,
}

impl ClientFacts {
    /// The form's columns, in the order of the form.
    pub const COLUMNS: &'static [&'static str] =
        &["name", "slug", "industry", "website", "contact_name", "contact_email", "notes"];

    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<ClientFacts, Vec<FieldError>> {
        let mut check = form.check();
        let facts = ClientFacts::checked(&mut check, form);
        check.finish(facts)
    }

    fn checked(check: &mut Check<'_>, form: &Form) -> ClientFacts {
        ClientFacts {
            name: check.line("name", 1, 200),
            slug: check.slug("slug"),
            industry: check.optional("industry", 100),
            website: check.address("website", &["https://", "http://"]),
            contact_name: check.optional("contact_name", 200),
            contact_email: match form.get("contact_email").trim() {
                "" => None,
                _ => Some(check.email("contact_email")),
            },
            notes: check.text("notes", 0, 10_000),
        }
    }
}

/// A client's facts as edited, and the version they were edited from.
#[derive(Debug, Clone)]
pub struct ClientPatch {
    pub version: i32,
    pub facts: ClientFacts,
}

impl ClientPatch {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<ClientPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = ClientPatch { version: check.version(), facts: ClientFacts::checked(&mut check, form) };
        check.finish(patch)
    }
}

/// The edit form of a stored client.
pub fn filled(client: &Client) -> FormView {
    FormView::filled(&[
        ("version", &client.version.to_string()),
        ("name", &client.name),
        ("slug", &client.slug),
        ("industry", client.industry.as_deref().unwrap_or_default()),
        ("website", client.website.as_deref().unwrap_or_default()),
        ("contact_name", client.contact_name.as_deref().unwrap_or_default()),
        ("contact_email", client.contact_email.as_deref().unwrap_or_default()),
        ("notes", &client.notes),
    ])
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 1] =
    [("clients_slug_key", "slug", "is taken by another client of this tenant; choose a different one")];
