//! What holds everywhere.

mod routes;
mod schema;
mod schema_crate;
mod sources;
