//! Groups: people who get roles together, of one tenant or of the platform.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod member_pages;
pub mod model;
pub mod pages;
pub mod store;
