//! Impersonations: a member of the staff sees one tenant as one of its people does, for at most an hour, and the person
//! is told. Looking begins at once; acting waits for a second person. What is open meanwhile is said by each privilege
//! ([`WHILE_IMPERSONATING`](crate::actor::Privilege::WHILE_IMPERSONATING)), which rights result by
//! `control.impersonated_authority`, and what the database lets through by its roles `castellan_viewing` and
//! `castellan_acting`.

pub mod actions;
mod candidates;
pub mod form_pages;
pub mod forms;
pub mod jobs;
mod letters;
pub mod model;
pub mod pages;
pub mod store;

use crate::actor::Privilege;
use crate::web::nav::NavItem;
use crate::web::route::{Route, get, post};
use crate::web::row_action::{act, ask};
use actions::{Approval, Ending, Refusal};

/// See the console as a person of a tenant.
pub struct Impersonate;
/// Decide whether others may act as a person of a tenant, and end what they do.
pub struct Approve;
/// See who impersonated whom, and what they saw and did.
pub struct ViewImpersonations;

impl Privilege for Impersonate {
    const NAME: &'static str = "people.impersonate";
    const DESCRIPTION: &'static str = "Look at the console as a person of a tenant; act as them when others approve";
    const ELEVATED: bool = true;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for Approve {
    const NAME: &'static str = "impersonations.approve";
    const DESCRIPTION: &'static str =
        "Approve and refuse that others act as a person of a tenant, and end impersonations";
    const ELEVATED: bool = true;
    const PLATFORM_ONLY: bool = true;
}

impl Privilege for ViewImpersonations {
    const NAME: &'static str = "impersonations.view";
    const DESCRIPTION: &'static str = "See who impersonated whom, why, and what they saw and did";
}

/// The entry in the navigation; its count is of requests that wait for a decision.
pub const NAV: NavItem = NavItem {
    label: "Impersonations",
    href: "/impersonations",
    key: "",
    privilege: ViewImpersonations::NAME,
    due: true,
};

/// The pages of this resource.
pub fn routes() -> Vec<Route> {
    vec![
        get("/people/{id}/impersonation/new", form_pages::new),
        post("/people/{id}/impersonation", form_pages::create),
        get("/impersonations", pages::index).lists(&pages::LIST),
        get("/impersonations.csv", pages::export),
        get("/impersonations.json", pages::export),
        get("/impersonations/{id}", pages::show),
        post("/impersonations/{id}/beginning", form_pages::begin),
        get("/impersonations/{id}/approval/new", ask::<Approval>),
        post("/impersonations/{id}/approval", act::<Approval>),
        get("/impersonations/{id}/refusal/new", ask::<Refusal>),
        post("/impersonations/{id}/refusal", act::<Refusal>),
        get("/impersonations/{id}/ending/new", ask::<Ending>),
        post("/impersonations/{id}/ending", act::<Ending>),
    ]
}
