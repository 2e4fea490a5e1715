//! Access reviews: campaigns in which people look at assignments and say which are still needed.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod jobs;
pub mod model;
pub mod pages;
pub mod store;
