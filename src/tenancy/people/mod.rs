//! The people of a tenant: who belongs to which workspace, as what.

pub mod actions;
pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
