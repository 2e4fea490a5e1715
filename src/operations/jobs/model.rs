//! A job as it is stored, and its states.

use castellan_schema::control::job_queue;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// The states a job goes through.
pub const STATUSES: [&str; 6] = ["queued", "running", "succeeded", "failed", "dead", "cancelled"];
/// Where a job comes from: the clock, or a change that somebody or another job made.
pub const CAUSES: [&str; 2] = ["schedule", "change"];

/// One job.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = job_queue, check_for_backend(Pg))]
pub struct Job {
    pub id: Uuid,
    pub kind: String,
    pub payload: Value,
    pub status: String,
    pub priority: i32,
    pub run_at: Timestamp,
    pub attempts: i32,
    pub max_attempts: i32,
    pub lease_until: Option<Timestamp>,
    pub worker: Option<String>,
    pub progress_done: i64,
    pub progress_total: Option<i64>,
    pub last_error: Option<String>,
    pub idempotency_key: Option<String>,
    pub schedule_slot: Option<Timestamp>,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    pub actor_id: Option<Uuid>,
    pub event_id: Option<Uuid>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

impl Job {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/jobs/{}", self.id)
    }

    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            "succeeded" => "ok",
            "queued" | "running" => "info",
            "failed" => "warn",
            "dead" => "bad",
            _ => "",
        }
    }

    /// Its page is worth looking at again in a moment.
    pub fn is_moving(&self) -> bool {
        self.status == "running" || self.status == "queued" && self.run_at.to_jiff() <= jiff::Timestamp::now()
    }

    /// It waits for its time.
    pub fn waits(&self) -> bool {
        matches!(self.status.as_str(), "queued" | "failed")
    }

    /// It can be tried again.
    pub fn can_be_retried(&self) -> bool {
        matches!(self.status.as_str(), "failed" | "dead" | "cancelled")
    }

    /// It can be cancelled.
    pub fn can_be_cancelled(&self) -> bool {
        matches!(self.status.as_str(), "queued" | "failed" | "running")
    }

    /// Why it failed, as long as that matters.
    pub fn trouble(&self) -> &str {
        match self.status.as_str() {
            "succeeded" => "",
            _ => self.last_error.as_deref().unwrap_or_default(),
        }
    }

    /// The payload, indented.
    pub fn payload_text(&self) -> String {
        serde_json::to_string_pretty(&self.payload).unwrap_or_default()
    }
}
