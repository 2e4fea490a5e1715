//! How long things are kept that nobody edits. Each sweep takes one batch and says whether there may be more.

use castellan_schema::control::{
    api_token_usage, idempotency_keys, job_queue, login_attempts, outbox, security_alerts, sessions,
};
use diesel::dsl::exists;
use diesel::prelude::*;
use jiff::SignedDuration;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::db::Tx;
use crate::db::functions;
use crate::error::AppError;

/// Small enough that nobody waits for it.
const BATCH: i64 = 2000;
const SIGN_IN_DAYS: i64 = 90;
const FORM_KEY_DAYS: i64 = 7;
const DONE_JOB_DAYS: i64 = 14;
/// What was written to people is nobody's to keep.
const SENT_LETTER_DAYS: i64 = 30;
/// The clock adds hundreds of jobs a day, which would bury the others.
const DONE_SCHEDULED_JOB_DAYS: i64 = 3;
/// Logs have room this far ahead.
const MONTHS_AHEAD: i32 = 12;

fn days_ago(days: i64) -> Timestamp {
    (jiff::Timestamp::now() - SignedDuration::from_hours(24 * days)).into()
}

/// Makes the months ahead; returns how many partitions were new.
pub fn ensure_partitions(conn: &mut PgConnection) -> Result<i32, AppError> {
    Ok(diesel::select(functions::ensure_partitions(MONTHS_AHEAD)).get_result(conn)?)
}

/// Sign-in attempts are kept 90 days.
pub fn sweep_login_attempts(conn: &mut PgConnection) -> Result<bool, AppError> {
    let old: Vec<Uuid> = login_attempts::table
        .filter(login_attempts::occurred_at.lt(days_ago(SIGN_IN_DAYS)))
        .order(login_attempts::occurred_at)
        .select(login_attempts::id)
        .limit(BATCH)
        .load(conn)?;
    let swept = diesel::delete(login_attempts::table.filter(login_attempts::id.eq_any(old))).execute(conn)?;
    Ok(swept as i64 == BATCH)
}

/// A form can be sent again without doing its work twice for 7 days.
pub fn sweep_idempotency_keys(conn: &mut PgConnection) -> Result<bool, AppError> {
    let old = idempotency_keys::table.filter(idempotency_keys::created_at.lt(days_ago(FORM_KEY_DAYS)));
    // The table has no id; a moment bounds the batch instead.
    let last: Option<Timestamp> = old
        .order(idempotency_keys::created_at)
        .offset(BATCH)
        .select(idempotency_keys::created_at)
        .first(conn)
        .optional()?;
    let more = last.is_some();
    match last {
        Some(last) => {
            diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.le(last))).execute(conn)?
        }
        None => diesel::delete(old).execute(conn)?,
    };
    Ok(more)
}

/// How often tokens were used is kept 90 days, which is how long one may go unused before it is asked about.
pub fn sweep_token_usage(conn: &mut PgConnection) -> Result<bool, AppError> {
    let old = api_token_usage::table.filter(api_token_usage::hour.lt(days_ago(SIGN_IN_DAYS)));
    let hours: Vec<(Uuid, Timestamp)> = old
        .order(api_token_usage::hour)
        .limit(BATCH)
        .select((api_token_usage::token_id, api_token_usage::hour))
        .load(conn)?;
    // Hours are shared by all tokens; the last one of the batch ends it.
    let Some((_, last)) = hours.last() else { return Ok(false) };
    diesel::delete(api_token_usage::table.filter(api_token_usage::hour.le(*last))).execute(conn)?;
    Ok(hours.len() as i64 == BATCH)
}

/// Alerts are kept 90 days; their events are in the log.
pub fn sweep_alerts(conn: &mut PgConnection) -> Result<bool, AppError> {
    let old: Vec<Uuid> = security_alerts::table
        .filter(security_alerts::created_at.lt(days_ago(SIGN_IN_DAYS)))
        .order(security_alerts::created_at)
        .select(security_alerts::id)
        .limit(BATCH)
        .load(conn)?;
    let swept = diesel::delete(security_alerts::table.filter(security_alerts::id.eq_any(old))).execute(conn)?;
    Ok(swept as i64 == BATCH)
}

/// Whether sessions ended more than 90 days ago; what is revoked ended earlier than its last possible moment.
pub fn has_old_sessions(conn: &mut PgConnection) -> Result<bool, AppError> {
    let old = sessions::table.filter(sessions::absolute_expires_at.lt(days_ago(SIGN_IN_DAYS)));
    Ok(diesel::select(exists(old)).get_result(conn)?)
}

/// Ended sessions are kept 90 days.
pub fn sweep_sessions<P>(tx: &mut Tx<'_, P>) -> Result<(), AppError> {
    let old: Vec<Uuid> = sessions::table
        .filter(sessions::absolute_expires_at.lt(days_ago(SIGN_IN_DAYS)))
        .order(sessions::absolute_expires_at)
        .select(sessions::id)
        .limit(BATCH)
        .load(&mut **tx)?;
    diesel::delete(sessions::table.filter(sessions::id.eq_any(old))).execute(&mut **tx)?;
    Ok(())
}

/// What succeeded or was cancelled is kept 14 days, the clock's own jobs 3; dead ones wait for a person.
pub fn sweep_jobs(conn: &mut PgConnection) -> Result<bool, AppError> {
    let old = job_queue::finished_at.lt(days_ago(DONE_JOB_DAYS));
    let old_scheduled =
        job_queue::schedule_slot.is_not_null().and(job_queue::finished_at.lt(days_ago(DONE_SCHEDULED_JOB_DAYS)));
    let done: Vec<Uuid> = job_queue::table
        .filter(job_queue::status.eq_any(["succeeded", "cancelled"]))
        .filter(old.or(old_scheduled))
        .select(job_queue::id)
        .limit(BATCH)
        .load(conn)?;
    let swept = diesel::delete(job_queue::table.filter(job_queue::id.eq_any(done))).execute(conn)?;
    Ok(swept as i64 == BATCH)
}

/// Letters are kept 30 days after they were sent; what could not be sent waits for a person.
pub fn sweep_letters(conn: &mut PgConnection) -> Result<bool, AppError> {
    let sent: Vec<Uuid> = outbox::table
        .filter(outbox::status.eq("sent").and(outbox::sent_at.lt(days_ago(SENT_LETTER_DAYS))))
        .select(outbox::id)
        .limit(BATCH)
        .load(conn)?;
    let swept = diesel::delete(outbox::table.filter(outbox::id.eq_any(sent))).execute(conn)?;
    Ok(swept as i64 == BATCH)
}
