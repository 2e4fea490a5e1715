//! What holds everywhere.

mod foreign_ids;
mod mutations;
mod routes;
mod schema;
mod schema_crate;
mod sources;
