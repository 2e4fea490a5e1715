//! Revoking a delegation: anybody's, by staff, or one's own.

use diesel::PgConnection;
use serde_json::json;
use uuid::Uuid;

use super::KeepDelegations;
use super::model::{Listed, Whose};
use super::{reading, store};
use crate::access::Manage;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words};

/// Ends anybody's.
pub struct Revocation;
/// Ends one that was given or received by whoever acts.
pub struct OwnRevocation;

/// The name and target of what is done to a delegation.
pub fn action(name: &'static str, listed: &Listed) -> Action {
    let people = json!({ "grantor_user_id": listed.grantor.id, "delegate_user_id": listed.delegate.id });
    let action = Action::on(name, "delegation", listed.delegation.id).details(people);
    listed.delegation.tenant_id.into_iter().fold(action, Action::tenant)
}

fn words(listed: &Listed, whose: Whose) -> Words {
    let url = listed.delegation.url(whose);
    Words {
        title: format!("Revoke {}", listed.title()),
        done: format!("{} no longer acts for {}.", listed.delegate.name, listed.grantor.name),
        post_to: format!("{url}/revocation"),
        trail: vec![
            Crumb { label: whose.label().into(), href: whose.list().into() },
            Crumb { label: listed.title(), href: url.clone() },
            Crumb { label: "revocation".into(), href: String::new() },
        ],
        back_to: url,
        typed: None,
    }
}

fn sentence(listed: &Listed) -> String {
    format!(
        "{} can no longer act for {}, from the next request on. This cannot be undone; {} can make another one.",
        listed.delegate.name, listed.grantor.name, listed.grantor.name
    )
}

impl RowAction for Revocation {
    type Row = Listed;
    type Needs = Manage;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
        reading::find(conn, id, Whose::Anybodys)
    }
    fn action(listed: &Listed) -> Action {
        action("delegation.revoke", listed)
    }
    fn words(listed: &Listed) -> Words {
        words(listed, Whose::Anybodys)
    }
    fn sentence(listed: &Listed, _: &Effect) -> String {
        sentence(listed)
    }
    fn apply(tx: &mut Tx<'_, Manage>, listed: &Listed, _: &Input) -> Result<(), AppError> {
        store::revoke(tx, listed)
    }
}

impl RowAction for OwnRevocation {
    type Row = Listed;
    type Needs = KeepDelegations;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
        reading::find(conn, id, Whose::Own)
    }
    fn action(listed: &Listed) -> Action {
        action("delegation.revoke", listed)
    }
    fn words(listed: &Listed) -> Words {
        words(listed, Whose::Own)
    }
    fn sentence(listed: &Listed, _: &Effect) -> String {
        sentence(listed)
    }
    fn apply(tx: &mut Tx<'_, KeepDelegations>, listed: &Listed, _: &Input) -> Result<(), AppError> {
        store::revoke(tx, listed)
    }
}
