//! Who may do what: people, roles and privileges.

pub mod people;
pub mod roles;

use crate::actor::{Privilege, PrivilegeInfo, info};

/// Make people and give them roles.
pub struct Manage;

impl Privilege for Manage {
    const NAME: &'static str = "access.manage";
    const DESCRIPTION: &'static str = "Make people, give them roles and means to sign in";
}

/// What this domain protects.
pub fn privileges() -> Vec<PrivilegeInfo> {
    vec![info::<Manage>()]
}
