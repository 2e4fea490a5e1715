//! What is written to people who get a link.

use super::model::{Given, Kind};
use crate::access::people::model::Person;
use crate::mail::{LINK, Letter};

/// The letter that brings a link. An invitation says what it is to.
pub fn letter(kind: Kind, id: uuid::Uuid, person: &Person, given: &[Given]) -> Letter {
    let (subject, text) = match kind {
        Kind::Invitation => ("You are invited to Castellan", invitation(kind.hours(), given)),
        Kind::PasswordReset => ("A new password for Castellan", password_reset()),
    };
    let text = format!("Hello {},\n\n{text}", person.name);
    Letter::new(&person.email, &person.name, subject, text).link(id, kind.path())
}

fn invitation(hours: i64, given: &[Given]) -> String {
    let given = match words(given).as_str() {
        "" => String::new(),
        given => format!(", with the role {given}"),
    };
    format!(
        "you are invited to Castellan, the admin console{given}. Open this page within {hours} hours and set a \
         password:\n\n\
         {LINK}\n\n\
         The link works once. If you did not expect this, do nothing: the account stays closed.\n"
    )
}

/// What somebody is given, in words.
fn words(given: &[Given]) -> String {
    given.iter().map(Given::words).collect::<Vec<_>>().join(", ")
}

fn password_reset() -> String {
    format!(
        "somebody who looks after accounts sent you this link, by which you set a new password. It works once, within \
         an hour:\n\n\
         {LINK}\n\n\
         When you use it, you are signed out everywhere. If you did not ask for it, do nothing and tell them: your \
         password stays as it is.\n"
    )
}
