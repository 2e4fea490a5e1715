//! What is taken as a reason, from a form and from a program.

use crate::actor::{REASON_CODES, ReadReason};
use crate::web::form::{FieldError, Form};

/// As long as the reference of a ticket may be.
const TICKET_MAX: usize = 100;
/// What references have besides letters and digits.
const TICKET_MARKS: &str = "-_#/.:";

/// A reason as typed.
pub fn reason_of(form: &Form) -> Result<ReadReason, Vec<FieldError>> {
    let mut check = form.check();
    let (code, ticket) = (form.get("read_reason").trim().to_owned(), form.get("read_ticket").trim().to_owned());
    if let Err(said) = check_code(&code) {
        check.refuse("read_reason", if code.is_empty() { "is required; choose one".to_owned() } else { said });
    }
    if let Err(said) = check_ticket(&ticket) {
        check.refuse("read_ticket", said);
    }
    check.finish(ReadReason { code, ticket: Some(ticket).filter(|ticket| !ticket.is_empty()), until: None })
}

/// Whether it is a code; else what is.
pub fn check_code(code: &str) -> Result<(), String> {
    match REASON_CODES.contains(&code) {
        true => Ok(()),
        false => Err(format!("must be one of {}", REASON_CODES.join(", "))),
    }
}

/// Whether it can refer to a ticket; else what can. Words could be about a person, and stay in the log.
pub fn check_ticket(ticket: &str) -> Result<(), String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || TICKET_MARKS.contains(letter);
    match ticket.len() <= TICKET_MAX && ticket.chars().all(fits) {
        true => Ok(()),
        false => {
            Err(format!("may have up to {TICKET_MAX} letters a to z, digits and any of {TICKET_MARKS}, as in SUP-1234"))
        }
    }
}
