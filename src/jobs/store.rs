//! Every statement on the queue that workers and the schedule make.

use std::time::Duration;

use castellan_schema::control::job_queue as q;
use diesel::dsl::{now, sql};
use diesel::pg::Pg;
use diesel::pg::data_types::PgInterval;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamptz};
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::job::Job;
use super::queue::NewJob;
use crate::error::AppError;

/// Adds a job, or finds the one with the same key.
pub fn insert(conn: &mut PgConnection, new: &NewJob, actor_id: Option<Uuid>, event_id: Uuid) -> Result<Uuid, AppError> {
    let id = Uuid::now_v7();
    let values = (
        q::id.eq(id),
        q::kind.eq(new.kind),
        q::payload.eq(&new.payload),
        q::tenant_id.eq(new.tenant_id),
        q::client_id.eq(new.client_id),
        new.run_at.map(|at| q::run_at.eq(at)),
        q::priority.eq(new.priority),
        q::max_attempts.eq(new.max_attempts),
        q::idempotency_key.eq(&new.idempotency_key),
        q::actor_id.eq(actor_id),
        q::event_id.eq(event_id),
    );
    let Some(key) = &new.idempotency_key else {
        diesel::insert_into(q::table).values(values).execute(conn)?;
        return Ok(id);
    };
    let added =
        diesel::insert_into(q::table).values(values).on_conflict(q::idempotency_key).do_nothing().execute(conn)?;
    match added {
        1 => Ok(id),
        _ => Ok(q::table.filter(q::idempotency_key.eq(key)).select(q::id).first(conn)?),
    }
}

/// Adds what the clock wants at `slot`, unless some process did so already.
pub fn insert_slot(conn: &mut PgConnection, kind: &str, slot: Timestamp) -> Result<bool, AppError> {
    const ATTEMPTS: i32 = 5;
    let added = diesel::insert_into(q::table)
        .values((
            q::id.eq(Uuid::now_v7()),
            q::kind.eq(kind),
            q::schedule_slot.eq(slot),
            q::run_at.eq(slot),
            q::max_attempts.eq(ATTEMPTS),
        ))
        .on_conflict((q::kind, q::schedule_slot))
        .do_nothing()
        .execute(conn)?;
    Ok(added == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = q, check_for_backend(Pg))]
struct Claimed {
    id: Uuid,
    kind: String,
    payload: Value,
    tenant_id: Option<Uuid>,
    client_id: Option<Uuid>,
    actor_id: Option<Uuid>,
    attempts: i32,
    max_attempts: i32,
}

/// Takes up to `limit` jobs of these kinds: first those whose worker has not reported in time, then what is due.
/// Two workers never get the same one, and neither waits for the other.
pub fn claim(
    conn: &mut PgConnection,
    kinds: &[&str],
    worker: &str,
    lease: Duration,
    limit: usize,
) -> Result<Vec<Job>, AppError> {
    let mut ids = take_over(conn, kinds, limit)?;
    ids.extend(due(conn, kinds, limit - ids.len())?);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let token = Uuid::new_v4();
    let mut claimed: Vec<Claimed> = diesel::update(q::table.filter(q::id.eq_any(&ids)))
        .set((
            q::status.eq("running"),
            q::attempts.eq(q::attempts + 1),
            q::lease_token.eq(token),
            q::lease_until.eq((now.into_sql::<Timestamptz>() + interval(lease)).nullable()),
            q::worker.eq(worker),
            q::started_at.eq(now),
            q::progress_done.eq(0),
            q::progress_total.eq(None::<i64>),
        ))
        .returning(Claimed::as_returning())
        .get_results(conn)?;
    claimed.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok(claimed.into_iter().map(|row| row.held_by(token)).collect())
}

impl Claimed {
    fn held_by(self, lease: Uuid) -> Job {
        Job {
            id: self.id,
            kind: self.kind,
            payload: self.payload,
            tenant_id: self.tenant_id,
            client_id: self.client_id,
            actor_id: self.actor_id,
            attempt: self.attempts,
            max_attempts: self.max_attempts,
            lease,
        }
    }
}

