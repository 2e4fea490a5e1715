//! Every statement of undo.

use castellan_schema::audit::changes;
use castellan_schema::control::{job_queue, outbox};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::model::{self, ROWS};
use crate::audit::history::Event;
use crate::audit::net::{Net, Recorded};
use crate::db::Tx;
use crate::error::AppError;

/// A table whose changes can be undone.
#[derive(Debug, QueryableByName)]
pub struct Undoable {
    #[diesel(sql_type = Text)]
    pub table_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub removal: Option<String>,
    #[diesel(sql_type = Bool)]
    pub is_authority: bool,
}

/// Every table whose changes can be undone.
pub fn undoable(conn: &mut PgConnection) -> Result<Vec<Undoable>, AppError> {
    Ok(sql_query("select table_name, removal, is_authority from audit.undoable()").load(conn)?)
}

/// Whether an event changed something that can be undone, as far as its kind tells.
pub fn is_undoable(conn: &mut PgConnection, event: &Event) -> Result<bool, AppError> {
    if event.is_read || event.outcome != "success" {
        return Ok(false);
    }
    let tables: Vec<String> = undoable(conn)?.into_iter().map(|table| table.table_name).collect();
    let changed = changes::table
        .filter(changes::event_id.eq(event.id).and(changes::occurred_at.eq(event.occurred_at)))
        .filter(changes::table_name.eq_any(tables));
    Ok(diesel::select(exists(changed)).get_result(conn)?)
}

#[derive(QueryableByName)]
struct Undoing {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The event that undid another one, but for the one that is about to.
pub fn undone_by(conn: &mut PgConnection, event_id: Uuid, besides: Option<Uuid>) -> Result<Option<Uuid>, AppError> {
    let undoing: Option<Undoing> = sql_query(
        "select e.id from audit.events e where e.action = 'event.undo' and e.outcome = 'success' \
         and e.details ->> 'undoes' = $1::text and e.id is distinct from $2 limit 1",
    )
    .bind::<Text, _>(event_id.to_string())
    .bind::<Nullable<SqlUuid>, _>(besides)
    .get_result(conn)
    .optional()?;
    Ok(undoing.map(|undoing| undoing.id))
}

/// Whoever undoes the same event at the same time waits here, and then finds that it is undone.
pub fn take_turn<P>(tx: &mut Tx<'_, P>, event_id: Uuid) -> Result<(), AppError> {
    sql_query("select pg_advisory_xact_lock(hashtextextended('audit.undo ' || $1::text, 0))")
        .bind::<SqlUuid, _>(event_id)
        .execute(&mut **tx)?;
    Ok(())
}

/// What an event changed, up to one row more than can be undone.
pub fn recorded(conn: &mut PgConnection, event: &Event) -> Result<Vec<Recorded>, AppError> {
    Ok(changes::table
        .filter(changes::event_id.eq(event.id).and(changes::occurred_at.eq(event.occurred_at)))
        .filter(changes::table_name.ne("idempotency_keys"))
        .order(changes::position)
        .limit(ROWS as i64 + 1)
        .select(Recorded::as_select())
        .load(conn)?)
}

/// A row as it is, and as the event left it.
#[derive(Debug, serde::Deserialize)]
pub struct Compared {
    pub now: Option<Value>,
    pub expected: Value,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Jsonb)]
    answer: Value,
}

/// Compares a row with what the event left, and with `lock` keeps it so.
pub fn compare(conn: &mut PgConnection, step: &Net, lock: bool) -> Result<Compared, AppError> {
    let answer: Answer = sql_query("select audit.compare_row($1, $2, $3, $4) as answer")
        .bind::<Text, _>(&step.table)
        .bind::<Jsonb, _>(Value::Object(step.key.clone()))
        .bind::<Jsonb, _>(Value::Object(model::expected(step)))
        .bind::<Bool, _>(lock)
        .get_result(conn)?;
    serde_json::from_value(answer.answer).map_err(|error| AppError::Internal(error.to_string()))
}

/// Later changes of a row that are looked at for who changed a value.
const LATER: i64 = 200;

/// The newest changes of a row after an event. One without an id is found by its key, which the log has wherever such a
/// row is made or removed.
pub fn later(conn: &mut PgConnection, step: &Net, event: &Event) -> Result<Vec<Recorded>, AppError> {
    let of_table = changes::table.filter(changes::table_name.eq(&step.table)).into_boxed();
    let of_row = match step.row_id {
        Some(row_id) => of_table.filter(changes::row_id.eq(row_id)),
        None => {
            let key = Value::Object(step.key.clone());
            let has_key = changes::before.contains(key.clone()).or(changes::after.contains(key));
            of_table.filter(changes::row_id.is_null()).filter(has_key)
        }
    };
    Ok(of_row
        .filter(changes::occurred_at.gt(event.occurred_at))
        .order((changes::occurred_at.desc(), changes::position.desc()))
        .limit(LATER)
        .select(Recorded::as_select())
        .load(conn)?)
}

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = BigInt)]
    done: i64,
}

/// Takes one row back. Returns how many rows that changed.
pub fn take_back<P>(tx: &mut Tx<'_, P>, step: &Net) -> Result<i64, AppError> {
    let done: Done = sql_query("select audit.take_back($1, $2, $3, $4) as done")
        .bind::<Text, _>(&step.table)
        .bind::<Jsonb, _>(Value::Object(step.key.clone()))
        .bind::<Text, _>(model::op(step))
        .bind::<Jsonb, _>(Value::Object(model::former(step)))
        .get_result(&mut **tx)?;
    Ok(done.done)
}

/// Rows that do not fit one that was taken back.
#[derive(Debug, QueryableByName)]
pub struct LooseEnd {
    /// `child` or `parent`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub other: String,
    #[diesel(sql_type = BigInt)]
    pub row_count: i64,
}

/// What does not fit together after a row was taken back.
pub fn loose_ends<P>(tx: &mut Tx<'_, P>, step: &Net, since: Timestamp) -> Result<Vec<LooseEnd>, AppError> {
    let Some(row_id) = step.row_id else { return Ok(Vec::new()) };
    Ok(sql_query("select kind, other, row_count from audit.loose_ends($1, $2, $3)")
        .bind::<Text, _>(&step.table)
        .bind::<SqlUuid, _>(row_id)
        .bind::<Timestamptz, _>(since)
        .load(&mut **tx)?)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many of these roles come with the console.
pub fn system_roles(conn: &mut PgConnection, ids: &[Uuid]) -> Result<i64, AppError> {
    let counted: Counted = sql_query("select count(*) from control.roles where is_system and id = any ($1)")
        .bind::<Array<SqlUuid>, _>(ids)
        .get_result(conn)?;
    Ok(counted.count)
}

/// Letters that an event posted: to whom, about what, and what became of them.
pub fn letters(conn: &mut PgConnection, event: &Event) -> Result<Vec<(String, String, String)>, AppError> {
    let posted = outbox::table.filter(outbox::event_id.eq(event.id)).order(outbox::id);
    Ok(posted.select((outbox::recipient, outbox::subject, outbox::status)).limit(ROWS as i64).load(conn)?)
}

/// Jobs by id: their kind, and what became of them.
pub fn jobs(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<(String, String)>, AppError> {
    let queued = job_queue::table.filter(job_queue::id.eq_any(ids).and(job_queue::kind.ne("mail.send")));
    Ok(queued.order(job_queue::id).select((job_queue::kind, job_queue::status)).load(conn)?)
}
