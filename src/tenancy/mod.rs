//! Tenants: the customer organisations of the platform, their domains, people and policies.

pub mod tenants;

pub use tenants::pages::Head;

use diesel::PgConnection;

use crate::actor::{Privilege, PrivilegeInfo, info};
use crate::error::AppError;
use crate::jobs::{Every, Handlers};
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use tenants::actions::{Cancellation, Closing, Deletion, Reactivation, Restoration, Suspension};

/// See tenants and everything on their pages.
pub struct View;
/// Make tenants and change them.
pub struct Manage;
/// Suspend, close and delete tenants, and undo it.
pub struct Suspend;
/// Take lists of tenants out of the console.
pub struct Export;

impl Privilege for View {
    const NAME: &'static str = "tenants.view";
    const DESCRIPTION: &'static str = "See tenants, their people, domains and policies";
}

impl Privilege for Manage {
    const NAME: &'static str = "tenants.manage";
    const DESCRIPTION: &'static str = "Make tenants and change their facts, domains and policies";
}

impl Privilege for Suspend {
    const NAME: &'static str = "tenants.suspend";
    const DESCRIPTION: &'static str = "Suspend, close and delete tenants, and undo it";
}

impl Privilege for Export {
    const NAME: &'static str = "tenants.export";
    const DESCRIPTION: &'static str = "Take lists of tenants out as CSV";
}

/// The entry in the navigation.
pub const NAV: NavItem = NavItem { label: "Tenants", href: "/tenants", key: "t", privilege: View::NAME, due: false };

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![info::<View>(), info::<Manage>(), info::<Suspend>(), info::<Export>()]
}

/// What this domain does outside of requests.
pub fn handlers() -> Handlers {
    Handlers::new()
        .on("tenancy.finish_closing", tenants::jobs::finish_closing)
        .scheduled(Every::hour(5), "tenancy.finish_closing")
}

/// Tenants that are not deleted, counted to ten thousand.
pub fn count(conn: &mut PgConnection) -> Result<i64, AppError> {
    tenants::store::count_living(conn)
}

/// The pages of this domain. A fixed word comes before `{id}`, which would take it for a slug.
pub fn routes() -> Vec<Route> {
    vec![
        get("/tenants", tenants::pages::index),
        get("/tenants.csv", tenants::pages::export),
        get("/tenants/new", tenants::pages::new),
        post("/tenants", tenants::pages::create),
        get("/tenants/{id}", tenants::pages::show),
        get("/tenants/{id}/history", tenants::pages::history),
        get("/tenants/{id}/edit", tenants::pages::edit),
        post("/tenants/{id}", tenants::pages::update),
        get("/tenants/{id}/suspension/new", ask::<Suspension>),
        post("/tenants/{id}/suspension", act::<Suspension>),
        get("/tenants/{id}/reactivation/new", ask::<Reactivation>),
        post("/tenants/{id}/reactivation", act::<Reactivation>),
        get("/tenants/{id}/closing/new", ask::<Closing>),
        post("/tenants/{id}/closing", act::<Closing>),
        get("/tenants/{id}/cancellation/new", ask::<Cancellation>),
        post("/tenants/{id}/cancellation", act::<Cancellation>),
        get("/tenants/{id}/deletion/new", ask::<Deletion>),
        post("/tenants/{id}/deletion", act::<Deletion>),
        get("/tenants/{id}/restoration/new", ask::<Restoration>),
        post("/tenants/{id}/restoration", act::<Restoration>),
    ]
}
