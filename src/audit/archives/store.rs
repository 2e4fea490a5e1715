//! Every statement on months that leave the log.

use std::collections::HashMap;

use castellan_schema::audit::{archives as a, checkpoints, events, leaves, rewrites, unsealed};
use diesel::connection::SimpleConnection;
use diesel::dsl::{count_star, exists, max, min};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Date as SqlDate, Integer, Jsonb, Text, Uuid as SqlUuid};
use jiff_diesel::{Date, Timestamp, ToDiesel};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::month::Month;
use super::recorded::{Recorded, Rewrite};
use crate::audit::sealer::store::last_checkpoint;
use crate::audit::sealing::leaf::{Log, Reference};
use crate::audit::sealing::note::{self, Checkpoint};
use crate::audit::sealing::store as sealed;
use crate::error::AppError;
use crate::token::hex;

/// Whole months are counted, which takes longer than a page may.
const PATIENCE: &str = "set local statement_timeout = '15min'";

/// The record of a month that left the log.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = a, check_for_backend(Pg))]
pub struct Archive {
    id: Uuid,
    pub log: String,
    month: Date,
    pub row_count: i64,
    pub change_count: i64,
    pub erased_count: i64,
    pub first_leaf: Option<i64>,
    pub last_leaf: Option<i64>,
    pub tree_size: i64,
    pub root: Vec<u8>,
    pub file_name: String,
    file_size: i64,
    pub sha256: Vec<u8>,
    pub event_id: Uuid,
    /// That event as a leaf.
    pub event: Json,
    pub archived_at: Timestamp,
}

impl Archive {
    /// Which month.
    pub fn month(&self) -> Option<Month> {
        Some(Month { log: Log::named(&self.log)?, first_day: self.month.to_jiff() })
    }

    /// `2026-11`
    pub fn month_name(&self) -> String {
        self.month.to_jiff().strftime("%Y-%m").to_string()
    }

    /// What the event has to say, member by member.
    pub fn facts(&self) -> Json {
        json!({
            "log": self.log, "month": self.month_name(), "rows": self.row_count, "changes": self.change_count,
            "erased": self.erased_count, "first_leaf": self.first_leaf, "last_leaf": self.last_leaf,
            "tree_size": self.tree_size, "root": hex(&self.root), "file": self.file_name,
            "file_size": self.file_size, "sha256": hex(&self.sha256),
        })
    }
}

/// What is to be written of a month.
#[derive(Debug, Clone)]
pub struct Plan {
    pub month: Month,
    pub rows: u64,
    pub first: Option<u64>,
    pub last: Option<u64>,
    pub checkpoint: Checkpoint,
    /// The checkpoint as it was signed.
    pub note: String,
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlDate)]
    month: Date,
}

/// Months of a log that are in the database and ended more than so many months ago, oldest first.
pub fn due(conn: &mut PgConnection, log: Log, keep: u32) -> Result<Vec<Month>, AppError> {
    let rows: Vec<Due> = sql_query(
        "select to_date(right(c.relname, 7), 'YYYY_MM') as month
            from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = to_regclass('audit.' || $1) and c.relname ~ '_[0-9]{4}_[0-9]{2}$'
                and to_date(right(c.relname, 7), 'YYYY_MM') + make_interval(months => $2 + 1)
                    <= now() at time zone 'UTC'
            order by 1",
    )
    .bind::<Text, _>(log.name())
    .bind::<Integer, _>(i32::try_from(keep).unwrap_or(i32::MAX - 1))
    .load(conn)?;
    Ok(rows.into_iter().map(|due| Month { log, first_day: due.month.to_jiff() }).collect())
}

/// What there is to write, or why the month has to stay for now.
pub fn plan(conn: &mut PgConnection, month: Month) -> Result<Plan, AppError> {
    conn.batch_execute(PATIENCE)?;
    let (begins, ends) = (month.begins().to_diesel(), month.ends().to_diesel());
    let of_month = unsealed::occurred_at.ge(begins).and(unsealed::occurred_at.lt(ends));
    let waiting: i64 =
        unsealed::table.filter(unsealed::log.eq(month.log.name()).and(of_month)).count().get_result(conn)?;
    if waiting > 0 {
        return Err(stays(month, &format!("{waiting} of them wait to be sealed")));
    }
    let of_month = leaves::occurred_at.ge(begins).and(leaves::occurred_at.lt(ends));
    let (rows, first, last): (i64, Option<i64>, Option<i64>) = leaves::table
        .filter(leaves::log.eq(month.log.name()).and(of_month))
        .select((count_star(), min(leaves::leaf), max(leaves::leaf)))
        .first(conn)?;
    let signed = last_checkpoint(conn)?.filter(|signed| last.is_none_or(|last| signed.tree_size > last));
    let signed = signed.ok_or_else(|| stays(month, "no checkpoint covers them yet"))?;
    let checkpoint = note::read(&signed.note).map_err(|refused| AppError::Internal(refused.to_string()))?;
    let leaf = |leaf: Option<i64>| leaf.map(i64::cast_unsigned);
    Ok(Plan { month, rows: rows.cast_unsigned(), first: leaf(first), last: leaf(last), checkpoint, note: signed.note })
}

