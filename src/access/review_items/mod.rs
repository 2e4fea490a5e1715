//! The items of access reviews: assignments as they were, and what was decided about each.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod keeping;
pub mod model;
pub mod pages;
pub mod removal;
pub mod store;
