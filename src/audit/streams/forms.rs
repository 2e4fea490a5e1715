//! What the forms about streams take.

use jiff::SignedDuration;

use super::model::Stream;
use super::targets::Targets;
use crate::web::form::{Check, ConstraintField, FieldError, Form, FormView};

/// Hours for which a replaced secret signs on, at most and unless somebody says otherwise.
pub const OVERLAP_HOURS: (i32, i32) = (168, 24);
/// With what a new stream begins, as the form offers it.
pub const BEGINNINGS: [(&str, &str); 2] =
    [("now", "What happens from now on"), ("first", "The whole log, from leaf 0")];

/// With what a new stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    First,
    Now,
}

/// A stream to be made.
#[derive(Debug, Clone)]
pub struct NewStream {
    pub name: String,
    pub kind: &'static str,
    pub address: String,
    pub beginning: Beginning,
    pub reason: String,
}

impl NewStream {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form, targets: &Targets) -> Result<NewStream, Vec<FieldError>> {
        let mut check = form.check();
        let name = check.line("name", 1, 100);
        let kind = check.choice("kind", &targets.kinds());
        let address = address(&mut check, kind, targets);
        let beginning = match check.choice("beginning", &BEGINNINGS.map(|(value, _)| value)) {
            "first" => Beginning::First,
            _ => Beginning::Now,
        };
        let reason = check.reason();
        check.finish(NewStream { name, kind, address, beginning, reason })
    }
}

/// A stream as edited, and the version it was edited from.
#[derive(Debug, Clone)]
pub struct StreamPatch {
    pub version: i32,
    pub name: String,
    pub address: String,
}

impl StreamPatch {
    /// All fields checked but for the address, which is judged by the stream's kind.
    pub fn from_form(form: &Form) -> Result<StreamPatch, Vec<FieldError>> {
        let mut check = form.check();
        let patch = StreamPatch {
            version: check.version(),
            name: check.line("name", 1, 100),
            address: check.line("address", 1, 2048),
        };
        check.finish(patch)
    }
}

fn address(check: &mut Check<'_>, kind: &str, targets: &Targets) -> String {
    let address = check.line("address", 1, 2048);
    // A kind that is wrong has an error of its own.
    if let (false, false, Err(why)) = (kind.is_empty(), address.is_empty(), targets.check(kind, &address)) {
        check.refuse("address", why);
    }
    address
}

/// What is said when a secret is replaced.
#[derive(Debug, Clone)]
pub struct Rotation {
    pub overlap: SignedDuration,
    pub reason: String,
}

impl Rotation {
    /// All fields checked, all errors at once.
    pub fn from_form(form: &Form) -> Result<Rotation, Vec<FieldError>> {
        let mut check = form.check();
        let hours = check.number("overlap_hours", 0, OVERLAP_HOURS.0);
        let reason = check.reason();
        check.finish(Rotation { overlap: SignedDuration::from_hours(hours.into()), reason })
    }
}

/// The edit form of a stored stream.
pub fn filled(stream: &Stream) -> FormView {
    let version = stream.version.to_string();
    FormView::filled(&[("version", &version), ("name", &stream.name), ("address", &stream.address)])
}

/// What the table itself refuses.
pub const CONSTRAINTS: [ConstraintField; 1] =
    [("audit_streams_name_key", "name", "is the name of another stream; choose a different one")];
