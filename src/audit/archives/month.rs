//! A month of one of the logs, in UTC, which is what a partition holds.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::audit::sealing::leaf::{Log, Reference};

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    pub log: Log,
    pub first_day: Date,
}

impl Month {
    /// From its log and its name, such as `2026-11`.
    pub fn named(log: &str, name: &str) -> Option<Month> {
        let first_day = format!("{name}-01").parse().ok()?;
        Some(Month { log: Log::named(log)?, first_day }).filter(|month| month.name() == name)
    }

    /// `2026-11`
    pub fn name(&self) -> String {
        self.first_day.strftime("%Y-%m").to_string()
    }

    /// What people call it in a sentence.
    pub fn words(&self) -> String {
        let log = match self.log {
            Log::Events => "events",
            Log::SecurityEvents => "security events",
        };
        format!("{log} of {}", self.name())
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}-{}.ndjson.zst", self.log.name(), self.name())
    }

    /// Its first moment.
    pub fn begins(&self) -> Timestamp {
        midnight(self.first_day)
    }

    /// The first moment after it.
    pub fn ends(&self) -> Timestamp {
        midnight(self.first_day.saturating_add(1.month()))
    }

    /// Whether a row is of this month.
    pub fn has(&self, row: &Reference) -> bool {
        row.log == self.log && (self.begins()..self.ends()).contains(&row.occurred_at)
    }
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |moment| moment.timestamp())
}
