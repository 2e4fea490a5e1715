//! Clients: the customers of tenants, what they changed about their templates, what was deployed for them, and how
//! their sites do.

pub mod analytics;
pub mod clients;
pub mod customizations;
pub mod deployments;

pub use clients::model::Client;
pub use clients::pages::Head;

use diesel::PgConnection;

use crate::actor::{Impersonating, Personal, Privilege, PrivilegeInfo, info};
use crate::error::AppError;
use crate::web::edit::{edit, update};
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use clients::actions::{Activation, Archiving, Deletion, Pausing, Restoration};
use clients::forms::ClientPatch;
use customizations::actions as customization;
use customizations::forms::CustomizationPatch;
use deployments::actions::Cancellation;

/// See clients and everything on their pages.
pub struct View;
/// Make clients and change them.
pub struct Manage;
/// Archive and delete clients, and undo it.
pub struct Archive;
/// Start deployments and cancel them.
pub struct Deploy;
/// Take lists of clients out of the console.
pub struct Export;

impl Privilege for View {
    const NAME: &'static str = "clients.view";
    const DESCRIPTION: &'static str = "See clients, their customizations, deployments and analytics";
    const DELEGABLE: bool = true;
    const WHILE_IMPERSONATING: Impersonating = Impersonating::Looking;
}

impl Privilege for Manage {
    const NAME: &'static str = "clients.manage";
    const DESCRIPTION: &'static str = "Make, activate and pause clients, and change their facts and customizations";
    const DELEGABLE: bool = true;
    const WHILE_IMPERSONATING: Impersonating = Impersonating::Acting;
}

impl Privilege for Archive {
    const NAME: &'static str = "clients.archive";
    const DESCRIPTION: &'static str = "Archive and delete clients, and undo it";
    const ELEVATED: bool = true;
    const DELEGABLE: bool = true;
}

impl Privilege for Deploy {
    const NAME: &'static str = "clients.deploy";
    const DESCRIPTION: &'static str = "Start deployments of clients and cancel them";
    const DELEGABLE: bool = true;
    const WHILE_IMPERSONATING: Impersonating = Impersonating::Acting;
}

impl Privilege for Export {
    const NAME: &'static str = "clients.export";
    const DESCRIPTION: &'static str = "Take lists of clients and deployments out as CSV and JSON";
    const LOG_READS: bool = true;
    const ELEVATED: bool = true;
    const DELEGABLE: bool = true;
}

/// The entry in the navigation.
pub const NAV: NavItem = NavItem { label: "Clients", href: "/clients", key: "c", privilege: View::NAME, due: false };

/// Clients that are not deleted, counted to ten thousand.
pub fn count(conn: &mut PgConnection) -> Result<i64, AppError> {
    clients::store::count_living(conn)
}

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![info::<View>(), info::<Manage>(), info::<Archive>(), info::<Deploy>(), info::<Export>()]
}

/// The pages of this domain. A fixed word comes before `{id}`, which would take it for a slug.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/clients", clients::pages::index).lists(&clients::pages::LIST),
        get("/clients.csv", clients::pages::export),
        get("/clients.json", clients::pages::export),
        get("/clients/new", clients::form_pages::new),
        post("/clients", clients::form_pages::create),
        get("/tenants/{tenant_id}/clients", clients::pages::of_tenant).lists(&clients::pages::LIST_OF_TENANT),
        get("/tenants/{tenant_id}/clients.csv", clients::pages::export_of_tenant),
        get("/tenants/{tenant_id}/clients.json", clients::pages::export_of_tenant),
        get("/tenants/{tenant_id}/clients/new", clients::form_pages::new_of_tenant),
        post("/tenants/{tenant_id}/clients", clients::form_pages::create_of_tenant),
        get("/clients/{id}", clients::pages::show).shows(Personal::Of("client")),
        get("/clients/{id}/history", clients::pages::history).shows(Personal::Of("client")),
        get("/clients/{id}/edit", edit::<ClientPatch>).shows(Personal::Of("client")),
        post("/clients/{id}", update::<ClientPatch>),
        get("/clients/{id}/activation/new", ask::<Activation>),
        post("/clients/{id}/activation", act::<Activation>),
        get("/clients/{id}/pausing/new", ask::<Pausing>),
        post("/clients/{id}/pausing", act::<Pausing>),
        get("/clients/{id}/archiving/new", ask::<Archiving>),
        post("/clients/{id}/archiving", act::<Archiving>),
        get("/clients/{id}/deletion/new", ask::<Deletion>),
        post("/clients/{id}/deletion", act::<Deletion>),
        get("/clients/{id}/restoration/new", ask::<Restoration>),
        post("/clients/{id}/restoration", act::<Restoration>),
        get("/clients/{id}/analytics", analytics::pages::show),
    ];
    routes.extend(customization_routes());
    routes.extend(deployment_routes());
    routes
}

fn customization_routes() -> Vec<Route> {
    vec![
        get("/clients/{id}/customizations", customizations::pages::index).lists(&customizations::pages::LIST),
        get("/clients/{id}/customizations/new", customizations::pages::new),
        post("/clients/{id}/customizations", customizations::pages::create),
        get("/clients/{id}/customizations/{customization_id}", customizations::pages::show),
        get("/clients/{id}/customizations/{customization_id}/edit", edit::<CustomizationPatch>),
        post("/clients/{id}/customizations/{customization_id}", update::<CustomizationPatch>),
        get("/clients/{id}/customizations/{customization_id}/publication/new", ask::<customization::Publication>),
        post("/clients/{id}/customizations/{customization_id}/publication", act::<customization::Publication>),
        get("/clients/{id}/customizations/{customization_id}/deletion/new", ask::<customization::Deletion>),
        post("/clients/{id}/customizations/{customization_id}/deletion", act::<customization::Deletion>),
        get("/clients/{id}/customizations/{customization_id}/restoration/new", ask::<customization::Restoration>),
        post("/clients/{id}/customizations/{customization_id}/restoration", act::<customization::Restoration>),
    ]
}

fn deployment_routes() -> Vec<Route> {
    vec![
        get("/deployments", deployments::pages::index).lists(&deployments::pages::LIST),
        get("/deployments.csv", deployments::pages::export),
        get("/deployments.json", deployments::pages::export),
        get("/clients/{id}/deployments", deployments::pages::of_client).lists(&deployments::pages::LIST_OF_CLIENT),
        get("/clients/{id}/deployments.csv", deployments::pages::export_of_client),
        get("/clients/{id}/deployments.json", deployments::pages::export_of_client),
        get("/clients/{id}/deployments/new", deployments::pages::new),
        post("/clients/{id}/deployments", deployments::pages::create),
        get("/clients/{id}/deployments/{deployment_id}", deployments::pages::show),
        get("/clients/{id}/deployments/{deployment_id}/cancellation/new", ask::<Cancellation>),
        post("/clients/{id}/deployments/{deployment_id}/cancellation", act::<Cancellation>),
    ]
}
