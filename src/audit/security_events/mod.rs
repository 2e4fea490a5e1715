//! Refusals and sign-in trouble.

pub mod pages;
pub mod store;
pub mod summary;
