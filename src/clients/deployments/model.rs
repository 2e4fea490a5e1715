//! A deployment as it is stored, and its log.

use castellan_schema::control::{client_deployments, deployment_tracking_events};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// Where a site can be sent.
pub const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];
/// The states a deployment goes through.
pub const STATUSES: [&str; 7] = ["queued", "building", "deploying", "live", "failed", "rolled_back", "cancelled"];
/// The states of one that has not ended.
pub const UNFINISHED: [&str; 3] = ["queued", "building", "deploying"];

/// One deployment.
#[derive(Debug, Clone, Queryable, Selectable, Identifiable)]
#[diesel(table_name = client_deployments, check_for_backend(Pg))]
pub struct Deployment {
    pub id: Uuid,
    pub client_id: Uuid,
    pub tenant_id: Uuid,
    pub environment: String,
    pub status: String,
    pub version_label: Option<String>,
    pub url: Option<String>,
    pub triggered_by: Option<Uuid>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub duration_ms: Option<i64>,
    pub error_message: Option<String>,
    pub created_at: Timestamp,
}

impl Deployment {
    /// Its page.
    pub fn page(&self) -> String {
        format!("{}/{}", self.list_url(), self.id)
    }

    /// The tab it is listed in.
    pub fn list_url(&self) -> String {
        format!("/clients/{}/deployments", self.client_id)
    }

    /// What people call it: its version and where it went.
    pub fn name(&self) -> String {
        match &self.version_label {
            Some(version) => format!("{version} to {}", self.environment),
            None => format!("deployment to {}", self.environment),
        }
    }

    /// Whether it can still change.
    pub fn is_unfinished(&self) -> bool {
        UNFINISHED.contains(&self.status.as_str())
    }

    /// The colour of its state: `ok`, `info`, `warn`, `bad` or none.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            "live" => "ok",
            "building" | "deploying" => "info",
            "rolled_back" => "warn",
            "failed" => "bad",
            _ => "",
        }
    }

    /// Its state in words.
    pub fn state(&self) -> String {
        self.status.replace('_', " ")
    }

    /// How long it took, such as `2 min 5 s`; nothing while it goes on.
    pub fn duration(&self) -> Option<String> {
        let seconds = self.duration_ms? / 1000;
        Some(match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
            (0, 0, 0) => format!("{} ms", self.duration_ms?),
            (0, 0, s) => format!("{s} s"),
            (0, m, s) => format!("{m} min {s} s"),
            (h, m, _) => format!("{h} h {m} min"),
        })
    }
}

/// A deployment in the list of all, with whose it is.
#[derive(Debug, Clone)]
pub struct Listed {
    pub deployment: Deployment,
    pub client_name: String,
}

/// One line of a deployment's log.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deployment_tracking_events, check_for_backend(Pg))]
pub struct TrackingEvent {
    pub id: Uuid,
    pub occurred_at: Timestamp,
    pub step: String,
    pub status: String,
    pub message: String,
    pub details: Value,
}

impl TrackingEvent {
    /// The colour of its level: `ok`, `info`, `warn` or `bad`.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            "success" => "ok",
            "warning" => "warn",
            "error" => "bad",
            _ => "info",
        }
    }

    /// Facts that the message leaves out; empty when there are none.
    pub fn facts(&self) -> String {
        match self.details.as_object() {
            Some(details) if !details.is_empty() => format!("{:#}", self.details),
            _ => String::new(),
        }
    }
}
