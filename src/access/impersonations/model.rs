//! An impersonation, its states, and whom it can be of.

use castellan_schema::control::impersonation_sessions;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::Timestamp as Moment;
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::access::people::model::Person;

/// How far it goes.
pub const MODES: [&str; 2] = ["read_only", "acting"];
/// The states that it goes through.
pub const STATES: [&str; 6] = ["requested", "approved", "refused", "lapsed", "active", "ended"];

/// The actions that end one.
pub const ENDS: [&str; 2] = ["session.stop_acting", "session.sign_out"];

/// One impersonation as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = impersonation_sessions, check_for_backend(Pg))]
pub struct Impersonation {
    pub id: Uuid,
    pub admin_user_id: Uuid,
    pub target_user_id: Uuid,
    pub tenant_id: Uuid,
    pub mode: String,
    pub reason: String,
    pub ticket: String,
    pub minutes: i32,
    pub status: String,
    pub lapses_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<Uuid>,
    pub decision_reason: Option<String>,
    pub started_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<Uuid>,
    pub ended_reason: Option<String>,
    pub created_at: Timestamp,
}

fn is_past(at: Option<Timestamp>) -> bool {
    at.is_some_and(|at| at.to_jiff() <= Moment::now())
}

impl Impersonation {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/impersonations/{}", self.id)
    }

    /// How it stands by the clock, whether or not that was written down yet.
    pub fn state(&self) -> &str {
        match self.status.as_str() {
            "requested" | "approved" if is_past(self.lapses_at) => "lapsed",
            "active" if is_past(self.ends_at) => "ended",
            status => status,
        }
    }

    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.state() {
            "requested" | "approved" => "info",
            "active" => "warn",
            "refused" => "bad",
            _ => "",
        }
    }

    /// How far it goes, in words.
    pub fn mode_in_words(&self) -> &'static str {
        if self.mode == "acting" { "acting" } else { "only looking" }
    }

    /// When it ended, by the clock or before.
    pub fn over_at(&self) -> Option<Timestamp> {
        self.ended_at.or_else(|| self.ends_at.filter(|at| is_past(Some(*at))))
    }

    /// Why it ended, in words.
    pub fn over_because(&self) -> &str {
        match self.ended_reason.as_deref() {
            None | Some("time") => "its time was over",
            Some("stopped") => "they stopped",
            Some("session ended") => "their session ended",
            Some(other) => other,
        }
    }

    /// Minutes that it lasted, or has lasted so far; none before it began.
    pub fn lasted(&self) -> Option<i64> {
        let end = self.over_at().map_or_else(Moment::now, |at| at.to_jiff());
        self.started_at.map(|start| (end.as_second() - start.to_jiff().as_second() + 59) / 60)
    }
}

/// An impersonation with the names of everybody in it and how much was seen and done.
#[derive(Debug, Clone)]
pub struct Listed {
    pub row: Impersonation,
    pub admin: String,
    pub target: String,
    pub tenant: String,
    pub decided_by: String,
    pub ended_by: String,
    pub pages: i64,
    pub writes: i64,
}

impl Listed {
    /// `Ada as Bob`.
    pub fn title(&self) -> String {
        format!("{} as {}", self.admin, self.target)
    }

    /// Whether somebody else put an end to it.
    pub fn was_ended_by_others(&self) -> bool {
        self.row.ended_by.is_some_and(|by| by != self.row.admin_user_id)
    }
}

/// A tenant of somebody who may be impersonated, with what would be open there.
#[derive(Debug, Clone)]
pub struct Reached {
    pub id: Uuid,
    pub name: String,
    /// What they are there, such as `owner`.
    pub roles: String,
    pub looking: Vec<String>,
    pub acting: Vec<String>,
}

/// Somebody whom the asker would impersonate.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub person: Person,
    pub tenants: Vec<Reached>,
    pub refusal: Option<Refused>,
}

/// Why somebody is not impersonated.
#[derive(Debug, Clone)]
pub struct Refused {
    pub why: String,
    /// No page leads there, so that asking is an event.
    pub is_abuse: bool,
}

/// One page that was seen or one change that was made.
#[derive(Debug, Clone, Queryable)]
pub struct Done {
    pub id: Uuid,
    pub occurred_at: Timestamp,
    pub action: String,
    pub outcome: String,
    pub is_read: bool,
    pub details: Value,
}

impl Done {
    /// Whether it changed anything; what ends an impersonation is no change made in it.
    pub fn is_change(&self) -> bool {
        !self.is_read && !ENDS.contains(&self.action.as_str())
    }

    /// The address of a page that was seen.
    pub fn asked_for(&self) -> &str {
        self.details.get("asked_for").and_then(Value::as_str).unwrap_or_default()
    }
}
