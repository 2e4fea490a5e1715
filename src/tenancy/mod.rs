//! Tenants: the customer organisations of the platform, their domains, people and policies.

pub mod domains;
pub mod overrides;
pub mod people;
pub mod policies;
pub mod tenants;
pub mod workspaces;

pub use domains::resolver::{NameServers, Resolver};
pub use tenants::pages::Head;

use std::sync::Arc;

use diesel::PgConnection;

use crate::actor::{Impersonating, Personal, Privilege, PrivilegeInfo, info};
use crate::error::AppError;
use crate::jobs::{Every, Handlers};
use crate::web::edit::{edit, update};
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use domains::actions::Promotion;
use domains::jobs::VERIFY;
use people::forms::MemberPatch;
use policies::forms::PoliciesPatch;
use tenants::actions::{Activation, Cancellation, Closing, Deletion, Reactivation, Restoration, Suspension};
use tenants::forms::TenantPatch;
use workspaces::actions::{Archiving, Reopening};
use workspaces::forms::WorkspacePatch;

/// See tenants and everything on their pages.
pub struct View;
/// Change tenants.
pub struct Manage;
/// Suspend, close and delete tenants, and undo it.
pub struct Suspend;
/// Take lists of tenants out of the console.
pub struct Export;

impl Privilege for View {
    const NAME: &'static str = "tenants.view";
    const DESCRIPTION: &'static str = "See tenants, their people, domains and policies";
    const DELEGABLE: bool = true;
    const WHILE_IMPERSONATING: Impersonating = Impersonating::Looking;
}

/// The right of [`View`] where a secret is shown: how a domain is proven.
pub struct ViewSecrets;

impl Privilege for ViewSecrets {
    const NAME: &'static str = View::NAME;
    const DESCRIPTION: &'static str = View::DESCRIPTION;
    const OF_WHOLE_TENANTS: bool = true;
}

/// The right of [`Manage`] where a tenant is made, which then is outside of any scope.
pub struct Make;

impl Privilege for Make {
    const NAME: &'static str = Manage::NAME;
    const DESCRIPTION: &'static str = Manage::DESCRIPTION;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for Manage {
    const NAME: &'static str = "tenants.manage";
    const DESCRIPTION: &'static str = "Make tenants and change their facts, domains and policies";
    const OF_WHOLE_TENANTS: bool = true;
    const DELEGABLE: bool = true;
}

/// The right of [`Manage`] for policies, which say who needs a second factor and how long sessions last.
pub struct ManagePolicies;

impl Privilege for ManagePolicies {
    const NAME: &'static str = Manage::NAME;
    const DESCRIPTION: &'static str = Manage::DESCRIPTION;
    const ELEVATED: bool = true;
    const DELEGABLE: bool = Manage::DELEGABLE;
    const OF_WHOLE_TENANTS: bool = Manage::OF_WHOLE_TENANTS;
}

impl Privilege for Suspend {
    const NAME: &'static str = "tenants.suspend";
    const DESCRIPTION: &'static str = "Suspend, close and delete tenants, and undo it";
    const OF_WHOLE_TENANTS: bool = true;
    const ELEVATED: bool = true;
    const DELEGABLE: bool = true;
}

impl Privilege for Export {
    const NAME: &'static str = "tenants.export";
    const DESCRIPTION: &'static str = "Take lists of tenants out as CSV and JSON";
    const LOG_READS: bool = true;
    const ELEVATED: bool = true;
    const DELEGABLE: bool = true;
}

/// The entry in the navigation.
pub const NAV: NavItem = NavItem { label: "Tenants", href: "/tenants", key: "t", privilege: View::NAME, due: false };

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![info::<View>(), info::<Manage>(), info::<Suspend>(), info::<Export>()]
}

/// What this domain does outside of requests. Names are looked up with `resolver`.
pub fn handlers(resolver: Arc<dyn Resolver>) -> Handlers {
    Handlers::new()
        .on(VERIFY, move |job, db| domains::jobs::verify(job, db, resolver.clone()))
        .on("tenancy.finish_closing", tenants::jobs::finish_closing)
        .scheduled(Every::hour(5), "tenancy.finish_closing")
}

/// Tenants that are not deleted, counted to ten thousand.
pub fn count(conn: &mut PgConnection) -> Result<i64, AppError> {
    tenants::store::count_living(conn)
}

