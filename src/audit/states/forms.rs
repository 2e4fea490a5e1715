//! The moment that is asked about.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Clocks of browsers and servers differ by so much.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// None for now. The error says what is allowed.
pub fn moment(text: &str, now: Timestamp) -> Result<Option<Timestamp>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let utc =
        |_| text.parse::<DateTime>().and_then(|civil| civil.to_zoned(TimeZone::UTC)).map(|zoned| zoned.timestamp());
    match text.parse().or_else(utc) {
        Ok(moment) if moment > now + AHEAD => Err("must not be in the future"),
        Ok(moment) => Ok(Some(moment)),
        Err(_) => Err("must be a moment in UTC such as 2026-01-31T09:30, or a day; blank for now"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_a_zone_or_are_in_utc() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let at = |text: &str| moment(text, now);
        let half_past: Timestamp = "2026-01-31T09:30:00Z".parse().unwrap();
        assert_eq!(at(" "), Ok(None));
        assert_eq!(at("2026-01-31T09:30"), Ok(Some(half_past)));
        assert_eq!(at("2026-01-31T10:30+01:00"), Ok(Some(half_past)));
        assert_eq!(at("2026-01-31"), Ok(Some("2026-01-31T00:00:00Z".parse().unwrap())));
        assert_eq!(at("2026-11-21T12:00:30Z"), Ok(Some("2026-11-21T12:00:30Z".parse().unwrap())));
        assert!(at("2026-11-21T12:02:00Z").is_err() && at("yesterday").is_err() && at("2026-02-30").is_err());
    }
}
