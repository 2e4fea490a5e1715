//! JSON that a function of the database answers, read into its type in one step.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::Jsonb;
use serde::de::DeserializeOwned;

/// A `jsonb` as the type it stands for. diesel's own way makes a tree of values first, which every request would pay.
#[derive(Debug, FromSqlRow)]
pub struct Json<T>(pub T);

/// The version of the format in which PostgreSQL sends `jsonb`: text after this byte.
const TEXT_FOLLOWS: u8 = 1;

impl<T: DeserializeOwned> FromSql<Jsonb, Pg> for Json<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [TEXT_FOLLOWS, text @ ..] => Ok(Json(serde_json::from_slice(text)?)),
            _ => Err("jsonb in an unknown format".into()),
        }
    }
}
