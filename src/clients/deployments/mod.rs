//! What was sent to a client's environments, and the log of each time.

pub mod actions;
pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
