//! What can be done to a person besides editing. Each has a page that shows its effect first.

use super::model::{Person, SessionOf};
use super::store;
use crate::access::{Manage, links};
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, NumberField, RowAction, Words, on_row};

/// What an action says of itself; `noun` is the end of its address.
pub fn words(person: &Person, noun: &str, title: String, done: String) -> Words {
    Words {
        title,
        done,
        post_to: format!("{}/{noun}", person.url()),
        back_to: person.url(),
        trail: vec![
            Crumb { label: "People".into(), href: "/people".into() },
            Crumb { label: person.email.clone(), href: person.url() },
            Crumb { label: noun.replace('-', " "), href: String::new() },
        ],
        typed: None,
    }
}

fn state_words(person: &Person, noun: &str, verb: &str, done: &str) -> Words {
    words(person, noun, format!("{verb} {}", person.name), format!("{} {done}.", person.name))
}

/// How many sessions end, as the beginning of a sentence.
fn ending(effect: &Effect) -> String {
    match effect.changes.iter().filter(|change| change.table_name == "sessions").count() {
        0 => "No session is open".into(),
        1 => "1 session ends".into(),
        count => format!("{count} sessions end"),
    }
}

/// No sign-in for some hours.
pub struct Lock;

impl RowAction for Lock {
    on_row!(Person, Manage, store::find);
    const DANGEROUS: bool = true;
    const NUMBER: Option<NumberField> = Some(NumberField {
        name: "hours",
        label: "Hours",
        help: "After them the lock ends by itself. 1 to 720.",
        min: 1,
        max: 720,
        default: 24,
    });

    fn action(person: &Person) -> Action {
        Action::on("user.lock", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        state_words(person, "lock", "Lock", "is locked")
    }
    fn sentence(_: &Person, effect: &Effect) -> String {
        format!("{} and nobody can sign in with this account until the lock ends.", ending(effect))
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, input: &Input) -> Result<(), AppError> {
        store::lock(tx, person, input.number)
    }
}

/// Ends a lock.
pub struct Unlock;

impl RowAction for Unlock {
    on_row!(Person, Manage, store::find);

