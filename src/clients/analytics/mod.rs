//! How a client's sites do, day by day.

pub mod model;
pub mod pages;
pub mod store;
