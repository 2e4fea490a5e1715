//! Jobs as people see them: what waits, what runs, what failed, and trying it again.

pub mod actions;
pub mod model;
pub mod pages;
pub mod store;
