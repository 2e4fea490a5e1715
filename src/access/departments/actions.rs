//! What can be done to a department and its members besides editing.

use super::model::{Department, MemberOf};
use super::store;
use crate::access::Manage;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// An action on a department, in the history of its tenant.
pub fn action(name: &'static str, department: &Department) -> Action {
    Action::on(name, "department", department.id).tenant(department.tenant_id)
}

/// The pages above one that hangs below a department.
pub fn trail(department: &Department, here: &str) -> Vec<Crumb> {
    vec![
        Crumb { label: "Tenants".into(), href: "/tenants".into() },
        Crumb { label: "departments".into(), href: department.list_url() },
        Crumb { label: department.name.clone(), href: department.url() },
        Crumb { label: here.into(), href: String::new() },
    ]
}

fn words(department: &Department, noun: &str, verb: &str, done: &str) -> Words {
    Words {
        title: format!("{verb} {}", department.name),
        done: format!("{} {done}.", department.name),
        post_to: format!("{}/{noun}", department.url()),
        back_to: department.list_url(),
        trail: trail(department, noun),
        typed: None,
    }
}

/// Takes it out of use; it can be restored.
pub struct Deletion;

impl RowAction for Deletion {
    on_row!(Department, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(department: &Department) -> Action {
        action("department.delete", department)
    }
    fn words(department: &Department) -> Words {
        words(department, "deletion", "Delete", "is deleted")
    }
    fn sentence(_: &Department, _: &Effect) -> String {
        "Its members no longer have the roles that the department holds. They stay with it, and it can be restored."
            .into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, department: &Department, _: &Input) -> Result<(), AppError> {
        store::delete(tx, department)
    }
}

/// Brings it back.
pub struct Restoration;

impl RowAction for Restoration {
    on_row!(Department, Manage, store::find);

    fn action(department: &Department) -> Action {
        action("department.restore", department)
    }
    fn words(department: &Department) -> Words {
        words(department, "restoration", "Restore", "is back")
    }
    fn sentence(_: &Department, _: &Effect) -> String {
        "The department is back where it was, and its members have the roles that it holds again.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, department: &Department, _: &Input) -> Result<(), AppError> {
        store::restore(tx, department)
    }
}

/// Takes a person out of it.
pub struct Removal;

impl RowAction for Removal {
    on_row!(MemberOf, Manage, store::find_member);
    const DANGEROUS: bool = true;

    fn action(of: &MemberOf) -> Action {
        let details = serde_json::json!({ "user_id": of.member.user_id });
        action("department.remove_member", &of.department).details(details)
    }
    fn words(of: &MemberOf) -> Words {
        let MemberOf { department, member } = of;
        Words {
            title: format!("Remove {} from {}", member.name, department.name),
            done: format!("{} is removed from {}.", member.name, department.name),
            post_to: format!("{}/removal", member.url()),
            back_to: department.url(),
            ..words(department, "removal", "", "")
        }
    }
    fn sentence(of: &MemberOf, _: &Effect) -> String {
        format!(
            "{} no longer has the roles that the department holds, and still belongs to the tenant.",
            of.member.name
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, of: &MemberOf, _: &Input) -> Result<(), AppError> {
        store::remove(tx, of)
    }
}
