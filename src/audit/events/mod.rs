//! The log of events, and one event with every row it changed.

mod around;
pub mod diff;
pub mod event;
pub(in crate::audit) mod histogram;
pub mod pages;
pub mod search;
pub mod store;
pub mod summary;

pub use around::leaf_of;
pub(in crate::audit) use around::of_request;
