//! What can be done to a group and its members besides editing.

use super::model::{Group, MemberOf};
use super::store;
use crate::access::Manage;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// An action on a group, in the history of its tenant if it has one.
pub fn action(name: &'static str, group: &Group) -> Action {
    group.tenant_id.into_iter().fold(Action::on(name, "group", group.id), Action::tenant)
}

/// The pages above one that hangs below a group.
pub fn trail(group: &Group, here: &str) -> Vec<Crumb> {
    vec![
        Crumb { label: "Groups".into(), href: "/groups".into() },
        Crumb { label: group.name.clone(), href: group.url() },
        Crumb { label: here.into(), href: String::new() },
    ]
}

fn words(group: &Group, noun: &str, verb: &str, done: &str) -> Words {
    Words {
        title: format!("{verb} {}", group.name),
        done: format!("{} {done}.", group.name),
        post_to: format!("{}/{noun}", group.url()),
        back_to: group.url(),
        trail: trail(group, noun),
        typed: None,
    }
}

/// Takes it out of use; it can be restored.
pub struct Deletion;

impl RowAction for Deletion {
    on_row!(Group, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(group: &Group) -> Action {
        action("group.delete", group)
    }
    fn words(group: &Group) -> Words {
        Words { back_to: "/groups".into(), ..words(group, "deletion", "Delete", "is deleted") }
    }
    fn sentence(_: &Group, _: &Effect) -> String {
        "Its members no longer have the roles that the group holds. Members and roles stay with it, and it can be \
         restored."
            .into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, group: &Group, _: &Input) -> Result<(), AppError> {
        store::delete(tx, group)
    }
}

/// Brings it back.
pub struct Restoration;

impl RowAction for Restoration {
    on_row!(Group, Manage, store::find);

    fn action(group: &Group) -> Action {
        action("group.restore", group)
    }
    fn words(group: &Group) -> Words {
        words(group, "restoration", "Restore", "is back")
    }
    fn sentence(_: &Group, _: &Effect) -> String {
        "The group is back with its members, who have the roles that it holds again.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, group: &Group, _: &Input) -> Result<(), AppError> {
        store::restore(tx, group)
    }
}

/// Takes a person out of it.
pub struct Removal;

impl RowAction for Removal {
    on_row!(MemberOf, Manage, store::find_member);
    const DANGEROUS: bool = true;

    fn action(of: &MemberOf) -> Action {
        action("group.remove_member", &of.group).details(serde_json::json!({ "user_id": of.member.user_id }))
    }
    fn words(of: &MemberOf) -> Words {
        let MemberOf { group, member } = of;
        Words {
            title: format!("Remove {} from {}", member.name, group.name),
            done: format!("{} is removed from {}.", member.name, group.name),
            post_to: format!("{}/removal", member.url()),
            ..words(group, "removal", "", "")
        }
    }
    fn sentence(of: &MemberOf, _: &Effect) -> String {
        format!("{} no longer has the roles that the group holds. Roles held otherwise stay.", of.member.name)
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &MemberOf, _: &Input) -> Result<(), AppError> {
        store::remove(tx, of)
    }
}
