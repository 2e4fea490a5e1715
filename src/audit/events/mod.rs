//! The log of events, and one event with every row it changed.

pub mod diff;
pub mod pages;
pub mod store;
