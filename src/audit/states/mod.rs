//! The time machine: a row as it was at a moment, folded from what the log recorded of it.

mod forms;
mod model;
pub mod pages;
mod store;

pub use model::{name_of, url};
