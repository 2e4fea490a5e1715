//! The way to anything by what is known of it: an id, an address, a domain, a slug, a part of a name.

mod asked;
pub mod pages;
pub mod store;
