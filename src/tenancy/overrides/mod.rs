//! Overrides: a policy of a tenant that holds for a while instead of the one the tenant set.

pub mod actions;
pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
