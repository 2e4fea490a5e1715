//! The clock's part: for each entry the latest moment at which it came due. All processes compute the same moments,
//! and the database takes each once, so nobody has to be in charge.

use std::collections::HashMap;

use jiff::Timestamp;

use super::handlers::{Entry, Every};

impl Every {
    /// The latest moment at or before `now` at which it comes due.
    pub fn slot(self, now: Timestamp) -> Timestamp {
        let (period, at) = (self.minutes.max(1) * 60, self.at * 60);
        let second = (now.as_second() - at).div_euclid(period) * period + at;
        Timestamp::from_second(second).unwrap_or(now)
    }
}

/// Which moments this process has seen to.
pub(super) struct Clock {
    entries: Vec<Entry>,
    seen: HashMap<&'static str, Timestamp>,
}

impl Clock {
    pub(super) fn of(entries: &[Entry]) -> Clock {
        Clock { entries: entries.to_vec(), seen: HashMap::new() }
    }

    /// What has come due since it was last seen to; at first the latest moment of each, in case nobody ran then.
    pub(super) fn due(&self, now: Timestamp) -> Vec<(&'static str, Timestamp)> {
        let slots = self.entries.iter().map(|entry| (entry.kind, entry.every.slot(now)));
        slots.filter(|(kind, slot)| self.seen.get(kind) != Some(slot)).collect()
    }

    pub(super) fn planned(&mut self, slots: &[(&'static str, Timestamp)]) {
        self.seen.extend(slots.iter().copied());
    }
}
