//! What can be done to a tenant besides editing it. Each has a page that shows its effect first.

use jiff::{SignedDuration, Timestamp};

use super::model::Tenant;
use super::store;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::tenancy::{Manage, Suspend};
use crate::web::page::Crumb;
use crate::web::row_action::{Input, NumberField, RowAction, Words, on_row};

fn action(name: &'static str, tenant: &Tenant) -> Action {
    Action::on(name, "tenant", tenant.id).tenant(tenant.id)
}

fn words(tenant: &Tenant, noun: &str, verb: &str, done: &str) -> Words {
    Words {
        title: format!("{verb} {}", tenant.name),
        done: format!("{} {done}.", tenant.name),
        post_to: format!("{}/{noun}", tenant.url()),
        back_to: tenant.url(),
        trail: vec![
            Crumb { label: "Tenants".into(), href: "/tenants".into() },
            Crumb { label: tenant.slug.clone(), href: tenant.url() },
            Crumb { label: noun.into(), href: String::new() },
        ],
        typed: None,
    }
}

fn rows(effect: &Effect, table: &str) -> usize {
    effect.changes.iter().filter(|change| change.table_name == table).count()
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}

/// Ends a trial.
pub struct Activation;

impl RowAction for Activation {
    on_row!(Tenant, Manage, store::find);

    fn action(tenant: &Tenant) -> Action {
        action("tenant.activate", tenant)
    }
    fn words(tenant: &Tenant) -> Words {
        words(tenant, "activation", "Activate", "is active")
    }
    fn sentence(_: &Tenant, _: &Effect) -> String {
        "The trial ends and the tenant is active. Nothing changes for its people.".into()
    }
    fn apply(tx: &mut Tx<'_, Manage>, tenant: &Tenant, _: &Input) -> Result<(), AppError> {
        store::activate(tx, tenant.id)
    }
}

/// Everything stops, nothing is lost.
pub struct Suspension;

impl RowAction for Suspension {
    on_row!(Tenant, Suspend, store::find);
    const DANGEROUS: bool = true;

    fn action(tenant: &Tenant) -> Action {
        action("tenant.suspend", tenant)
    }
    fn words(tenant: &Tenant) -> Words {
        Words { typed: Some(tenant.slug.clone()), ..words(tenant, "suspension", "Suspend", "is suspended") }
    }
    fn sentence(_: &Tenant, effect: &Effect) -> String {
        let sessions = counted(rows(effect, "sessions"), "session ends", "sessions end");
        format!("{sessions} and nobody of this tenant can sign in. Data stays. You can reactivate at any time.")
    }
    fn apply(tx: &mut Tx<'_, Suspend>, tenant: &Tenant, input: &Input) -> Result<(), AppError> {
        store::suspend(tx, tenant.id, &input.reason)
    }
}

/// Ends a suspension.
pub struct Reactivation;

impl RowAction for Reactivation {
    on_row!(Tenant, Suspend, store::find);

    fn action(tenant: &Tenant) -> Action {
        action("tenant.reactivate", tenant)
    }
    fn words(tenant: &Tenant) -> Words {
        words(tenant, "reactivation", "Reactivate", "is active again")
    }
    fn sentence(tenant: &Tenant, _: &Effect) -> String {
        format!("The tenant is {} again and its people can sign in.", tenant.state_underneath())
    }
    fn apply(tx: &mut Tx<'_, Suspend>, tenant: &Tenant, _: &Input) -> Result<(), AppError> {
        store::reactivate(tx, tenant)
    }
}

/// Begins the grace period at whose end the tenant is closed.
pub struct Closing;

impl RowAction for Closing {
    on_row!(Tenant, Suspend, store::find);
    const DANGEROUS: bool = true;
    const NUMBER: Option<NumberField> = Some(NumberField {
        name: "grace_days",
        label: "Grace period in days",
        help: "Until it ends, the closing can be cancelled. 1 to 365.",
        min: 1,
        max: 365,
        default: 30,
    });

    fn action(tenant: &Tenant) -> Action {
        action("tenant.close", tenant)
    }
    fn words(tenant: &Tenant) -> Words {
        Words { typed: Some(tenant.slug.clone()), ..words(tenant, "closing", "Close", "is closing") }
    }
    fn sentence(_: &Tenant, effect: &Effect) -> String {
        let owners = counted(effect.departures.len(), "owner is", "owners are");
        format!(
            "The grace period begins and {owners} told. At its end the tenant is closed for good; until then you can cancel."
        )
    }
    fn apply(tx: &mut Tx<'_, Suspend>, tenant: &Tenant, input: &Input) -> Result<(), AppError> {
        let grace = SignedDuration::from_hours(24 * i64::from(input.number));
        store::close(tx, tenant.id, (Timestamp::now() + grace).into())
    }
}

/// Calls a closing off.
pub struct Cancellation;

impl RowAction for Cancellation {
    on_row!(Tenant, Suspend, store::find);

    fn action(tenant: &Tenant) -> Action {
        action("tenant.cancel_closing", tenant)
    }
    fn words(tenant: &Tenant) -> Words {
        words(tenant, "cancellation", "Keep", "stays open")
    }
    fn sentence(tenant: &Tenant, _: &Effect) -> String {
        format!("The closing is cancelled and the tenant is {} again.", tenant.state_underneath())
    }
    fn apply(tx: &mut Tx<'_, Suspend>, tenant: &Tenant, _: &Input) -> Result<(), AppError> {
        store::cancel_closing(tx, tenant)
    }
}

/// Takes it out of sight; it can be restored.
pub struct Deletion;

impl RowAction for Deletion {
    on_row!(Tenant, Suspend, store::find);
    const DANGEROUS: bool = true;

    fn action(tenant: &Tenant) -> Action {
        action("tenant.delete", tenant)
    }
    fn words(tenant: &Tenant) -> Words {
        let typed = Some(tenant.slug.clone());
        Words { typed, back_to: "/tenants".into(), ..words(tenant, "deletion", "Delete", "is deleted") }
    }
    fn sentence(_: &Tenant, _: &Effect) -> String {
        "The tenant leaves all lists and its slug becomes free. Its data and history stay, and it can be restored."
            .into()
    }
    fn apply(tx: &mut Tx<'_, Suspend>, tenant: &Tenant, _: &Input) -> Result<(), AppError> {
        store::delete(tx, tenant.id)
    }
}

/// Brings it back.
pub struct Restoration;

impl RowAction for Restoration {
    on_row!(Tenant, Suspend, store::find);

    fn action(tenant: &Tenant) -> Action {
        action("tenant.restore", tenant)
    }
    fn words(tenant: &Tenant) -> Words {
        words(tenant, "restoration", "Restore", "is back")
    }
    fn sentence(tenant: &Tenant, _: &Effect) -> String {
        format!("The tenant is back in all lists as {}.", tenant.status)
    }
    fn apply(tx: &mut Tx<'_, Suspend>, tenant: &Tenant, _: &Input) -> Result<(), AppError> {
        store::restore(tx, tenant)
    }
}
