//! Revoking a token: anybody's, by staff, or one's own.

use diesel::PgConnection;
use uuid::Uuid;

use super::model::Listed;
use super::store::{self, Whose};
use crate::access::Manage;
use crate::action::{Action, Effect};
use crate::auth::OwnAccount;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words};

/// Ends anybody's token.
pub struct Revocation;
/// Ends one's own.
pub struct OwnRevocation;

/// The name and target of what is done to a token.
pub fn action(name: &'static str, listed: &Listed) -> Action {
    let details = serde_json::json!({ "owner_id": listed.owner.id, "prefix": listed.token.prefix });
    Action::on(name, "api_token", listed.token.id).details(details)
}

/// The pages above something that is done to a token.
pub fn trail(listed: &Listed, whose: Whose, noun: &str) -> Vec<Crumb> {
    let (all, url) = match whose {
        Whose::Anybodys => (Crumb { label: "API tokens".into(), href: "/tokens".into() }, listed.token.url()),
        Whose::Own => (Crumb { label: "Your tokens".into(), href: "/account/tokens".into() }, listed.token.own_url()),
    };
    vec![all, Crumb { label: listed.token.name.clone(), href: url }, Crumb { label: noun.into(), href: String::new() }]
}

fn words(listed: &Listed, whose: Whose) -> Words {
    let (url, back_to) = match whose {
        Whose::Anybodys => (listed.token.url(), listed.token.url()),
        Whose::Own => (listed.token.own_url(), "/account/tokens".to_owned()),
    };
    Words {
        title: format!("Revoke {}", listed.token.name),
        done: format!("{} is revoked.", listed.token.name),
        post_to: format!("{url}/revocation"),
        back_to,
        trail: trail(listed, whose, "revocation"),
        typed: None,
    }
}

fn sentence(listed: &Listed) -> String {
    format!(
        "Programs that use {} as {} are refused from this moment on. This cannot be undone; a new token can be made.",
        listed.token.shown(),
        listed.owner.name
    )
}

impl RowAction for Revocation {
    type Row = Listed;
    type Needs = Manage;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
        store::find(conn, id, Whose::Anybodys)
    }
    fn action(listed: &Listed) -> Action {
        action("api_token.revoke", listed)
    }
    fn words(listed: &Listed) -> Words {
        words(listed, Whose::Anybodys)
    }
    fn sentence(listed: &Listed, _: &Effect) -> String {
        sentence(listed)
    }
    fn apply(tx: &mut Tx<'_, Manage>, listed: &Listed, _: &Input) -> Result<(), AppError> {
        store::revoke(tx, &listed.token)
    }
}

impl RowAction for OwnRevocation {
    type Row = Listed;
    type Needs = OwnAccount;
    const DANGEROUS: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
        store::find(conn, id, Whose::Own)
    }
    fn action(listed: &Listed) -> Action {
        action("api_token.revoke", listed)
    }
    fn words(listed: &Listed) -> Words {
        words(listed, Whose::Own)
    }
    fn sentence(listed: &Listed, _: &Effect) -> String {
        sentence(listed)
    }
    fn apply(tx: &mut Tx<'_, OwnAccount>, listed: &Listed, _: &Input) -> Result<(), AppError> {
        store::revoke(tx, &listed.token)
    }
}
