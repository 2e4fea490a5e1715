//! Every statement of erasing.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::Subject;
use crate::error::AppError;

/// Rows of one log with the names of the values that go.
#[derive(QueryableByName)]
pub struct Batch {
    #[diesel(sql_type = Text)]
    pub log: String,
    #[diesel(sql_type = BigInt)]
    pub row_count: i64,
    /// JSON that only the database reads.
    #[diesel(sql_type = Text)]
    batch: String,
}

/// Where the log has values about the subject.
pub fn find(conn: &mut PgConnection, subject: &Subject) -> Result<Vec<Batch>, AppError> {
    let found = sql_query("select log, row_count, batch from audit.values_about($1, $2, $3)")
        .bind::<SqlUuid, _>(subject.user_id)
        .bind::<Array<Text>, _>(&subject.texts)
        .bind::<Array<Text>, _>(&subject.placeholders)
        .load(conn)?;
    Ok(found)
}

/// Erases one batch under an event.
pub fn erase(conn: &mut PgConnection, event: Uuid, batch: &Batch) -> Result<(), AppError> {
    sql_query("select audit.erase($1, $2, $3::jsonb)")
        .bind::<SqlUuid, _>(event)
        .bind::<Text, _>(&batch.log)
        .bind::<Text, _>(&batch.batch)
        .execute(conn)?;
    Ok(())
}
