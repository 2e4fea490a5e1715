//! A campaign and how far it is.

use castellan_schema::control::{access_reviews, roles, tenants};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::Timestamp as Moment;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// What a campaign can be about.
pub const COVERS: [&str; 4] = ["all", "role", "tenant", "unused"];
/// What can have become of a campaign.
pub const STATES: [&str; 2] = ["open", "closed"];

/// One campaign.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = access_reviews, check_for_backend(Pg))]
pub struct Review {
    pub id: Uuid,
    pub name: String,
    pub covers: String,
    pub role_id: Option<Uuid>,
    #[diesel(select_expression = roles::name.nullable())]
    pub role: Option<String>,
    pub tenant_id: Option<Uuid>,
    #[diesel(select_expression = tenants::name.nullable())]
    pub tenant: Option<String>,
    pub unused_days: Option<i32>,
    pub note: String,
    pub due_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<Uuid>,
    pub version: i32,
    pub created_at: Timestamp,
    pub created_by: Option<Uuid>,
}

impl Review {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/reviews/{}", self.id)
    }

    /// Whether it can be decided about.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// `open`, `due` until the job has closed it, or `closed`.
    pub fn state(&self) -> &'static str {
        match self.closed_at {
            Some(_) => "closed",
            None if self.due_at.to_jiff() <= Moment::now() => "due",
            None => "open",
        }
    }

    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.state() {
            "open" => "ok",
            "due" => "warn",
            _ => "",
        }
    }

    /// What it is about, in words.
    pub fn subject(&self) -> String {
        match (&self.role, &self.tenant, self.unused_days) {
            (Some(role), ..) => format!("assignments of the role {role}"),
            (_, Some(tenant), _) => format!("assignments on {tenant} and its clients"),
            (.., Some(days)) => format!("assignments not used for {days} days"),
            _ => "all assignments".to_owned(),
        }
    }
}

/// How many items of a campaign came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub undecided: i64,
    pub kept: i64,
    pub reduced: i64,
    pub removed: i64,
    pub expired: i64,
    pub gone: i64,
    pub last_founder: i64,
}

impl Counts {
    /// Adds the number of one outcome.
    pub fn add(&mut self, outcome: &str, count: i64) {
        let place = match outcome {
            "kept" => &mut self.kept,
            "reduced" => &mut self.reduced,
            "removed" => &mut self.removed,
            "expired" => &mut self.expired,
            "gone" => &mut self.gone,
            "last_founder" => &mut self.last_founder,
            _ => &mut self.undecided,
        };
        *place += count;
    }

    /// All items.
    pub fn total(&self) -> i64 {
        self.undecided + self.done()
    }

    /// Items about which nothing is left to decide.
    pub fn done(&self) -> i64 {
        self.kept + self.reduced + self.removed + self.expired + self.gone + self.last_founder
    }
}

/// A campaign in the list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub review: Review,
    pub counts: Counts,
}
