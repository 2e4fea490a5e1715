//! A new password, and what it may not be.

use super::model::Link;
use crate::web::form::{FieldError, Form};

const SHORTEST: usize = 15;
const LONGEST: usize = 256;
/// Shorter words are in every other sentence.
const WORD: usize = 4;

/// A password that somebody chose for an account; never shown or kept.
pub struct NewPassword(pub String);

impl NewPassword {
    /// Everything that is wrong with it, at once.
    pub fn from_form(form: &Form, link: &Link) -> Result<NewPassword, Vec<FieldError>> {
        let (mut check, password) = (form.check(), form.get("password").to_owned());
        let length = password.chars().count();
        if length < SHORTEST {
            check.refuse(
                "password",
                format!("must have at least {SHORTEST} characters; a few words are easy to remember"),
            );
        } else if length > LONGEST {
            check.refuse("password", format!("may have {LONGEST} characters at most; this has {length}"));
        }
        if let Some(word) = context_word(&password, link) {
            check.refuse("password", format!("may not contain “{word}”, which is the first thing others would try"));
        }
        if form.get("password_again") != password {
            check.refuse("password_again", "must be the same as above");
        }
        check.finish(NewPassword(password))
    }
}

/// The first part of name or address, or name of the product, that is in the password.
fn context_word(password: &str, link: &Link) -> Option<String> {
    let password = password.to_lowercase();
    let known = format!("castellan {} {}", link.email, link.name).to_lowercase();
    let mut words = known.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= WORD);
    words.find(|word| password.contains(word)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_account_are_found_in_any_case() {
        let link = Link {
            id: uuid::Uuid::nil(),
            user_id: uuid::Uuid::nil(),
            email: "ada.lovelace@northwind.example".into(),
            name: "Ada Zoë King".into(),
            status: "pending".into(),
            expires_at: None,
            used_at: None,
            revoked_at: None,
        };
        for (password, word) in [
            ("my Castellan password", Some("castellan")),
            ("LOVELACE forever and ever", Some("lovelace")),
            ("cold north winds", None),
            ("northwind sells tea", Some("northwind")),
            ("ada zoë and a king", Some("king")),
            ("correct horse battery staple", None),
        ] {
            assert_eq!(context_word(password, &link).as_deref(), word, "{password}");
        }
    }
}
