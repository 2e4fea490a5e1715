//! The last hours, by hour and severity.

use jiff::Timestamp;
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::json;

use super::store::HOURS;

/// From the mildest up.
pub const SEVERITIES: [&str; 3] = ["info", "warning", "critical"];
const SECONDS: i64 = 3600;

/// One hour: when it began, and how many events of each severity it had.
#[derive(Debug, Clone)]
pub struct Hour {
    pub began: DbTimestamp,
    pub counts: [usize; 3],
}

/// The running hour and those before it, oldest first.
pub fn hours(events: &[(DbTimestamp, String)], now: Timestamp) -> Vec<Hour> {
    let last = now.as_second().div_euclid(SECONDS);
    let mut hours: Vec<Hour> =
        (last - HOURS + 1..=last).map(|hour| Hour { began: began(hour), counts: [0; 3] }).collect();
    for (at, severity) in events {
        let place = at.to_jiff().as_second().div_euclid(SECONDS) - (last - HOURS + 1);
        let kind = SEVERITIES.iter().position(|one| one == severity);
        if let (Some(hour), Some(kind)) = (usize::try_from(place).ok().and_then(|place| hours.get_mut(place)), kind) {
            hour.counts[kind] += 1;
        }
    }
    hours
}

fn began(hour: i64) -> DbTimestamp {
    Timestamp::from_second(hour * SECONDS).unwrap_or_default().into()
}

/// The same as the chart's script takes it.
pub fn series(hours: &[Hour]) -> String {
    let line = |kind: usize| hours.iter().map(|hour| hour.counts[kind]).collect::<Vec<_>>();
    json!({
        "x": hours.iter().map(|hour| hour.began.to_jiff().as_second()).collect::<Vec<_>>(),
        "y": [line(0), line(1), line(2)],
        "labels": SEVERITIES,
        "colours": ["--dot-info", "--dot-warn", "--dot-bad"],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_counts_in_its_hour() {
        let now: Timestamp = "2026-11-21T10:30:00Z".parse().unwrap();
        let event = |at: &str, severity: &str| (at.parse::<Timestamp>().unwrap().into(), severity.to_owned());
        let events = [
            event("2026-11-21T10:29:59Z", "warning"),
            event("2026-11-21T10:00:00Z", "critical"),
            event("2026-11-21T09:59:59Z", "warning"),
            event("2026-11-20T11:00:00Z", "info"),
            event("2026-11-20T10:59:59Z", "info"),
        ];
        let hours = hours(&events, now);
        assert_eq!(
            (hours.len(), hours[23].counts, hours[22].counts, hours[0].counts),
            (24, [0, 1, 1], [0, 1, 0], [1, 0, 0])
        );
    }
}
