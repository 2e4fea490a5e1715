//! Who could see a tenant, a client or a person at a moment, and who did: for breach reports.

pub mod forms;
pub mod model;
pub mod pages;
pub mod store;

use crate::actor::Privilege;
use crate::web::route::{Route, get};

/// See who could see a tenant, a client or a person, and who did.
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

/// Its pages.
pub fn routes() -> Vec<Route> {
    use model::{Client, Person, Tenant};
    use pages::{export, show};
    vec![
        get("/tenants/{id}/exposure", show::<Tenant>),
        get("/tenants/{id}/exposure.csv", export::<Tenant>),
        get("/tenants/{id}/exposure.json", export::<Tenant>),
        get("/clients/{id}/exposure", show::<Client>),
        get("/clients/{id}/exposure.csv", export::<Client>),
        get("/clients/{id}/exposure.json", export::<Client>),
        get("/people/{id}/exposure", show::<Person>),
        get("/people/{id}/exposure.csv", export::<Person>),
        get("/people/{id}/exposure.json", export::<Person>),
    ]
}
