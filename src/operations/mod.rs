//! The platform as a whole: its state at a glance, the way to anything by whatever is known of it, what people keep to
//! come back to, its jobs, and what keeps it running.

mod alerts;
pub mod counts;
pub mod health;
pub mod jobs;
pub mod jump;
mod maintenance;
pub mod overview;
pub mod views;

pub use maintenance::embedded_handlers;

use diesel::PgConnection;

use crate::actor::{Impersonating, Privilege, PrivilegeInfo, info};
use crate::audit::witnesses::Witnesses;
use crate::error::AppError;
use crate::jobs::Handlers;
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use jobs::actions::{Cancellation, Retry};

/// See the overview. Each number on it needs the right to see the rows it counts.
pub struct ViewOverview;
/// Jump to anything. What is found needs the right to see it.
pub struct Search;
/// See jobs, their payloads and why they failed.
pub struct ViewJobs;
/// Try jobs again and cancel them.
pub struct ManageJobs;
/// Take lists of jobs out of the console.
pub struct ExportJobs;

impl Privilege for ViewOverview {
    const NAME: &'static str = "overview.view";
    const DESCRIPTION: &'static str = "See the overview, as far as the rows that it counts may be seen";
    const DELEGABLE: bool = true;
    const WHILE_IMPERSONATING: Impersonating = Impersonating::Looking;
}

impl Privilege for Search {
    const NAME: &'static str = "search.use";
    const DESCRIPTION: &'static str = "Jump to anything that may be seen by its id, name, address or domain";
    const DELEGABLE: bool = true;
    const ONLY_ASKS: bool = true;
    const WHILE_IMPERSONATING: Impersonating = Impersonating::Looking;
}

impl Privilege for ViewJobs {
    const NAME: &'static str = "jobs.view";
    const DESCRIPTION: &'static str = "See jobs, what they work on and why they failed";
    const DELEGABLE: bool = true;
}

impl Privilege for ManageJobs {
    const NAME: &'static str = "jobs.manage";
    const DESCRIPTION: &'static str = "Try jobs again and cancel them";
    const DELEGABLE: bool = true;
}

impl Privilege for ExportJobs {
    const NAME: &'static str = "jobs.export";
    const DESCRIPTION: &'static str = "Take lists of jobs out as CSV and JSON";
    const LOG_READS: bool = true;
    const ELEVATED: bool = true;
    const DELEGABLE: bool = true;
}

/// The entry in the navigation.
pub const NAV: NavItem = NavItem { label: "Overview", href: "/", key: "o", privilege: ViewOverview::NAME, due: false };
/// The entry of jobs; its count is of those that failed.
pub const NAV_JOBS: NavItem = NavItem { label: "Jobs", href: "/jobs", key: "j", privilege: ViewJobs::NAME, due: true };

/// What this domain does by the clock.
pub fn handlers(witnesses: &Witnesses) -> Handlers {
    maintenance::handlers().and(alerts::handlers(witnesses.clone()))
}

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![
        info::<ViewOverview>(),
        info::<Search>(),
        info::<ViewJobs>(),
        info::<ManageJobs>(),
        info::<ExportJobs>(),
        info::<views::ManageViews>(),
    ]
}

/// The pages of this domain.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/", overview::pages::index),
        get("/go", jump::pages::index),
        post("/go", jump::pages::ask),
        get("/jobs", jobs::pages::index).lists(&jobs::pages::LIST),
        get("/jobs.csv", jobs::pages::export),
        get("/jobs.json", jobs::pages::export),
        get("/jobs/{id}", jobs::pages::show),
        get("/jobs/{id}/retry/new", ask::<Retry>),
        post("/jobs/{id}/retry", act::<Retry>),
        get("/jobs/{id}/cancellation/new", ask::<Cancellation>),
        post("/jobs/{id}/cancellation", act::<Cancellation>),
    ];
    routes.extend(views::routes());
    routes
}

/// Jobs that failed or are dead, counted to ten thousand.
pub fn failed_jobs(conn: &mut PgConnection) -> Result<i64, AppError> {
    jobs::store::count_failed(conn)
}
