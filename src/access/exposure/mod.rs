//! Who could see a tenant, a client or a person at a moment, and who did: for breach reports.

pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
