//! Changing one's own password.

pub mod pages;
mod store;
