//! The subcommands.

pub mod audit;
pub mod demo;
pub mod doctor;
pub mod migrate;
mod presence;
pub mod serve;
pub mod setup;
pub mod usage;
pub mod user;
pub mod worker;
