//! What a client changed about its templates.

pub mod actions;
pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
