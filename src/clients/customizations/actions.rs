//! What can be done to a customization besides editing it.

use super::model::Customization;
use super::store;
use crate::action::{Action, Effect};
use crate::clients::Manage;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

fn action(name: &'static str, row: &Customization) -> Action {
    Action::on(name, "client_customization", row.id).tenant(row.tenant_id).client(row.client_id)
}

fn words(row: &Customization, noun: &str, verb: &str, done: &str) -> Words {
    Words {
        title: format!("{verb} customization of {}", row.template_id),
        done: format!("The customization of {} {done}.", row.template_id),
        post_to: format!("{}/{noun}", row.url()),
        back_to: row.url(),
        trail: vec![
            Crumb { label: "Clients".into(), href: "/clients".into() },
            Crumb { label: "customizations".into(), href: row.list_url() },
            Crumb { label: row.template_id.clone(), href: row.url() },
            Crumb { label: noun.into(), href: String::new() },
        ],
        typed: None,
    }
}

/// The next deployment uses it.
pub struct Publication;

impl RowAction for Publication {
    on_row!(Customization, Manage, store::find);

    fn action(row: &Customization) -> Action {
        action("client_customization.publish", row)
    }
    fn words(row: &Customization) -> Words {
        words(row, "publication", "Publish", "is published")
    }
    fn sentence(_: &Customization, _: &Effect) -> String {
        "The next deployment uses these settings. What is live now stays as it is until then.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, row: &Customization, _: &Input) -> Result<(), AppError> {
        store::publish(tx, row)
    }
}

/// Takes it out of sight; it can be restored.
pub struct Deletion;

impl RowAction for Deletion {
    on_row!(Customization, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(row: &Customization) -> Action {
        action("client_customization.delete", row)
    }
    fn words(row: &Customization) -> Words {
        Words { back_to: row.list_url(), ..words(row, "deletion", "Delete", "is deleted") }
    }
    fn sentence(_: &Customization, _: &Effect) -> String {
        "The next deployment uses the template as it comes. The customization can be restored as a draft.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, row: &Customization, _: &Input) -> Result<(), AppError> {
        store::delete(tx, row)
    }
}

/// Brings it back.
pub struct Restoration;

impl RowAction for Restoration {
    on_row!(Customization, Manage, store::find);

    fn action(row: &Customization) -> Action {
        action("client_customization.restore", row)
    }
    fn words(row: &Customization) -> Words {
        words(row, "restoration", "Restore", "is back")
    }
    fn sentence(_: &Customization, _: &Effect) -> String {
        "The customization is back as a draft; publish it for the next deployment to use it.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, row: &Customization, _: &Input) -> Result<(), AppError> {
        store::restore(tx, row)
    }
}
