//! With whom somebody is who: their accounts at identity providers, which open the one here.

pub mod actions;
pub mod model;
pub mod pages;
pub mod store;

/// The page that the others lead back to.
pub const PATH: &str = "/account/identities";
