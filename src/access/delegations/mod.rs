//! Delegations: somebody acts for somebody else, with some of their rights and for a while. What the grantor does not
//! hold at the moment of a request counts for nothing, and nobody hands on what was handed to them.

pub mod acting_pages;
pub mod actions;
pub mod form_pages;
pub mod forms;
mod letters;
pub mod model;
pub mod pages;
pub mod reading;
pub mod store;

use super::View;
use crate::actor::{Needs, Privilege};
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};

/// Needed to let somebody else act in one's name for a while.
pub struct Delegate;
/// Needed to see the delegations that one gave and received, and to end them.
pub struct KeepDelegations;
/// Needed to act under a delegation that one received.
pub struct ActForOthers;

impl Privilege for Delegate {
    const NAME: &'static str = "account.delegate";
    const DESCRIPTION: &'static str = "Let somebody else act with some of one's rights, for a while";
    const NEEDS: Needs = Needs::Session;
    const ELEVATED: bool = true;
}

impl Privilege for KeepDelegations {
    const NAME: &'static str = "account.delegations";
    const DESCRIPTION: &'static str = "See and revoke the delegations that one gave and received";
    const NEEDS: Needs = Needs::Session;
}

impl Privilege for ActForOthers {
    const NAME: &'static str = "account.act_for_others";
    const DESCRIPTION: &'static str = "Act for somebody else under a delegation that one received";
    const NEEDS: Needs = Needs::Session;
}

/// The entry in the navigation.
pub const NAV: NavItem =
    NavItem { label: "Delegations", href: "/delegations", key: "", privilege: View::NAME, due: false };

/// Their pages.
pub fn routes() -> Vec<Route> {
    vec![
        get("/delegations", pages::index).lists(&pages::LIST),
        get("/delegations.csv", pages::export),
        get("/delegations.json", pages::export),
        get("/delegations/{id}", pages::show),
        get("/delegations/{id}/revocation/new", ask::<actions::Revocation>),
        post("/delegations/{id}/revocation", act::<actions::Revocation>),
        get("/account/delegations", pages::own),
        get("/account/delegations/new", form_pages::new),
        post("/account/delegations", form_pages::create),
        get("/account/delegations/{id}", pages::show_own),
        get("/account/delegations/{id}/revocation/new", ask::<actions::OwnRevocation>),
        post("/account/delegations/{id}/revocation", act::<actions::OwnRevocation>),
        post("/account/delegations/{id}/acting", acting_pages::begin),
    ]
}
