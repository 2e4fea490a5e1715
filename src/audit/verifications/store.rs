//! Every statement on verifications.

use castellan_schema::audit::verifications as v;
use castellan_schema::control::job_queue as q;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::VERIFY;
use crate::audit::Verify;
use crate::audit::sealer::store::note_tampering;
use crate::audit::sealing::verification::{Report, Verdict};
use crate::db::Tx;
use crate::error::AppError;
use crate::jobs::{self, Job, NewJob};

/// What a verification found.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = v, check_for_backend(Pg))]
pub struct Verified {
    pub asked_by: Option<Uuid>,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub verdict: String,
    pub tree_size: i64,
    pub checkpoint_count: i64,
    pub unsealed_count: i64,
    pub first_bad_leaf: Option<i64>,
    pub findings: Value,
    pub finding_count: i64,
}

impl Verified {
    /// What is wrong, the first of it.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        self.findings.as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// How much is wrong besides.
    pub fn unnamed(&self) -> i64 {
        self.finding_count - self.findings.as_array().map_or(0, Vec::len) as i64
    }

    /// The colour of its verdict.
    pub fn tone(&self) -> &'static str {
        match self.verdict.as_str() {
            "good" => "ok",
            "mismatch" => "bad",
            _ => "warn",
        }
    }

    /// The verdict in words.
    pub fn words(&self) -> &'static str {
        match self.verdict.as_str() {
            "good" => "as it was sealed",
            "mismatch" => "not what was sealed",
            "stale" => "as it was sealed, but sealing has stopped",
            _ => "not all could be checked",
        }
    }

    /// How long it took.
    pub fn seconds(&self) -> i64 {
        self.finished_at.to_jiff().duration_since(self.started_at.to_jiff()).as_secs()
    }
}

/// The last one that has ended.
pub fn latest(conn: &mut PgConnection) -> Result<Option<Verified>, AppError> {
    Ok(v::table.order(v::finished_at.desc()).select(Verified::as_select()).first(conn).optional()?)
}

/// The job that verifies, or is about to.
pub fn under_way(conn: &mut PgConnection) -> Result<Option<Uuid>, AppError> {
    let open = q::table.filter(q::kind.eq(VERIFY).and(q::status.eq_any(["queued", "running", "failed"])));
    Ok(open.order(q::created_at).select(q::id).first(conn).optional()?)
}

/// Has it verified, unless that is under way.
pub fn request(tx: &mut Tx<'_, Verify>) -> Result<bool, AppError> {
    if under_way(tx)?.is_some() {
        return Ok(false);
    }
    jobs::enqueue(tx, &NewJob::of(VERIFY))?;
    Ok(true)
}

/// Keeps what was found. What the verification before did not find is told of.
pub fn keep(conn: &mut PgConnection, job: &Job, started_at: jiff::Timestamp, report: &Report) -> Result<(), AppError> {
    let before = latest(conn)?;
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let id = Uuid::now_v7();
    diesel::insert_into(v::table)
        .values((
            v::id.eq(id),
            v::job_id.eq(job.id),
            v::asked_by.eq(job.actor_id),
            v::started_at.eq(Timestamp::from(started_at)),
            v::finished_at.eq(Timestamp::from(jiff::Timestamp::now())),
            v::verdict.eq(report.verdict.name()),
            v::tree_size.eq(number(report.tree_size)),
            v::checkpoint_count.eq(number(report.checkpoints)),
            v::unsealed_count.eq(number(report.unsealed)),
            v::first_bad_leaf.eq(report.first_bad_leaf.map(number)),
            v::findings.eq(json!(report.problems)),
            v::finding_count.eq(number(report.problem_count as u64)),
        ))
        .execute(conn)?;
    let known: Vec<&str> = before.iter().flat_map(Verified::sentences).collect();
    let untold: Vec<&String> = report.problems.iter().filter(|found| !known.contains(&found.as_str())).collect();
    if report.verdict != Verdict::Mismatch || untold.is_empty() {
        return Ok(());
    }
    let details = json!({
        "said": "the audit log is not what was sealed", "findings": untold, "first_bad_leaf": report.first_bad_leaf,
        "tree_size": report.tree_size, "verification": id,
    });
    note_tampering(conn, &details)
}
