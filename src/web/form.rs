//! Forms: bodies are read strictly, all errors are shown at once, typed values are kept.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use jiff_diesel::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::noting::Named;
use super::probing::{NUL, OddForm};
use super::query::{Pairs, own_path};
use crate::error::AppError;
use crate::token;

/// A posted form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pairs: Pairs,
    body_hash: [u8; 32],
}

/// The field that makes a second sending harmless.
const KEY: &str = "idempotency_key";
/// Beyond it a form is refused unread.
pub const BODY_MAX: usize = 256 * 1024;

impl Form {
    /// The value as typed; empty when it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.pairs.get(name).unwrap_or_default()
    }

    /// Every value of a name, as check boxes send them.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.all(name)
    }

    /// The key that makes a second sending harmless, if the form carries one.
    pub fn once(&self) -> Option<(Uuid, [u8; 32])> {
        Some((self.get(KEY).parse().ok()?, self.body_hash))
    }

    /// The digest of the effect that was shown with the form.
    pub fn effect(&self) -> &str {
        self.get("effect")
    }

    /// Where to go afterwards, if it is a page of ours.
    pub fn return_to(&self) -> Option<String> {
        own_path(self.pairs.get("return_to"))
    }

    /// All that was sent but passwords and API tokens, which no page repeats.
    pub fn typed(self) -> Vec<(String, String)> {
        let is_secret = |(name, value): &(String, String)| name.contains("password") || token::is_in(value);
        self.pairs.0.into_iter().filter(|sent| !is_secret(sent)).collect()
    }

    /// Begins checking its values.
    pub fn check(&self) -> Check<'_> {
        Check { form: self, errors: Vec::new() }
    }

    /// The same form, to be shown again. Nothing was done under its key, or something else was, so that it gets another.
    pub fn view(&self, errors: Vec<FieldError>) -> FormView {
        let pairs = match self.once() {
            Some(_) => self.pairs.with(KEY, &Uuid::new_v4().to_string()),
            None => self.pairs.clone(),
        };
        FormView { pairs, errors }
    }
}

/// What is wrong with one field. The field `base` stands for the form as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FieldError {
    /// A message for a field.
    pub fn new(field: &str, message: impl Into<String>) -> FieldError {
        FieldError { field: field.to_owned(), message: message.into() }
    }
}

/// Collects everything that is wrong. Each method returns a value even then, so that all fields are looked at.
pub struct Check<'f> {
    form: &'f Form,
    errors: Vec<FieldError>,
}

