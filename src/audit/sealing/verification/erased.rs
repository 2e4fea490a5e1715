//! Rows that lost values, against what erasures announced. A leaf holds whether its values are there or not, so that this
//! is all that tells an erasure from somebody who hides what was done.

use diesel::prelude::*;

use super::archived::Archived;
use super::report::Report;
use super::store;
use crate::audit::sealing::leaf::{Leaf, Log};
use crate::error::AppError;

/// How many rows of each log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    pub events: i64,
    pub changes: i64,
    pub security_events: i64,
}

impl Erased {
    /// Counts a row, and the changes with it.
    pub fn count(&mut self, log: Log, leaf: &Leaf) {
        let itself = i64::from(leaf.values.lack_some());
        match log {
            Log::Events => self.events += itself,
            Log::SecurityEvents => self.security_events += itself,
        }
        self.changes += leaf.changes.iter().map(|change| i64::from(change.values.lack_some())).sum::<i64>();
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Erased) {
        self.events += other.events;
        self.changes += other.changes;
        self.security_events += other.security_events;
    }

    /// Says where more rows lost values than was announced. Less is no trouble: a row may lose values twice, an erasure may
    /// have been stopped midway, and what was erased may have been archived since.
    pub fn compare(&self, conn: &mut PgConnection, archived: &Archived, report: &mut Report) -> Result<(), AppError> {
        let mut announced = store::announced(conn)?;
        for (event, of_archived) in store::erasures_elsewhere(conn)? {
            if archived.has_event(conn, event)? {
                announced.add(&of_archived);
            }
        }
        for (log, found, announced) in [
            ("events", self.events, announced.events),
            ("changes", self.changes, announced.changes),
            ("security events", self.security_events, announced.security_events),
        ] {
            if found > announced {
                report.mismatch(
                    None,
                    format!("{found} rows of the {log} have lost values, and erasures announced {announced}."),
                );
            }
        }
        Ok(())
    }
}
