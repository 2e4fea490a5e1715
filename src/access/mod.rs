//! Who may do what: people, roles and privileges, and the tokens of programs.

pub mod factors_reset;
pub mod people;
pub mod roles;
pub mod tokens;

pub use people::founders;

use uuid::Uuid;

use crate::actor::{Actor, Can, Needs, Privilege, PrivilegeInfo, info};
use crate::auth::OwnAccount;
use crate::db::Db;
use crate::error::AppError;
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use tokens::actions::{OwnRevocation, Revocation};

/// See who may do what.
pub struct View;
/// Make people and give them roles.
pub struct Manage;
/// Take lists of who may do what out of the console.
pub struct Export;

/// Needed to make tokens of one's own, which then act with nobody there to prove who they are.
pub struct MakeOwnTokens;

impl Privilege for MakeOwnTokens {
    const NAME: &'static str = "account.make_tokens";
    const DESCRIPTION: &'static str = "Make API tokens of one's own";
    const NEEDS: Needs = Needs::Session;
    const ELEVATED: bool = true;
}

impl Privilege for View {
    const NAME: &'static str = "access.view";
    const DESCRIPTION: &'static str = "See who may do what, and the API tokens of everybody";
}

impl Privilege for Manage {
    const NAME: &'static str = "access.manage";
    const DESCRIPTION: &'static str = "Make people, give them roles and means to sign in";
    const ELEVATED: bool = true;
}

impl Privilege for Export {
    const NAME: &'static str = "access.export";
    const DESCRIPTION: &'static str = "Take lists of who may do what out as CSV and JSON";
    const ELEVATED: bool = true;
}

/// The entry of API tokens in the navigation.
pub const NAV_TOKENS: NavItem =
    NavItem { label: "API tokens", href: "/tokens", key: "", privilege: View::NAME, due: false };

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![info::<View>(), info::<Manage>(), info::<Export>()]
}

/// The pages of this domain. A fixed word comes before `{id}`.
pub fn routes() -> Vec<Route> {
    use tokens::{form_pages, pages};
    vec![
        get("/people/{id}/factors-reset/new", factors_reset::pages::new),
        post("/people/{id}/factors-reset", factors_reset::pages::create),
        get("/tokens", pages::index),
        get("/tokens.csv", pages::export),
        get("/tokens.json", pages::export),
        get("/tokens/new", form_pages::new),
        post("/tokens", form_pages::create_for_service),
        get("/tokens/{id}", pages::show),
        get("/tokens/{id}/rotation/new", form_pages::ask_for_service),
        post("/tokens/{id}/rotation", form_pages::rotate_for_service),
        get("/tokens/{id}/revocation/new", ask::<Revocation>),
        post("/tokens/{id}/revocation", act::<Revocation>),
        get("/account/tokens", pages::own),
        get("/account/tokens/new", form_pages::new_own),
        post("/account/tokens", form_pages::create_own),
        get("/account/tokens/{id}", pages::show_own),
        get("/account/tokens/{id}/rotation/new", form_pages::ask_own),
        post("/account/tokens/{id}/rotation", form_pages::rotate_own),
        get("/account/tokens/{id}/revocation/new", ask::<OwnRevocation>),
        post("/account/tokens/{id}/revocation", act::<OwnRevocation>),
    ]
}

/// The page of the API token with this text: among all for those who see all, among one's own for its owner.
pub async fn token_page(db: &Db, actor: &std::sync::Arc<Actor>, text: &str) -> Result<Option<String>, AppError> {
    let hash = crate::token::hash(text);
    let own = Can::<OwnAccount>::prove(actor.clone())?;
    let found: Option<(Uuid, bool)> = db.read(&own, move |conn| tokens::store::by_text(conn, hash)).await?;
    Ok(match found {
        Some((id, _)) if actor.holds_everywhere(View::NAME) => Some(format!("/tokens/{id}")),
        Some((id, true)) => Some(format!("/account/tokens/{id}")),
        _ => None,
    })
}
