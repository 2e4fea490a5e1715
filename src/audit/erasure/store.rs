//! Every statement of erasing.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::Subject;
use crate::error::AppError;

/// What is known of somebody: JSON that only the database reads. Two are the same where the same is known.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Known {
    #[diesel(sql_type = Text)]
    known: String,
}

/// Rows of one log with the names of the values that go.
#[derive(QueryableByName)]
pub struct Batch {
    #[diesel(sql_type = Text)]
    pub log: String,
    #[diesel(sql_type = BigInt)]
    pub row_count: i64,
    /// JSON: `id`, `occurred_at` and `names` of each.
    #[diesel(sql_type = Text)]
    pub batch: String,
}

impl Known {
    /// What the caller says.
    pub fn of(subject: &Subject) -> Known {
        let known = json!({
            "user": subject.user_id, "given": subject.texts, "placeholders": subject.placeholders,
            "rows": [], "addresses": [], "names": [], "borne": [],
        });
        Known { known: known.to_string() }
    }
}

/// What is known after a look at the log as well, or at lines of archived months.
pub fn learn(conn: &mut PgConnection, known: &Known, lines: Option<&str>) -> Result<Known, AppError> {
    let learned = sql_query("select audit.known_by($1::jsonb, $2::jsonb)::text as known")
        .bind::<Text, _>(&known.known)
        .bind::<Nullable<Text>, _>(lines)
        .get_result(conn)?;
    Ok(learned)
}

/// Where the log has values about somebody of whom this is known, or where lines of archived months have.
pub fn find(conn: &mut PgConnection, known: &Known, lines: Option<&str>) -> Result<Vec<Batch>, AppError> {
    let found = sql_query("select log, row_count, batch from audit.values_about($1::jsonb, $2::jsonb)")
        .bind::<Text, _>(&known.known)
        .bind::<Nullable<Text>, _>(lines)
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
