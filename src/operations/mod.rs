//! The platform as a whole: its state at a glance, and the way to anything by whatever is known of it.

pub mod jump;
pub mod overview;

use crate::actor::{Privilege, PrivilegeInfo, info};
use crate::web::nav::NavItem;
use crate::web::route::{Route, get};

/// See the overview. Each number on it needs the right to see the rows it counts.
pub struct ViewOverview;
/// Jump to anything. What is found needs the right to see it.
pub struct Search;

impl Privilege for ViewOverview {
    const NAME: &'static str = "overview.view";
    const DESCRIPTION: &'static str = "See the overview, as far as the rows that it counts may be seen";
}

impl Privilege for Search {
    const NAME: &'static str = "search.use";
    const DESCRIPTION: &'static str = "Jump to anything that may be seen by its id, name, address or domain";
}

/// The entry in the navigation.
pub const NAV: NavItem = NavItem { label: "Overview", href: "/", key: "o", privilege: ViewOverview::NAME, due: false };

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![info::<ViewOverview>(), info::<Search>()]
}

/// The pages of this domain.
pub fn routes() -> Vec<Route> {
    vec![get("/", overview::pages::index), get("/go", jump::pages::index)]
}

/// The right to see jobs, by the name that it will have.
pub struct ViewJobs;

impl Privilege for ViewJobs {
    const NAME: &'static str = "jobs.view";
    const DESCRIPTION: &'static str = "";
}
