//! Workspaces: the rooms of a tenant. They are listed on its people tab.

pub mod actions;
pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
