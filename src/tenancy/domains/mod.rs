//! The internet domains of a tenant, and the proof that it owns them.

pub mod actions;
pub mod forms;
pub mod jobs;
pub mod model;
pub mod pages;
pub mod resolver;
pub mod store;
