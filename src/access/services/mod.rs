//! Services: accounts of programs, which act with API tokens and never sign in.

pub mod forms;
pub mod pages;
pub mod store;
