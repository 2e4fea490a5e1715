//! Taking the second factors of somebody who has lost them away, so that they can add new ones.

mod actions;
pub mod pages;
