//! Assignments: who holds which role, on what, and until when.

pub mod actions;
pub mod expiry;
pub mod form_pages;
pub mod forms;
pub mod model;
pub mod pages;
mod reading;
pub mod store;
