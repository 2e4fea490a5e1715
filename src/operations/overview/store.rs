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
use crate::web::many::Counter;

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
    /// Where the rows are listed.
    pub list: &'static str,
}

impl Stock {
    /// All of them, of whatever status.
    pub fn total(&self) -> i64 {
        self.by_status.iter().map(|(_, count)| count).sum()
    }

    /// The address of those of one status.
    pub fn of_status(list: &str, status: &str) -> String {
        format!("{list}?status={status}")
    }

    /// The address of those made since the line begins.
    pub fn since(list: &str, now: Timestamp) -> String {
        format!("{list}?created={}..", trend::beginning(now).strftime("%Y-%m-%d"))
    }
}

/// The same statements for two tables that have the same columns.
macro_rules! stock {
    ($conn:expr, $table:ident, $list:expr, $statuses:expr, $now:expr, $counter:expr) => {{
        let (conn, begin): (&mut PgConnection, _) = ($conn, DbTimestamp::from(trend::beginning($now)));
        let mut by_status = Vec::new();
        for status in $statuses {
            let of_status = $table::table.filter($table::deleted_at.is_null()).filter($table::status.eq(status));
            let count = CappedCount(of_status.select($table::id));
            let count = $counter.count(Stock::of_status($list, status), || Ok(count.get_result(conn)?))?;
            by_status.push((status, count));
        }
        let recent = $table::table.filter($table::deleted_at.is_null().and($table::created_at.ge(begin)));
        let new = CappedCount(recent.clone().select($table::id));
        let new = $counter.count(Stock::since($list, $now), || Ok(new.get_result(conn)?))?;
        let levels = if new > COUNT_CAP {
            None
        } else {
            let came: Vec<DbTimestamp> = recent.select($table::created_at).load(conn)?;
            // What was made after the line began and is gone by now never counted.
            let went: Vec<DbTimestamp> = $table::table
                .filter($table::deleted_at.ge(begin).and($table::created_at.lt(begin)))
                .limit(COUNT_CAP + 1)
                .select($table::deleted_at.assume_not_null())
                .load(conn)?;
            levels($now, came, went)
        };
        Stock { by_status, new, levels, list: $list }
    }};
}

/// Tenants by state.
pub fn tenants(conn: &mut PgConnection, now: Timestamp, counter: &Counter) -> Result<Stock, AppError> {
    Ok(stock!(conn, tenants, "/tenants", ["active", "trial", "suspended", "closing", "closed"], now, counter))
}

/// Clients by state.
pub fn clients(conn: &mut PgConnection, now: Timestamp, counter: &Counter) -> Result<Stock, AppError> {
    Ok(stock!(conn, clients, "/clients", ["active", "draft", "paused", "archived"], now, counter))
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
pub fn failed_jobs(conn: &mut PgConnection) -> Result<FailedJobs, AppError> {
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
pub fn dead_jobs(conn: &mut PgConnection) -> Result<Vec<DeadJob>, AppError> {
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
pub fn closing_tenants(conn: &mut PgConnection) -> Result<Vec<ClosingTenant>, AppError> {
    Ok(tenants::table
        .filter(tenants::closing_at.is_not_null().and(tenants::closed_at.is_null()))
        .filter(tenants::deleted_at.is_null())
        .order((tenants::closing_at, tenants::id))
        .limit(ROWS)
        .select(ClosingTenant::as_select())
        .load(conn)?)
}

/// What was changed last.
pub fn latest_changes(conn: &mut PgConnection) -> Result<Vec<Entry>, AppError> {
    history::latest(conn, Of::Everything, CHANGES)
}
