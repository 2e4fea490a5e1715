//! Sending an invitation again, and taking it back.

use crate::access::links::model::Kind;
use crate::access::people::actions::words;
use crate::access::people::model::Person;
use crate::access::people::store;
use crate::access::{Manage, links};
use crate::action::{Action, Effect};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// Sends a new link; the one before stops working.
pub struct Sending;

impl RowAction for Sending {
    on_row!(Person, Manage, store::find);

    fn action(person: &Person) -> Action {
        Action::on("user.invite_again", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        let title = format!("Invite {} again", person.name);
        words(person, "invitation", title, format!("Another invitation is on its way to {}.", person.email))
    }
    fn sentence(person: &Person, _: &Effect) -> String {
        format!("{} gets a new link that works for 72 hours. The one before stops working.", person.email)
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::within_reach(tx, person.id)?;
        links::store::send_invitation(tx, person)
    }
}

/// Makes the link stop working.
pub struct Revocation;

impl RowAction for Revocation {
    on_row!(Person, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(person: &Person) -> Action {
        Action::on("user.revoke_invitation", "user", person.id)
    }
    fn words(person: &Person) -> Words {
        let title = format!("Take the invitation of {} back", person.name);
        words(person, "revocation", title, format!("The invitation of {} is taken back.", person.name))
    }
    fn sentence(person: &Person, _: &Effect) -> String {
        format!(
            "The link that was sent to {} stops working. The person stays pending and can be invited again.",
            person.email
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, person: &Person, _: &Input) -> Result<(), AppError> {
        store::within_reach(tx, person.id)?;
        let revoked = links::store::revoke(tx, Kind::Invitation, person.id)?;
        fitting(revoked, "There is no open invitation to take back.")
    }
}
