//! A password as somebody typed it for themselves, twice.

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
