//! API tokens: means by which programs read lists in the name of a person or a service.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
