//! Clients themselves: lists, facts, states.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod model;
pub mod pages;
pub mod store;
