//! A tenant as it is stored, and its states.

use castellan_schema::control::tenants;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// Where a tenant's data can live.
pub const REGIONS: [&str; 7] = ["eu-west", "eu-central", "eu-north", "us-east", "us-west", "ap-south", "ap-east"];
/// The states a tenant goes through.
pub const STATUSES: [&str; 5] = ["trial", "active", "suspended", "closing", "closed"];
/// How a tenant's data is kept apart from others'.
pub const ISOLATIONS: [&str; 3] = ["row", "schema", "database"];

/// One tenant.
#[derive(Debug, Clone, Queryable, Selectable, Identifiable)]
#[diesel(table_name = tenants, check_for_backend(Pg))]
pub struct Tenant {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub name_sort: String,
    pub region: String,
    pub status: String,
    pub isolation: String,
    pub trial_ends_at: Option<Timestamp>,
    pub suspended_at: Option<Timestamp>,
    pub suspension_reason: Option<String>,
    pub closing_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub last_activity_at: Timestamp,
    pub notes: String,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

impl Tenant {
    /// Its page.
    pub fn url(&self) -> String {
        format!("/tenants/{}", self.id)
    }

    /// Whether it was deleted, which can be undone.
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// The state it goes back to when a suspension or closing ends; see the table's checks.
    pub fn state_underneath(&self) -> &'static str {
        match (self.suspended_at, self.trial_ends_at) {
            (Some(_), _) if self.status != "suspended" => "suspended",
            (_, Some(_)) => "trial",
            _ => "active",
        }
    }

    /// When its trial ends if somebody moves the end to the beginning of a day; one that is not on trial has none. The
    /// day that it ends on anyway moves nothing.
    pub fn trial_ending_on(&self, begins: Option<Timestamp>) -> Option<Timestamp> {
        let ends = self.trial_ends_at?;
        Some(begins.filter(|begins| day(*begins) != day(ends)).unwrap_or(ends))
    }

    /// The colour of its state: `ok`, `info`, `warn`, `bad` or none.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            _ if self.is_deleted() => "",
            "active" => "ok",
            "trial" if self.is_trial_over() => "warn",
            "trial" => "info",
            "closing" => "warn",
            "suspended" => "bad",
            _ => "",
        }
    }

    /// On trial past its end, until somebody activates, extends or closes it.
    fn is_trial_over(&self) -> bool {
        self.trial_ends_at.is_some_and(|ends| ends.to_jiff() <= jiff::Timestamp::now())
    }

    /// Its state in words, with the day that matters.
    pub fn state(&self) -> String {
        let on = |moment: Option<Timestamp>| {
            moment.map(|at| at.to_jiff().strftime("%-d %b %Y").to_string()).unwrap_or_default()
        };
        match self.status.as_str() {
            _ if self.is_deleted() => format!("deleted on {}", on(self.deleted_at)),
            "trial" if self.is_trial_over() => format!("trial ended on {}", on(self.trial_ends_at)),
            "trial" => format!("trial until {}", on(self.trial_ends_at)),
            "closing" => format!("closing on {}", on(self.closing_at)),
            status => status.to_owned(),
        }
    }
}

/// The day of a moment, in UTC.
pub fn day(moment: Timestamp) -> jiff::civil::Date {
    moment.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// A job about a tenant that is not done yet, or that nobody could do.
#[derive(Debug, Clone, Queryable)]
pub struct OpenJob {
    pub id: Uuid,
    pub kind: String,
    pub status: String,
}

impl OpenJob {
    /// The colour of its state.
    pub fn tone(&self) -> &'static str {
        match self.status.as_str() {
            "failed" => "warn",
            "dead" => "bad",
            _ => "info",
        }
    }
}
