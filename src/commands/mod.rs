//! The subcommands.

pub mod serve;
pub mod setup;