fn stays(month: Month, why: &str) -> AppError {
    AppError::Conflict(format!("The {} stay in the log for now: {why}.", month.words()))
}

/// Whether such a tree was signed here.
pub fn is_ours(conn: &mut PgConnection, tree: &Checkpoint) -> Result<bool, AppError> {
    let same = checkpoints::tree_size.eq(tree.size.cast_signed()).and(checkpoints::root.eq(tree.root.as_slice()));
    Ok(diesel::select(exists(checkpoints::table.filter(same))).get_result(conn)?)
}

/// Records the month that an event speaks of, and drops it.
pub fn drop_month(conn: &mut PgConnection, event: Uuid) -> Result<(), AppError> {
    conn.batch_execute(PATIENCE)?;
    let leaf = as_leaf(conn, event)?;
    sql_query("select audit.drop_archived_month($1, $2)")
        .bind::<SqlUuid, _>(event)
        .bind::<Jsonb, _>(leaf)
        .execute(conn)?;
    Ok(())
}

/// Records the file that an event says was written anew.
pub fn record_rewrite(conn: &mut PgConnection, event: Uuid) -> Result<(), AppError> {
    let leaf = as_leaf(conn, event)?;
    sql_query("select audit.record_rewrite($1, $2)").bind::<SqlUuid, _>(event).bind::<Jsonb, _>(leaf).execute(conn)?;
    Ok(())
}

fn as_leaf(conn: &mut PgConnection, event: Uuid) -> Result<Json, AppError> {
    let occurred_at: Timestamp = events::table.filter(events::id.eq(event)).select(events::occurred_at).first(conn)?;
    let row = Reference { log: Log::Events, id: event, occurred_at: occurred_at.to_jiff() };
    let leaf = sealed::leaves(conn, &[row])?.into_iter().next().flatten().ok_or(AppError::NotFound)?;
    Ok(json!({ "data": leaf.data, "values": leaf.values }))
}

/// Months that left, those that left last first.
pub fn newest(conn: &mut PgConnection, limit: i64) -> Result<Vec<Recorded>, AppError> {
    let newest = a::table.order((a::archived_at.desc(), a::id.desc())).limit(limit);
    let archives = newest.select(Archive::as_select()).load(conn)?;
    with_rewrites(conn, archives)
}

/// How many there are.
pub fn count(conn: &mut PgConnection) -> Result<i64, AppError> {
    Ok(a::table.count().get_result(conn)?)
}

/// All of them, in order of time.
pub fn all(conn: &mut PgConnection) -> Result<Vec<Recorded>, AppError> {
    let archives = a::table.order((a::month, a::log)).select(Archive::as_select()).load(conn)?;
    with_rewrites(conn, archives)
}

fn with_rewrites(conn: &mut PgConnection, archives: Vec<Archive>) -> Result<Vec<Recorded>, AppError> {
    let of_these = rewrites::archive_id.eq_any(archives.iter().map(|archive| archive.id));
    let rows = rewrites::table.filter(of_these).order(rewrites::number).select(Rewrite::as_select()).load(conn)?;
    let mut by_archive: HashMap<Uuid, Vec<Rewrite>> = HashMap::new();
    for row in rows {
        by_archive.entry(row.archive_id).or_default().push(row);
    }
    let recorded = archives.into_iter().map(|archive| {
        let rewrites = by_archive.remove(&archive.id).unwrap_or_default();
        Recorded { archive, rewrites }
    });
    Ok(recorded.collect())
}

/// The leaf of an event that has left, and where it went; `NotFound` where there never was such an event.
pub fn of_event(conn: &mut PgConnection, log: Log, id: Uuid) -> Result<(i64, Recorded), AppError> {
    let (leaf, occurred_at): (i64, Timestamp) = leaves::table
        .filter(leaves::event_id.eq(id).and(leaves::log.eq(log.name())))
        .select((leaves::leaf, leaves::occurred_at))
        .first(conn)?;
    let first_day = occurred_at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date().first_of_month();
    let archive = a::table.filter(a::log.eq(log.name()).and(a::month.eq(first_day.to_diesel())));
    let archives = archive.select(Archive::as_select()).load(conn)?;
    Ok((leaf, with_rewrites(conn, archives)?.pop().ok_or(AppError::NotFound)?))
}