/// The pages of this domain. A fixed word comes before `{id}`, which would take it for a slug.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/tenants", tenants::pages::index).lists(&tenants::pages::LIST),
        get("/tenants.csv", tenants::pages::export),
        get("/tenants.json", tenants::pages::export),
        get("/tenants/new", tenants::pages::new),
        post("/tenants", tenants::pages::create),
        get("/tenants/{id}", tenants::pages::show),
        get("/tenants/{id}/history", tenants::pages::history).shows(Personal::OfTenant),
        get("/tenants/{id}/edit", edit::<TenantPatch>),
        post("/tenants/{id}", update::<TenantPatch>),
        get("/tenants/{id}/activation/new", ask::<Activation>),
        post("/tenants/{id}/activation", act::<Activation>),
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
    ];
    routes.extend(people_routes());
    routes.extend(domain_routes());
    routes.extend(policy_routes());
    routes
}

fn people_routes() -> Vec<Route> {
    vec![
        get("/tenants/{id}/people", people::pages::index).shows(Personal::OfTenant).lists(&people::pages::LIST),
        get("/tenants/{id}/people.csv", people::pages::export).shows(Personal::OfTenant),
        get("/tenants/{id}/people.json", people::pages::export).shows(Personal::OfTenant),
        get("/tenants/{id}/people/new", people::pages::new),
        post("/tenants/{id}/people", people::pages::create),
        get("/tenants/{id}/people/{member_id}/edit", edit::<MemberPatch>).shows(Personal::OfTenant),
        post("/tenants/{id}/people/{member_id}", update::<MemberPatch>),
        get("/tenants/{id}/people/{member_id}/removal/new", ask::<people::actions::Removal>).shows(Personal::OfTenant),
        post("/tenants/{id}/people/{member_id}/removal", act::<people::actions::Removal>),
        get("/tenants/{id}/workspaces/new", workspaces::pages::new),
        post("/tenants/{id}/workspaces", workspaces::pages::create),
        get("/tenants/{id}/workspaces/{workspace_id}/edit", edit::<WorkspacePatch>),
        post("/tenants/{id}/workspaces/{workspace_id}", update::<WorkspacePatch>),
        get("/tenants/{id}/workspaces/{workspace_id}/archiving/new", ask::<Archiving>),
        post("/tenants/{id}/workspaces/{workspace_id}/archiving", act::<Archiving>),
        get("/tenants/{id}/workspaces/{workspace_id}/reopening/new", ask::<Reopening>),
        post("/tenants/{id}/workspaces/{workspace_id}/reopening", act::<Reopening>),
    ]
}

fn domain_routes() -> Vec<Route> {
    vec![
        get("/tenants/{id}/domains", domains::pages::index).lists(&domains::pages::LIST),
        get("/tenants/{id}/domains.csv", domains::pages::export),
        get("/tenants/{id}/domains.json", domains::pages::export),
        get("/tenants/{id}/domains/new", domains::pages::new),
        post("/tenants/{id}/domains", domains::pages::create),
        get("/tenants/{id}/domains/{domain_id}", domains::pages::show),
        post("/tenants/{id}/domains/{domain_id}/check", domains::pages::check),
        get("/tenants/{id}/domains/{domain_id}/promotion/new", ask::<Promotion>),
        post("/tenants/{id}/domains/{domain_id}/promotion", act::<Promotion>),
        get("/tenants/{id}/domains/{domain_id}/removal/new", ask::<domains::actions::Removal>),
        post("/tenants/{id}/domains/{domain_id}/removal", act::<domains::actions::Removal>),
    ]
}

fn policy_routes() -> Vec<Route> {
    vec![
        get("/tenants/{id}/policies", policies::pages::show),
        get("/tenants/{id}/policies/edit", edit::<PoliciesPatch>),
        post("/tenants/{id}/policies", update::<PoliciesPatch>),
        get("/tenants/{id}/policies/overrides/new", overrides::pages::new),
        post("/tenants/{id}/policies/overrides", overrides::pages::create),
        get("/tenants/{id}/policies/overrides/{override_id}/removal/new", ask::<overrides::actions::Removal>),
        post("/tenants/{id}/policies/overrides/{override_id}/removal", act::<overrides::actions::Removal>),
    ]
}
