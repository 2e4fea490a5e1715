//! What a person may do, and what grants it.

pub mod model;
pub mod pages;
pub mod store;