impl Check<'_> {
    /// Notes an error of our own finding.
    pub fn refuse(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    /// Trimmed text of a length in characters; `min` 1 makes it required.
    pub fn text(&mut self, field: &str, min: usize, max: usize) -> String {
        let value = self.form.get(field).trim().to_owned();
        let length = value.chars().count();
        if length < min || min > 0 && !value.contains(is_visible) {
            let is_blank = !value.contains(is_visible);
            let message = if is_blank { "is required".into() } else { format!("must have at least {min} characters") };
            self.refuse(field, message);
        } else if length > max {
            self.refuse(field, format!("may have {max} characters at most; this has {length}"));
        }
        if value.chars().any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t') {
            self.refuse(field, "contains a control character, such as NUL, which is not allowed");
        }
        if value.contains(turns_text) {
            self.refuse(field, "contains a character that turns the direction of text around, which is not allowed");
        }
        value.replace("\r\n", "\n")
    }

    /// Like `text`, without line breaks.
    pub fn line(&mut self, field: &str, min: usize, max: usize) -> String {
        let value = self.text(field, min, max);
        if value.contains(['\n', '\r', '\t']) {
            self.refuse(field, "must be a single line");
        }
        value
    }

    /// A line, or nothing when it was left blank.
    pub fn optional(&mut self, field: &str, max: usize) -> Option<String> {
        Some(self.line(field, 0, max)).filter(|value| !value.is_empty())
    }

    /// Why; every dangerous action asks for it.
    pub fn reason(&mut self) -> String {
        self.text("reason", 1, 2000)
    }

    /// 2 to 63 small letters, digits and single hyphens.
    pub fn slug(&mut self, field: &str) -> String {
        let value = self.form.get(field).trim().to_owned();
        let letters = value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let edges = value.starts_with('-') || value.ends_with('-') || value.contains("--");
        if value.is_empty() {
            self.refuse(field, "is required");
        } else if !(2..=63).contains(&value.chars().count()) || !letters || edges {
            self.refuse(field, "must have 2 to 63 small letters a to z, digits and single hyphens between them");
        } else if value == "new" || value.parse::<Uuid>().is_ok() {
            self.refuse(field, "cannot be the word new or look like an id, which addresses use for something else");
        }
        value
    }

    /// One of a few values.
    pub fn choice(&mut self, field: &str, allowed: &[&'static str]) -> &'static str {
        let value = self.form.get(field).trim();
        match allowed.iter().find(|one| **one == value) {
            Some(one) => one,
            None => {
                self.refuse(field, format!("must be one of {}", allowed.join(", ")));
                ""
            }
        }
    }

    /// A whole number within bounds, both included.
    pub fn number(&mut self, field: &str, min: i32, max: i32) -> i32 {
        match self.form.get(field).trim().parse() {
            Ok(number) if (min..=max).contains(&number) => number,
            _ => {
                self.refuse(field, format!("must be a whole number from {min} to {max}"));
                min
            }
        }
    }

    /// An address with an @ between two parts.
    pub fn email(&mut self, field: &str) -> String {
        let value = self.line(field, 1, 254);
        let shaped = value.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !value.contains(char::is_whitespace)
        });
        if !value.is_empty() && !shaped {
            self.refuse(field, "must be an e-mail address such as name@example.com");
        }
        value
    }

    /// An internet address that begins with one of these, such as `https://`; nothing when it was left blank.
    pub fn address(&mut self, field: &str, schemes: &[&str]) -> Option<String> {
        let value = self.optional(field, 2048)?;
        let rest = schemes.iter().find_map(|scheme| {
            let head = value.get(..scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then(|| &value[scheme.len()..])
        });
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
            self.refuse(field, format!("must be an address that begins with {}", schemes.join(" or ")));
        }
        Some(value)
    }

    /// A ticked box.
    pub fn ticked(&self, field: &str) -> bool {
        matches!(self.form.get(field), "on" | "true" | "1")
    }

    /// A day as in `2026-01-31`, as the moment it begins in UTC.
    pub fn day(&mut self, field: &str) -> Option<Timestamp> {
        let value = self.form.get(field).trim().to_owned();
        let begins = value.parse::<jiff::civil::Date>().ok().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        match begins {
            Some(begins) => Some(begins.timestamp().into()),
            None => {
                self.refuse(field, "must be a day such as 2026-01-31");
                None
            }
        }
    }

    /// The version of the row that the form was made from.
    pub fn version(&mut self) -> i32 {
        self.number("version", 1, i32::MAX)
    }

    /// What must be typed exactly, such as the name of what is to be closed.
    pub fn typed(&mut self, field: &str, expected: &str) {
        if self.form.get(field).trim() != expected {
            self.refuse(field, format!("type {expected} to confirm"));
        }
    }

    /// The value, unless something was wrong.
    pub fn finish<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(value) } else { Err(self.errors) }
    }
}

/// Two parts of one form, or what is wrong with both.
pub fn both<A, B>(
    one: Result<A, Vec<FieldError>>,
    other: Result<B, Vec<FieldError>>,
) -> Result<(A, B), Vec<FieldError>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err([one.err(), other.err()].into_iter().flatten().flatten().collect()),
    }
}

