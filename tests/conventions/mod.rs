//! What holds everywhere.

mod mutations;
mod routes;
mod schema;
mod schema_crate;
mod sources;
