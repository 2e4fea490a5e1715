//! A password as somebody typed it for themselves, twice.

use serde_json::json;
use uuid::Uuid;

use crate::db::{SecurityEvent, SecurityKind, Tx};
use crate::error::AppError;
use crate::new_password::NewPassword;
use crate::web::form::{FieldError, Form};

/// Everything that is wrong with it, at once. `known` is what the account is called.
pub fn read(
    form: &Form,
    (field, again): (&'static str, &'static str),
    known: &[&str],
) -> Result<NewPassword, Vec<FieldError>> {
    let checked = NewPassword::check(form.get(field), known);
    let mut errors: Vec<FieldError> = Vec::new();
    errors.extend(checked.as_ref().err().into_iter().flatten().map(|fault| FieldError::new(field, fault.clone())));
    if form.get(again) != form.get(field) {
        errors.push(FieldError::new(again, "must be the same as above"));
    }
    match checked {
        Ok(password) if errors.is_empty() => Ok(password),
        _ => Err(errors),
    }
}

/// Leaves the event that somebody has another password now, or none, with how it came to that.
pub fn note_change<P>(tx: &mut Tx<'_, P>, user_id: Uuid, how: &str) -> Result<(), AppError> {
    let details = json!({ "user_id": user_id, "how": how });
    tx.note_security(&SecurityEvent::of(SecurityKind::AuthnPasswordChange, details))
}

/// That somebody tried and was refused. What they chose for themselves and was too weak is no such try.
pub fn failure(user_id: Option<Uuid>, why: &str) -> SecurityEvent {
    SecurityEvent::of(SecurityKind::AuthnPasswordChangeFail, json!({ "user_id": user_id, "why": why }))
}
