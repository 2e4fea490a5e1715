//! What holds everywhere.

mod exposure;
mod foreign_ids;
mod mutations;
mod routes;
mod row_security;
mod schema;
mod schema_crate;
mod sources;
