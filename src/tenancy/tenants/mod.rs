//! Tenants. The resource that every other one is made like.

pub mod actions;
pub mod forms;
pub mod jobs;
pub mod model;
pub mod pages;
pub mod store;
