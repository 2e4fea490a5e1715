//! Roles: named sets of privileges. Those that come with the console are kept up to date by it.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod matrix_pages;
pub mod model;
pub mod pages;
pub mod store;
mod sync;

pub use sync::{SYSTEM, SystemRole, sync};
