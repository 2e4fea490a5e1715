//! Signing in with a password or a one-time link, and signing out.

pub mod first_step;
pub mod pages;
pub mod store;
pub mod throttle;
