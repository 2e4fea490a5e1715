//! Taking a role away.

use super::model::Assignment;
use super::store;
use crate::access::Manage;
use crate::access::giving::Place;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// An action on an assignment, in the history of its tenant and client.
pub fn action(name: &'static str, row: &Assignment) -> Action {
    Place { tenant_id: row.tenant_id, client_id: row.client_id }.of(Action::on(name, "assignment", row.id))
}

/// The pages above one that hangs below an assignment.
pub fn trail(row: &Assignment, here: &str) -> Vec<Crumb> {
    vec![
        Crumb { label: "Assignments".into(), href: "/assignments".into() },
        Crumb { label: format!("{} of {}", row.role, row.principal()), href: row.url() },
        Crumb { label: here.into(), href: String::new() },
    ]
}

/// Ends it at once.
pub struct Revocation;

impl RowAction for Revocation {
    on_row!(Assignment, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(row: &Assignment) -> Action {
        action("assignment.revoke", row)
    }
    fn words(row: &Assignment) -> Words {
        Words {
            title: format!("Revoke {} of {}", row.role, row.principal()),
            done: format!("{} no longer holds {} ({}).", row.principal(), row.role, row.place()),
            post_to: format!("{}/revocation", row.url()),
            back_to: row.url(),
            trail: trail(row, "revocation"),
            typed: None,
        }
    }
    fn sentence(row: &Assignment, _: &Effect) -> String {
        format!(
            "The role no longer counts from the next request on ({}). The assignment stays in the list.",
            row.place()
        )
    }
    fn apply(tx: &mut Tx<'_, Manage>, row: &Assignment, _: &Input) -> Result<(), AppError> {
        store::revoke(tx, row)
    }
}
