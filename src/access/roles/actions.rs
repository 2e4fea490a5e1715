//! What can be done to a role besides editing it.

use super::model::{Role, RoleOf};
use super::store;
use crate::access::Manage;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

fn words(role: &Role, noun: &str, verb: &str, done: &str) -> Words {
    Words {
        title: format!("{verb} {}", role.name),
        done: format!("{} {done}.", role.name),
        post_to: format!("{}/{noun}", role.url()),
        back_to: role.url(),
        trail: trail(role, noun),
        typed: None,
    }
}

/// The pages above one that hangs below a role.
pub fn trail(role: &Role, here: &str) -> Vec<Crumb> {
    vec![
        Crumb { label: "Roles".into(), href: "/roles".into() },
        Crumb { label: role.name.clone(), href: role.url() },
        Crumb { label: here.into(), href: String::new() },
    ]
}

/// Takes it out of use; it can be restored.
pub struct Deletion;

impl RowAction for Deletion {
    on_row!(RoleOf, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(of: &RoleOf) -> Action {
        Action::on("role.delete", "role", of.role.id)
    }
    fn words(of: &RoleOf) -> Words {
        Words { back_to: "/roles".into(), ..words(&of.role, "deletion", "Delete", "is deleted") }
    }
    fn sentence(_: &RoleOf, _: &Effect) -> String {
        "Whoever holds the role no longer has its privileges. The assignments stay, and count again once the role is \
         restored."
            .into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &RoleOf, _: &Input) -> Result<(), AppError> {
        store::delete(tx, &of.role)
    }
}

/// Brings it back.
pub struct Restoration;

impl RowAction for Restoration {
    on_row!(RoleOf, Manage, store::find);

    fn action(of: &RoleOf) -> Action {
        Action::on("role.restore", "role", of.role.id)
    }
    fn words(of: &RoleOf) -> Words {
        words(&of.role, "restoration", "Restore", "is back")
    }
    fn sentence(_: &RoleOf, _: &Effect) -> String {
        "The role can be given again, and whoever still holds it has its privileges again.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &RoleOf, _: &Input) -> Result<(), AppError> {
        store::restore(tx, of)
    }
}
