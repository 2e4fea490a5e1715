//! What repeats itself is one event and not thousands: what this process has seen of late, and of whom.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::db::SecurityKind;

/// Counts by kind, and by whoever it comes from: a session, a token or a network.
#[derive(Debug, Default)]
pub struct Repeats(Mutex<HashMap<(SecurityKind, Vec<u8>), Seen>>);

/// Beyond it everything is forgotten, so that many networks do not fill the memory.
const MOST: usize = 10_000;

impl Repeats {
    /// Whether this is the one by which there were `many` within this time. It stays false for as long as it goes on.
    pub fn begins(&self, kind: SecurityKind, whose: &[u8], many: u32, within: Duration) -> bool {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.entry((kind, whose.to_vec())).or_insert_with(|| Seen::since(now)).begins(now, many, within)
    }
}

/// How often something came in the stretch of time that began then.
#[derive(Debug)]
struct Seen {
    since: Instant,
    count: u32,
    is_told: bool,
}

impl Seen {
    fn since(since: Instant) -> Seen {
        Seen { since, count: 0, is_told: false }
    }

    fn begins(&mut self, now: Instant, many: u32, within: Duration) -> bool {
        let passed = now.duration_since(self.since);
        if passed >= within {
            let goes_on = self.count >= many && passed < within * 2;
            *self = Seen { is_told: self.is_told && goes_on, ..Seen::since(now) };
        }
        self.count = self.count.saturating_add(1);
        let begins = self.count >= many && !self.is_told;
        self.is_told |= begins;
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// At which of these seconds it begins.
    fn told(many: u32, seconds: &[u64]) -> Vec<u64> {
        let start = Instant::now();
        let mut seen = Seen::since(start);
        let begins = |second: &&u64| seen.begins(start + Duration::from_secs(**second), many, MINUTE);
        seconds.iter().filter(begins).copied().collect()
    }

    #[test]
    fn a_burst_is_told_of_once_and_the_next_one_again() {
        assert!(told(3, &[0, 1]).is_empty());
        assert_eq!(told(3, &[0, 1, 2, 3, 50]), [2]);
        assert_eq!(told(3, &[0, 1, 2, 60, 61, 62, 121, 122, 123]), [2], "it goes on");
        assert_eq!(told(3, &[0, 1, 2, 60, 120, 121, 122]), [2, 122], "a minute with fewer ends it");
        assert_eq!(told(3, &[0, 1, 2, 500, 501, 502]), [2, 502]);
        assert_eq!(told(1, &[0, 30, 70, 130, 400]), [0, 400]);
    }

    #[test]
    fn each_is_counted_alone() {
        let (repeats, kind) = (Repeats::default(), SecurityKind::MaliciousExcess404);
        assert!(repeats.begins(kind, b"one", 1, MINUTE) && !repeats.begins(kind, b"one", 1, MINUTE));
        assert!(repeats.begins(kind, b"other", 1, MINUTE));
        assert!(repeats.begins(SecurityKind::SequenceFail, b"one", 1, MINUTE));
    }
}
