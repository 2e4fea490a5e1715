//! What changed in a tenant between two moments: of each object one difference, however often it changed.

mod model;
pub mod pages;
mod store;
