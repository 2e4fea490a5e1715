//! Every statement of the overview. None of them reads more rows than are counted, however many there are.

use castellan_schema::control::{clients, job_queue, tenants};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::Timestamp;
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use super::trend;
use crate::audit::history::{self, Entry, Of};
use crate::db::keyset::{COUNT_CAP, CappedCount};
use crate::error::AppError;

/// Rows in a panel.
const ROWS: i64 = 5;
/// Latest changes.
const CHANGES: usize = 10;

/// How many there are, and how that moved.
pub struct Stock {
    pub by_status: Vec<(&'static str, i64)>,
    /// Made since the line begins.
    pub new: i64,
    /// None where too many came or went to draw it.
    pub levels: Option<Vec<i64>>,
}

impl Stock {
    /// All of them, of whatever status.
    pub fn total(&self) -> i64 {
        self.by_status.iter().map(|(_, count)| count).sum()
    }
}

/// The same statements for two tables that have the same columns.
macro_rules! stock {
    ($conn:expr, $table:ident, $statuses:expr, $now:expr) => {{
        let begin = DbTimestamp::from(trend::beginning($now));
        let mut by_status = Vec::new();
        for status in $statuses {
            let of_status = $table::table.filter($table::deleted_at.is_null()).filter($table::status.eq(status));
            by_status.push((status, CappedCount(of_status.select($table::id)).get_result($conn)?));
        }
        let came: Vec<DbTimestamp> = $table::table
            .filter($table::deleted_at.is_null().and($table::created_at.ge(begin)))
            .order($table::created_at.desc())
            .limit(COUNT_CAP + 1)
            .select($table::created_at)
            .load($conn)?;
        // What was made after the line began and is gone by now never counted.
        let went: Vec<DbTimestamp> = $table::table
            .filter($table::deleted_at.ge(begin).and($table::created_at.lt(begin)))
            .limit(COUNT_CAP + 1)
            .select($table::deleted_at.assume_not_null())
            .load($conn)?;
        Stock { by_status, new: came.len() as i64, levels: levels($now, came, went) }
    }};
}

/// Tenants by state.
pub fn tenants(conn: &mut PgConnection, now: Timestamp) -> Result<Stock, AppError> {
    Ok(stock!(conn, tenants, ["active", "trial", "suspended", "closing", "closed"], now))
}

/// Clients by state.
pub fn clients(conn: &mut PgConnection, now: Timestamp) -> Result<Stock, AppError> {
    Ok(stock!(conn, clients, ["active", "draft", "paused", "archived"], now))
}

fn levels(now: Timestamp, came: Vec<DbTimestamp>, went: Vec<DbTimestamp>) -> Option<Vec<i64>> {
    let plain = |moments: Vec<DbTimestamp>| -> Vec<Timestamp> { moments.into_iter().map(|at| at.to_jiff()).collect() };
    let too_many = came.len().max(went.len()) as i64 > COUNT_CAP;
    (!too_many).then(|| trend::levels(now, &plain(came), &plain(went)))
}

/// Jobs that failed: given up, and waiting for another try.
pub struct FailedJobs {
    pub dead: i64,
    pub failed: i64,
}

/// Counts them.
pub fn failed_jobs(conn: &mut PgConnection, _: Timestamp) -> Result<FailedJobs, AppError> {
    let mut count = |status: &str| -> Result<i64, AppError> {
        let of_status = job_queue::table.filter(job_queue::status.eq(status.to_owned()));
        Ok(CappedCount(of_status.select(job_queue::id)).get_result(conn)?)
    };
    Ok(FailedJobs { dead: count("dead")?, failed: count("failed")? })
}

/// A job that waits for a person.
#[derive(Queryable, Selectable)]
#[diesel(table_name = job_queue, check_for_backend(Pg))]
pub struct DeadJob {
    pub id: Uuid,
    pub kind: String,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub created_at: DbTimestamp,
}

/// The latest of them.
pub fn dead_jobs(conn: &mut PgConnection, _: Timestamp) -> Result<Vec<DeadJob>, AppError> {
    Ok(job_queue::table
        .filter(job_queue::status.eq("dead"))
        .order((job_queue::created_at.desc(), job_queue::id.desc()))
        .limit(ROWS)
        .select(DeadJob::as_select())
        .load(conn)?)
}

/// A tenant in its grace period.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants, check_for_backend(Pg))]
pub struct ClosingTenant {
    pub id: Uuid,
    pub name: String,
    pub slug: String,
    #[diesel(select_expression = tenants::closing_at.assume_not_null())]
    pub closing_at: DbTimestamp,
}

/// Those that close next. A tenant is closing while it has the one date and not the other, which has an index.
pub fn closing_tenants(conn: &mut PgConnection, _: Timestamp) -> Result<Vec<ClosingTenant>, AppError> {
    Ok(tenants::table
        .filter(tenants::closing_at.is_not_null().and(tenants::closed_at.is_null()))
        .filter(tenants::deleted_at.is_null())
        .order((tenants::closing_at, tenants::id))
        .limit(ROWS)
        .select(ClosingTenant::as_select())
        .load(conn)?)
}

/// What was changed last.
pub fn latest_changes(conn: &mut PgConnection, _: Timestamp) -> Result<Vec<Entry>, AppError> {
    history::latest(conn, Of::Everything, CHANGES)
}
