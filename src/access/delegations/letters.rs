//! What both people are told.

use super::model::{Listed, Party};
use crate::mail::Letter;
use crate::web::filters::utc;

/// To both: it was made.
pub fn made(listed: &Listed) -> [Letter; 2] {
    let (grantor, delegate) = (&listed.grantor, &listed.delegate);
    let when = window(listed);
    let to_delegate = format!(
        "{} lets you act for them in Castellan, {when}. What it is for, and the way to begin, stand under Delegations \
         in the menu with your name.\n\n\
         Their reason: {}\n\n\
         Whatever you do then is recorded under both names.\n",
        grantor.name, listed.delegation.reason
    );
    let to_grantor = format!(
        "you let {} act for you in Castellan, {when}.\n\n\
         Your reason: {}\n\n\
         You can revoke it at any time, under Delegations in the menu with your name. If this was not you, revoke it, \
         change your password and tell a founder.\n",
        delegate.name, listed.delegation.reason
    );
    [
        letter(delegate, "You may act for somebody in Castellan", &to_delegate),
        letter(grantor, "Somebody may act for you in Castellan", &to_grantor),
    ]
}

/// To both: it was revoked.
pub fn revoked(listed: &Listed) -> [Letter; 2] {
    let (grantor, delegate) = (&listed.grantor, &listed.delegate);
    let to_delegate = format!("you can no longer act for {} in Castellan: it was revoked.\n", grantor.name);
    let to_grantor = format!("{} can no longer act for you in Castellan: it was revoked.\n", delegate.name);
    [
        letter(delegate, "You no longer act for somebody in Castellan", &to_delegate),
        letter(grantor, "Somebody no longer acts for you in Castellan", &to_grantor),
    ]
}

fn letter(to: &Party, subject: &str, text: &str) -> Letter {
    Letter::new(&to.email, &to.name, subject, format!("Hello {},\n\n{text}", to.name))
}

fn window(listed: &Listed) -> String {
    let delegation = &listed.delegation;
    format!("from {} to {}", utc(delegation.starts_at.to_jiff()), utc(delegation.ends_at.to_jiff()))
}
