//! Who may do what: people, roles and privileges.

pub mod factors_reset;
pub mod people;
pub mod roles;

use crate::actor::{Privilege, PrivilegeInfo, info};
use crate::web::route::{Route, get, post};

/// Make people and give them roles.
pub struct Manage;

impl Privilege for Manage {
    const NAME: &'static str = "access.manage";
    const DESCRIPTION: &'static str = "Make people, give them roles and means to sign in";
    const ELEVATED: bool = true;
}

/// The pages of this domain.
pub fn routes() -> Vec<Route> {
    vec![
        get("/people/{id}/factors-reset/new", factors_reset::pages::new),
        post("/people/{id}/factors-reset", factors_reset::pages::create),
    ]
}

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![info::<Manage>()]
}
