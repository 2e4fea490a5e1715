//! What can be done to a view besides editing it.

use serde_json::json;

use super::model::View;
use super::{KeepViews, ManageViews, store};
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

/// The pages above one that hangs below a view.
pub fn trail(view: &View, here: &str) -> Vec<Crumb> {
    vec![
        Crumb { label: "Saved views".into(), href: "/views".into() },
        Crumb { label: view.name.clone(), href: view.url() },
        Crumb { label: here.into(), href: String::new() },
    ]
}

fn words(view: &View, noun: &str, verb: &str, done: &str) -> Words {
    Words {
        title: format!("{verb} {}", view.name),
        done: format!("{} is {done}.", view.name),
        post_to: format!("{}/{noun}", view.url()),
        back_to: "/views".into(),
        trail: trail(view, noun),
        typed: None,
    }
}

/// Its owner does not need it any more.
pub struct Deletion;

impl RowAction for Deletion {
    on_row!(View, KeepViews, store::own);
    const DANGEROUS: bool = true;

    fn action(view: &View) -> Action {
        Action::on("view.delete", "view", view.id)
    }
    fn words(view: &View) -> Words {
        words(view, "deletion", "Delete", "deleted")
    }
    fn sentence(view: &View, _: &Effect) -> String {
        match view.is_shared {
            true => "It is gone for everybody who sees it, and links to it lead nowhere. The list itself stays.".into(),
            false => "It is gone. The list itself stays.".into(),
        }
    }
    fn apply(tx: &mut Tx<'_, KeepViews>, view: &View, _: &Input) -> Result<(), AppError> {
        store::delete(tx, view)
    }
}

/// Somebody who answers for all of them takes away what its owner shares.
pub struct Removal;

impl RowAction for Removal {
    on_row!(View, ManageViews, store::shared);
    const DANGEROUS: bool = true;

    fn action(view: &View) -> Action {
        Action::on("view.remove", "view", view.id).details(json!({ "user_id": view.user_id }))
    }
    fn words(view: &View) -> Words {
        words(view, "removal", "Remove", "removed")
    }
    fn sentence(view: &View, _: &Effect) -> String {
        format!("It is gone for everybody, also for {}, who shares it. The list itself stays.", view.owner)
    }
    fn apply(tx: &mut Tx<'_, ManageViews>, view: &View, _: &Input) -> Result<(), AppError> {
        store::remove(tx, view)
    }
}
