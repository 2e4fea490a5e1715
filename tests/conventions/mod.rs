//! What holds everywhere.

mod migrations;
mod schema_crate;
