//! diesel's view of the tables, generated from the migrated database; see `diesel.toml`.

mod tables;

pub use tables::{audit, control};
