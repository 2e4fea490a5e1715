//! Inviting somebody to the staff, by mail.

pub mod actions;
pub mod forms;
pub mod pages;
pub mod store;