/// What a worker left lying. A job that took every worker with it is dead, so that it does not take the next one.
fn take_over(conn: &mut PgConnection, kinds: &[&str], limit: usize) -> Result<Vec<Uuid>, AppError> {
    let left: Vec<(Uuid, bool)> = q::table
        .filter(is_running())
        .filter(q::lease_until.lt(now))
        .filter(q::kind.eq_any(kinds))
        .order((q::lease_until, q::id))
        .limit(limit as i64)
        .for_update()
        .skip_locked()
        .select((q::id, q::attempts.ge(q::max_attempts)))
        .load(conn)?;
    let (used_up, again): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, used_up)| *used_up);
    let ids = |rows: Vec<(Uuid, bool)>| rows.into_iter().map(|(id, _)| id).collect::<Vec<Uuid>>();
    if !used_up.is_empty() {
        diesel::update(q::table.filter(q::id.eq_any(ids(used_up))))
            .set((
                q::status.eq("dead"),
                q::finished_at.eq(now),
                q::lease_token.eq(None::<Uuid>),
                q::lease_until.eq(None::<Timestamp>),
                q::last_error.eq("The worker stopped reporting during the last attempt."),
            ))
            .execute(conn)?;
    }
    Ok(ids(again))
}

fn due(conn: &mut PgConnection, kinds: &[&str], limit: usize) -> Result<Vec<Uuid>, AppError> {
    Ok(q::table
        .filter(is_waiting())
        .filter(q::run_at.le(now))
        .filter(q::kind.eq_any(kinds))
        .order((q::priority.desc(), q::run_at, q::id))
        .limit(limit as i64)
        .for_update()
        .skip_locked()
        .select(q::id)
        .load(conn)?)
}

/// Spelled out, since with a bound value the planner does not know that the partial index fits.
fn is_waiting() -> diesel::expression::SqlLiteral<Bool> {
    sql("status in ('queued', 'failed')")
}

fn is_running() -> diesel::expression::SqlLiteral<Bool> {
    sql("status = 'running'")
}

fn interval(duration: Duration) -> PgInterval {
    PgInterval::from_microseconds(duration.as_micros() as i64)
}

/// Locks the row of a job that is still held; false when it is not.
pub fn hold(conn: &mut PgConnection, id: Uuid, lease: Uuid) -> Result<bool, AppError> {
    let held: Option<Uuid> =
        q::table.find(id).filter(q::lease_token.eq(lease)).select(q::id).for_update().first(conn).optional()?;
    Ok(held.is_some())
}

/// Puts off the moment at which the worker is taken for dead; false when the job is not held any more.
pub fn renew(conn: &mut PgConnection, id: Uuid, token: Uuid, lease: Duration) -> Result<bool, AppError> {
    let renewed = diesel::update(q::table.find(id).filter(q::lease_token.eq(token)))
        .set(q::lease_until.eq((now.into_sql::<Timestamptz>() + interval(lease)).nullable()))
        .execute(conn)?;
    Ok(renewed == 1)
}

/// Shows how far a held job is.
pub fn progress(
    conn: &mut PgConnection,
    id: Uuid,
    lease: Uuid,
    done: i64,
    total: Option<i64>,
) -> Result<bool, AppError> {
    let shown = diesel::update(q::table.find(id).filter(q::lease_token.eq(lease)))
        .set((q::progress_done.eq(done), q::progress_total.eq(total)))
        .execute(conn)?;
    Ok(shown == 1)
}

/// Ends a held job well.
pub fn complete(conn: &mut PgConnection, id: Uuid, lease: Uuid) -> Result<bool, AppError> {
    let completed = diesel::update(q::table.find(id).filter(q::lease_token.eq(lease)))
        .set((
            q::status.eq("succeeded"),
            q::finished_at.eq(now),
            q::lease_token.eq(None::<Uuid>),
            q::lease_until.eq(None::<Timestamp>),
        ))
        .execute(conn)?;
    Ok(completed == 1)
}

/// Ends a held attempt badly: tried again after `pause`, or dead without one.
pub fn fail(
    conn: &mut PgConnection,
    id: Uuid,
    lease: Uuid,
    error: &str,
    pause: Option<Duration>,
) -> Result<bool, AppError> {
    let held = q::table.find(id).filter(q::lease_token.eq(lease));
    let released = (q::lease_token.eq(None::<Uuid>), q::lease_until.eq(None::<Timestamp>), q::last_error.eq(error));
    let failed = match pause {
        Some(pause) => diesel::update(held)
            .set((released, q::status.eq("failed"), q::run_at.eq(now.into_sql::<Timestamptz>() + interval(pause))))
            .execute(conn)?,
        None => diesel::update(held).set((released, q::status.eq("dead"), q::finished_at.eq(now))).execute(conn)?,
    };
    Ok(failed == 1)
}

/// Gives back what a worker still holds when it ends. The attempts do not count.
pub fn release(conn: &mut PgConnection, worker: &str) -> Result<usize, AppError> {
    let held = q::table.filter(is_running()).filter(q::worker.eq(worker));
    Ok(diesel::update(held)
        .set((
            q::status.eq("queued"),
            q::attempts.eq(q::attempts - 1),
            q::lease_token.eq(None::<Uuid>),
            q::lease_until.eq(None::<Timestamp>),
        ))
        .execute(conn)?)
}
