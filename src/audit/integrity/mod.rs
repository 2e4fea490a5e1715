//! What makes the log evidence, at a glance: how far it is sealed, and what outsiders need to check it.

pub mod guards;
pub mod pages;
pub mod proofs;
pub mod store;
