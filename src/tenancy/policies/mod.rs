//! The rules that a tenant sets for its own people.

pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
