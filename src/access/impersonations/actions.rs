//! What others do with an impersonation: approve it, refuse it, end it.

use diesel::PgConnection;
use serde_json::json;
use uuid::Uuid;

use super::model::Listed;
use super::{Approve, store};
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words};

/// An action on an impersonation, in the history of its tenant.
pub fn action(name: &'static str, listed: &Listed) -> Action {
    let row = &listed.row;
    let details = json!({ "admin_user_id": row.admin_user_id, "target_user_id": row.target_user_id,
        "ticket": row.ticket, "mode": row.mode });
    Action::on(name, "impersonation", row.id).tenant(row.tenant_id).details(details)
}

fn words(listed: &Listed, noun: &str, title: String, done: String) -> Words {
    Words {
        title,
        done,
        post_to: format!("{}/{noun}", listed.row.url()),
        back_to: listed.row.url(),
        trail: vec![
            Crumb { label: "Impersonations".into(), href: "/impersonations".into() },
            Crumb { label: listed.title(), href: listed.row.url() },
            Crumb { label: noun.into(), href: String::new() },
        ],
        typed: None,
    }
}

/// Whoever asked may begin.
pub struct Approval;
/// They may not.
pub struct Refusal;
/// What runs is over.
pub struct Ending;

impl RowAction for Approval {
    type Row = Listed;
    type Needs = Approve;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
        store::find(conn, id)
    }
    fn action(listed: &Listed) -> Action {
        action("impersonation.approve", listed)
    }
    fn words(listed: &Listed) -> Words {
        let title = format!("Approve {}", listed.title());
        words(listed, "approval", title, format!("{} may act as {}.", listed.admin, listed.target))
    }
    fn sentence(listed: &Listed, _: &Effect) -> String {
        format!(
            "{} may change in {} what {} can change there, for {} minutes, and has to begin within {} minutes. They gave \
             ticket {} and this reason: {}",
            listed.admin,
            listed.tenant,
            listed.target,
            listed.row.minutes,
            store::BEGUN_WITHIN_MINUTES,
            listed.row.ticket,
            listed.row.reason
        )
    }
    fn apply(tx: &mut Tx<'_, Approve>, listed: &Listed, input: &Input) -> Result<(), AppError> {
        store::approve(tx, listed, &input.reason)
    }
}

impl RowAction for Refusal {
    type Row = Listed;
    type Needs = Approve;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
        store::find(conn, id)
    }
    fn action(listed: &Listed) -> Action {
        action("impersonation.refuse", listed)
    }
    fn words(listed: &Listed) -> Words {
        let title = format!("Refuse {}", listed.title());
        words(listed, "refusal", title, format!("{} may not act as {}.", listed.admin, listed.target))
    }
    fn sentence(listed: &Listed, _: &Effect) -> String {
        format!("{} cannot begin. They read your reason on the page of their request.", listed.admin)
    }
    fn apply(tx: &mut Tx<'_, Approve>, listed: &Listed, input: &Input) -> Result<(), AppError> {
        store::refuse(tx, listed, &input.reason)
    }
}

impl RowAction for Ending {
    type Row = Listed;
    type Needs = Approve;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
        store::find(conn, id)
    }
    fn action(listed: &Listed) -> Action {
        action("impersonation.end", listed)
    }
    fn words(listed: &Listed) -> Words {
        let title = format!("End {}", listed.title());
        words(listed, "ending", title, format!("{} no longer impersonates {}.", listed.admin, listed.target))
    }
    fn sentence(listed: &Listed, _: &Effect) -> String {
        format!("The next request of {} is refused, whatever they are doing.", listed.admin)
    }
    fn apply(tx: &mut Tx<'_, Approve>, listed: &Listed, _: &Input) -> Result<(), AppError> {
        store::end(tx, listed.row.id, "ended by others")
    }
}