    fn action(person: &Person) -> Action {
        Action::on("user.unlock", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        state_words(person, "unlock", "Unlock", "is active again")
    }
    fn sentence(person: &Person, _: &Effect) -> String {
        format!("{} can sign in again, with the roles of before.", person.name)
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::give_access(tx, person, "locked", "Only somebody who is locked can be unlocked.")
    }
}

/// No sign-in until somebody decides otherwise.
pub struct Suspension;

impl RowAction for Suspension {
    on_row!(Person, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(person: &Person) -> Action {
        Action::on("user.suspend", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        Words { typed: Some(person.email.clone()), ..state_words(person, "suspension", "Suspend", "is suspended") }
    }
    fn sentence(_: &Person, effect: &Effect) -> String {
        format!(
            "{} and nobody can sign in with this account. Roles stay. You can reactivate at any time.",
            ending(effect)
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::suspend(tx, person)
    }
}

/// Ends a suspension.
pub struct Reactivation;

impl RowAction for Reactivation {
    on_row!(Person, Manage, store::find);

    fn action(person: &Person) -> Action {
        Action::on("user.reactivate", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        state_words(person, "reactivation", "Reactivate", "is active again")
    }
    fn sentence(person: &Person, _: &Effect) -> String {
        format!("{} can sign in again, with the roles of before.", person.name)
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::give_access(tx, person, "suspended", "Only somebody who is suspended can be reactivated.")
    }
}

/// They left.
pub struct Deactivation;

impl RowAction for Deactivation {
    on_row!(Person, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(person: &Person) -> Action {
        Action::on("user.deactivate", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        Words {
            typed: Some(person.email.clone()),
            ..state_words(person, "deactivation", "Deactivate", "is deactivated")
        }
    }
    fn sentence(_: &Person, effect: &Effect) -> String {
        format!(
            "{} and the account is closed: invitations and links stop working. Its history stays, and it can be \
             activated again.",
            ending(effect)
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::deactivate(tx, person)
    }
}

/// They are back.
pub struct Activation;

impl RowAction for Activation {
    on_row!(Person, Manage, store::find);

    fn action(person: &Person) -> Action {
        Action::on("user.activate", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        state_words(person, "activation", "Activate", "is back")
    }
    fn sentence(person: &Person, _: &Effect) -> String {
        format!(
            "{} has an account again, with the roles of before. Whoever never had a password needs an invitation.",
            person.name
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::give_access(tx, person, "deactivated", "Only somebody who is deactivated can be activated.")
    }
}

/// Ends every session.
pub struct SignOut;

impl RowAction for SignOut {
    on_row!(Person, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(person: &Person) -> Action {
        Action::on("user.sign_out", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        let title = format!("Sign {} out everywhere", person.name);
        let words = words(person, "sign-out", title, format!("{} is signed out everywhere.", person.name));
        Words { back_to: format!("{}/sessions", person.url()), ..words }
    }
    fn sentence(_: &Person, effect: &Effect) -> String {
        format!("{} now. Signing in again is possible at once. API tokens go on working.", ending(effect))
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::sign_out(tx, person, false)
    }
}

/// Ends every session and every API token.
pub struct FullSignOut;

impl RowAction for FullSignOut {
    on_row!(Person, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(person: &Person) -> Action {
        Action::on("user.sign_out_fully", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        let title = format!("Sign {} out everywhere and revoke the API tokens", person.name);
        let done = format!("{} is signed out everywhere, and no API token works any more.", person.name);
        let words = words(person, "full-sign-out", title, done);
        Words { back_to: format!("{}/sessions", person.url()), ..words }
    }
    fn sentence(person: &Person, effect: &Effect) -> String {
        let tokens = match effect.changes.iter().filter(|change| change.table_name == "api_tokens").count() {
            0 => "no API token works".to_owned(),
            1 => "1 API token is revoked".to_owned(),
            count => format!("{count} API tokens are revoked"),
        };
        format!(
            "{} and {tokens} now. {} can sign in again at once; programs need new tokens.",
            ending(effect),
            person.name
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::sign_out(tx, person, true)
    }
}

/// Ends one session.
pub struct SessionEnding;

impl RowAction for SessionEnding {
    on_row!(SessionOf, Manage, store::session);

    fn action(of: &SessionOf) -> Action {
        let details = serde_json::json!({ "session_id": of.session.id });
        Action::on("user.end_session", "user", of.person.id).details(details)
    }
    fn words(of: &SessionOf) -> Words {
        let title = format!("End the session of {} in {}", of.person.name, of.session.browser());
        let noun = format!("sessions/{}/ending", of.session.id);
        let mut words = words(&of.person, &noun, title, "The session has ended.".into());
        words.back_to = format!("{}/sessions", of.person.url());
        if let Some(last) = words.trail.last_mut() {
            last.label = "end a session".into();
        }
        words
    }
    fn sentence(_: &SessionOf, _: &Effect) -> String {
        "This browser is signed out at once. Signing in again is possible.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &SessionOf, _: &Input) -> Result<(), AppError> {
        store::end_session(tx, of)
    }
}

/// Sends a link by which a new password is set.
pub struct PasswordReset;

impl RowAction for PasswordReset {
    on_row!(Person, Manage, store::find);

    fn action(person: &Person) -> Action {
        Action::on("user.send_password_reset", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        let title = format!("Send {} a link for a new password", person.name);
        words(person, "password-reset", title, format!("A link is on its way to {}.", person.email))
    }
    fn sentence(person: &Person, _: &Effect) -> String {
        format!(
            "{} gets a link that works once, within an hour. Until it is used, the password of before stays; then it \
             is replaced and every session ends.",
            person.email
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::within_reach(tx, person.id)?;
        links::store::send_password_reset(tx, person)
    }
}
