//! What holds everywhere.

mod schema_crate;
