//! Refusals and sign-in trouble.

mod chart;
pub mod pages;
pub mod store;
