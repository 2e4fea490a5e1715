//! Departments: how a tenant divides its people. A role that a department holds is held by its members, and not by
//! those of departments below.

pub mod actions;
pub mod form_pages;
pub mod forms;
pub mod member_pages;
pub mod model;
pub mod pages;
pub mod store;
