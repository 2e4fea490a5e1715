//! Who could see anything at a moment, and who did: for breach reports. What kinds of things there are is said in
//! [`kinds`], and which rights show one of them is read off the table of routes in [`shows`].

mod address;
mod export;
mod forms;
pub mod kinds;
mod model;
mod pages;
mod shows;
mod store;

use std::collections::HashMap;

use crate::actor::Privilege;
use crate::web::nav::NavItem;
use crate::web::route::{Route, get};

/// See who could see something, and who did.
pub struct ViewExposure;
/// Take that out of the console.
pub struct ExportExposure;

impl Privilege for ViewExposure {
    const NAME: &'static str = "exposure.view";
    const DESCRIPTION: &'static str =
        "See who could see something at a moment, and who did; each page read is recorded";
    const LOG_READS: bool = true;
    const DELEGABLE: bool = true;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for ExportExposure {
    const NAME: &'static str = "exposure.export";
    const DESCRIPTION: &'static str = "Take out as CSV and JSON who could see something, and who did";
    const LOG_READS: bool = true;
    const ELEVATED: bool = true;
    const PLATFORM_ONLY: bool = true;
}

/// The right of [`ViewExposure`] where nothing is seen yet: what an id is of.
pub struct FindExposure;

impl Privilege for FindExposure {
    const NAME: &'static str = ViewExposure::NAME;
    const DESCRIPTION: &'static str = ViewExposure::DESCRIPTION;
    const DELEGABLE: bool = true;
    const PLATFORM_ONLY: bool = true;
}

/// The entry in the navigation.
pub const NAV: NavItem =
    NavItem { label: "Who could see it", href: "/exposure", key: "", privilege: ViewExposure::NAME, due: false };

/// Patterns of pages that are each about one thing, and what a thing of theirs is called in addresses.
pub fn pages_of_things() -> HashMap<&'static str, &'static str> {
    kinds::KINDS.iter().map(|kind| (kind.page, kind.name)).collect()
}

/// Its pages. Those of tenants, clients and people are also below their own.
pub fn routes() -> Vec<Route> {
    use export::export;
    use pages::{index, show};
    vec![
        get("/exposure", index),
        get("/exposure/{kind}/{id}.csv", export),
        get("/exposure/{kind}/{id}.json", export),
        get("/exposure/{kind}/{id}", show),
        get("/tenants/{id}/exposure", show),
        get("/tenants/{id}/exposure.csv", export),
        get("/tenants/{id}/exposure.json", export),
        get("/clients/{id}/exposure", show),
        get("/clients/{id}/exposure.csv", export),
        get("/clients/{id}/exposure.json", export),
        get("/people/{id}/exposure", show),
        get("/people/{id}/exposure.csv", export),
        get("/people/{id}/exposure.json", export),
    ]
}
