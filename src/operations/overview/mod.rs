//! The state of the platform in ten seconds.

pub mod pages;
pub mod store;
mod trend;
