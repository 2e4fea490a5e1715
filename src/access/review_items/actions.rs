//! Taking the assignment of an item away.

use diesel::PgConnection;
use serde_json::json;
use uuid::Uuid;

use super::model::Item;
use super::pages::trail;
use super::store;
use crate::access::Manage;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::row_action::{Input, RowAction, Words};

/// A decision about one assignment, in its history and those of its tenant and client.
pub fn action(name: &'static str, item: &Item) -> Action {
    let action = Action::on(name, "assignment", item.assignment_id);
    let action = action.details(json!({ "review_id": item.review_id, "item_id": item.id }));
    let action = item.tenant_id.into_iter().fold(action, Action::tenant);
    item.client_id.into_iter().fold(action, Action::client)
}

/// Ends it at once.
pub struct Removal;

impl RowAction for Removal {
    type Row = Item;
    type Needs = Manage;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Item, AppError> {
        store::find(conn, id)
    }
    fn action(item: &Item) -> Action {
        action("access_review.remove", item)
    }
    fn words(item: &Item) -> Words {
        Words {
            title: format!("Remove {}", item.named()),
            done: format!("{} no longer holds {} ({}).", item.principal_name, item.role_name, item.place()),
            post_to: format!("{}/removal", item.url()),
            back_to: item.review_url(),
            trail: trail(item, "removal"),
            typed: None,
        }
    }
    fn sentence(item: &Item, _: &Effect) -> String {
        format!("The role no longer counts from the next request on ({}). The item says why.", item.place())
    }
    fn apply(tx: &mut Tx<'_, Manage>, item: &Item, input: &Input) -> Result<(), AppError> {
        store::remove(tx, item.id, &input.reason)
    }
}
