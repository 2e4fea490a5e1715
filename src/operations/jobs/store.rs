//! Every statement on jobs that people make; workers have their own.

use std::collections::HashMap;

use castellan_schema::control::{job_queue, outbox, tenants};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::model::Job;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::operations::ManageJobs;
use crate::web::list::List;
use crate::{keyset, one_of};

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Job>, AppError> {
    let (query, window) = (narrowed(list), &list.window);
    let rows = keyset!(query, window, job_queue::created_at => Timestamp, job_queue::id)
        .select(Job::as_select())
        .load(conn)?;
    Ok(window.slice(rows, |job: &Job| (job.created_at.to_key(), job.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(list).select(job_queue::id)).get_result(conn)?)
}

fn narrowed(list: &List) -> job_queue::BoxedQuery<'static, Pg> {
    let mut query = job_queue::table.into_boxed();
    query = one_of!(query, job_queue::status, list.values("status"));
    query = one_of!(query, job_queue::kind, list.values("kind"));
    query = one_of!(query, job_queue::tenant_id, list.ids("tenant"));
    query = match list.values("cause").as_slice() {
        [cause] if cause == "schedule" => query.filter(job_queue::schedule_slot.is_not_null()),
        [cause] if cause == "change" => query.filter(job_queue::schedule_slot.is_null()),
        _ => query,
    };
    if let Some(created) = list.span("created") {
        if let Some(from) = created.from {
            query = query.filter(job_queue::created_at.ge(from));
        }
        if let Some(until) = created.until {
            query = query.filter(job_queue::created_at.lt(until));
        }
    }
    query
}

/// The job.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Job, AppError> {
    Ok(job_queue::table.find(id).select(Job::as_select()).first(conn)?)
}

/// Slugs of tenants by id, for those who may see them.
pub fn slugs(conn: &mut PgConnection, ids: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, String>, AppError> {
    let ids: Vec<Uuid> = ids.collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> =
        tenants::table.filter(tenants::id.eq_any(ids)).select((tenants::id, tenants::slug)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Jobs that failed or are dead, counted to ten thousand.
pub fn count_failed(conn: &mut PgConnection) -> Result<i64, AppError> {
    let failed = job_queue::table.filter(job_queue::status.eq_any(["failed", "dead"]));
    Ok(CappedCount(failed.select(job_queue::id)).get_result(conn)?)
}

/// Mails and webhooks that wait to be sent, counted to ten thousand.
pub fn count_unsent(conn: &mut PgConnection) -> Result<i64, AppError> {
    let unsent = outbox::table.filter(outbox::status.eq("pending"));
    Ok(CappedCount(unsent.select(outbox::id)).get_result(conn)?)
}

/// Puts a job back into the queue, to be done now, with all its attempts.
pub fn retry(tx: &mut Tx<'_, ManageJobs>, id: Uuid) -> Result<(), AppError> {
    let fit = job_queue::table.find(id).filter(job_queue::status.eq_any(["failed", "dead", "cancelled"]));
    let retried = diesel::update(fit)
        .set((
            job_queue::status.eq("queued"),
            job_queue::run_at.eq(now),
            job_queue::attempts.eq(0),
            job_queue::finished_at.eq(None::<Timestamp>),
        ))
        .execute(&mut **tx)?;
    tx.adds_work();
    fitting(retried, "Only a job that failed, is dead or was cancelled can be tried again.")
}

/// Takes a job out of the queue. A worker that does it just now loses it, notices at its next report and stops.
pub fn cancel(tx: &mut Tx<'_, ManageJobs>, id: Uuid) -> Result<(), AppError> {
    let fit = job_queue::table.find(id).filter(job_queue::status.eq_any(["queued", "failed", "running"]));
    let cancelled = diesel::update(fit)
        .set((
            job_queue::status.eq("cancelled"),
            job_queue::finished_at.eq(now),
            job_queue::lease_token.eq(None::<Uuid>),
            job_queue::lease_until.eq(None::<Timestamp>),
        ))
        .execute(&mut **tx)?;
    fitting(cancelled, "Only a job that waits or runs can be cancelled.")
}
