//! What can be done to a client besides editing it. Each has a page that shows its effect first.

use super::model::Client;
use super::store;
use crate::action::{Action, Effect};
use crate::clients::{Archive, Manage};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

fn action(name: &'static str, client: &Client) -> Action {
    Action::on(name, "client", client.id).tenant(client.tenant_id).client(client.id)
}

fn words(client: &Client, noun: &str, verb: &str, done: &str) -> Words {
    Words {
        title: format!("{verb} {}", client.name),
        done: format!("{} {done}.", client.name),
        post_to: format!("{}/{noun}", client.url()),
        back_to: client.url(),
        trail: vec![
            Crumb { label: "Clients".into(), href: "/clients".into() },
            Crumb { label: client.slug.clone(), href: client.url() },
            Crumb { label: noun.into(), href: String::new() },
        ],
        typed: None,
    }
}

/// What happens to deployments under way, as the beginning of a sentence or the end of one.
fn cancelled(effect: &Effect) -> String {
    match effect.changes.iter().filter(|change| change.table_name == "client_deployments").count() {
        0 => "No deployment is under way".into(),
        1 => "1 deployment that has not ended is cancelled".into(),
        count => format!("{count} deployments that have not ended are cancelled"),
    }
}

/// Takes it into service, for the first time or again.
pub struct Activation;

impl RowAction for Activation {
    on_row!(Client, Manage, store::find);

    fn action(client: &Client) -> Action {
        action("client.activate", client)
    }
    fn words(client: &Client) -> Words {
        words(client, "activation", "Activate", "is active")
    }
    fn sentence(client: &Client, _: &Effect) -> String {
        format!("The client goes from {} to active and can be deployed to every environment.", client.status)
    }
    fn apply(tx: &mut Tx<'_, Manage>, client: &Client, _: &Input) -> Result<(), AppError> {
        store::activate(tx, client)
    }
}

/// Takes it offline for a while.
pub struct Pausing;

impl RowAction for Pausing {
    on_row!(Client, Manage, store::find);
    const DANGEROUS: bool = true;

    fn action(client: &Client) -> Action {
        action("client.pause", client)
    }
    fn words(client: &Client) -> Words {
        words(client, "pausing", "Pause", "is paused")
    }
    fn sentence(_: &Client, effect: &Effect) -> String {
        format!("{}, and no new one starts until the client is active again.", cancelled(effect))
    }
    fn apply(tx: &mut Tx<'_, Manage>, client: &Client, _: &Input) -> Result<(), AppError> {
        store::pause(tx, client.id)
    }
}

/// Keeps it for reference only.
pub struct Archiving;

impl RowAction for Archiving {
    on_row!(Client, Archive, store::find);
    const DANGEROUS: bool = true;

    fn action(client: &Client) -> Action {
        action("client.archive", client)
    }
    fn words(client: &Client) -> Words {
        words(client, "archiving", "Archive", "is archived")
    }
    fn sentence(_: &Client, effect: &Effect) -> String {
        format!(
            "{}, and no new one starts. The client stays in the lists and can be activated again.",
            cancelled(effect)
        )
    }
    fn apply(tx: &mut Tx<'_, Archive>, client: &Client, _: &Input) -> Result<(), AppError> {
        store::archive(tx, client.id)
    }
}

/// Takes it out of sight; it can be restored.
pub struct Deletion;

impl RowAction for Deletion {
    on_row!(Client, Archive, store::find);
    const DANGEROUS: bool = true;

    fn action(client: &Client) -> Action {
        action("client.delete", client)
    }
    fn words(client: &Client) -> Words {
        let typed = Some(client.slug.clone());
        Words { typed, back_to: "/clients".into(), ..words(client, "deletion", "Delete", "is deleted") }
    }
    fn sentence(_: &Client, effect: &Effect) -> String {
        format!(
            "The client leaves all lists and its slug becomes free. {}. Its data and history stay, and it can be restored.",
            cancelled(effect)
        )
    }
    fn apply(tx: &mut Tx<'_, Archive>, client: &Client, _: &Input) -> Result<(), AppError> {
        store::delete(tx, client.id)
    }
}

/// Brings it back.
pub struct Restoration;

impl RowAction for Restoration {
    on_row!(Client, Archive, store::find);

    fn action(client: &Client) -> Action {
        action("client.restore", client)
    }
    fn words(client: &Client) -> Words {
        words(client, "restoration", "Restore", "is back")
    }
    fn sentence(client: &Client, _: &Effect) -> String {
        format!("The client is back in all lists as {}.", client.status)
    }
    fn apply(tx: &mut Tx<'_, Archive>, client: &Client, _: &Input) -> Result<(), AppError> {
        store::restore(tx, client)
    }
}