/// Whether a character leaves something to see and to click on.
fn is_visible(c: char) -> bool {
    let is_empty = matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}');
    !is_empty && !c.is_whitespace()
}

/// Whether a character changes how the text after it runs, so that a name could rearrange the line it stands in. Letters
/// of languages that run from right to left do not.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A form as templates draw it.
#[derive(Debug, Clone, Default)]
pub struct FormView {
    pairs: Pairs,
    pub errors: Vec<FieldError>,
}

impl FormView {
    /// A new form with a fresh idempotency key and these values.
    pub fn filled(values: &[(&str, &str)]) -> FormView {
        let mut pairs = Pairs(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        pairs.0.push((KEY.to_owned(), Uuid::new_v4().to_string()));
        FormView { pairs, errors: Vec::new() }
    }

    /// The same form with what is wrong with it.
    pub fn refused(mut self, errors: Vec<FieldError>) -> FormView {
        self.errors = errors;
        self
    }

    /// What stands in a field.
    pub fn value(&self, field: &str) -> &str {
        self.pairs.get(field).unwrap_or_default()
    }

    /// All that is ticked or chosen under one name.
    pub fn values<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.all(field)
    }

    /// Everything typed, to be sent again by a page that asks once more.
    pub fn kept(&self) -> impl Iterator<Item = &(String, String)> {
        self.pairs.0.iter().filter(|(name, _)| name != "effect" && name != "again")
    }

    /// Whether a box is ticked or a choice chosen.
    pub fn chosen(&self, field: &str, value: &str) -> bool {
        self.pairs.all(field).any(|one| one == value)
    }

    /// What is wrong with a field; empty when nothing is.
    pub fn error(&self, field: &str) -> &str {
        self.errors.iter().find(|error| error.field == field).map(|error| error.message.as_str()).unwrap_or_default()
    }

    /// The same form with one value replaced, such as the version after a conflict.
    pub fn with(mut self, field: &str, value: &str) -> FormView {
        self.pairs = self.pairs.with(field, value);
        self
    }
}

/// A named constraint, the field it belongs to and what to say there.
pub type ConstraintField = (&'static str, &'static str, &'static str);

/// What the database refused, beside the field it belongs to; any other error is passed on.
pub fn field_errors(error: AppError, fields: &[ConstraintField]) -> Result<Vec<FieldError>, AppError> {
    match error {
        AppError::Refused(field, message) => Ok(vec![FieldError::new(field, message)]),
        AppError::Constraint(constraint) => match fields.iter().find(|(name, _, _)| *name == constraint) {
            Some((_, field, message)) => Ok(vec![FieldError::new(field, *message)]),
            None => Err(AppError::Constraint(constraint)),
        },
        error => Err(error),
    }
}

impl FromRequest for Form {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Form, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = request.headers().get("content-type").and_then(|value| value.to_str().ok());
        let is_form = content_type.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        let is_empty = content_type.is_none();
        let request = request.clone();
        let body = web::Payload::from_request(&request, payload);
        Box::pin(async move {
            if !is_form && !is_empty {
                return Err(AppError::WrongType(
                    "The body must be application/x-www-form-urlencoded, as forms send it.",
                ));
            }
            let body = body.await.map_err(|error| AppError::BadRequest(error.to_string()))?;
            let read = body.to_bytes_limited(BODY_MAX).await;
            let bytes = read
                .map_err(|_| AppError::TooLarge("A form may have 256 kB at most."))?
                .map_err(|error| AppError::BadRequest(format!("The body could not be read: {error}.")))?;
            let pairs = Pairs::parse(&bytes).map_err(AppError::no_text)?;
            if pairs.0.iter().any(|(_, value)| value.contains('\0')) {
                request.extensions_mut().insert(OddForm(NUL));
            }
            request.extensions_mut().insert(Named::by(&pairs, KEY));
            Ok(Form { pairs, body_hash: Sha256::digest(&bytes).into() })
        })
    }
}
