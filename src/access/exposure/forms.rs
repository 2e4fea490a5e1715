//! The moment and the stretch of time that are asked about.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::web::form::FieldError;
use crate::web::list::List;

/// What is asked: who could at a moment, and who did within a stretch of time.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub at: Timestamp,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// How far back deeds are looked for, unless somebody says otherwise.
const DAYS: i64 = 30;

impl Asked {
    /// Now and the days before it, unless the query says otherwise. All errors at once.
    pub fn of(list: &List, began: Timestamp, now: Timestamp) -> Result<Asked, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut read = |field: &str, default: Timestamp| match list.values(field).join(",").as_str() {
            "" => default,
            text => within(text, began, now).unwrap_or_else(|why| {
                errors.push(FieldError::new(field, why));
                default
            }),
        };
        let at = read("at", now);
        let until = read("until", at);
        let month_before = until - SignedDuration::from_hours(24 * DAYS);
        let from = read("from", month_before.max(began).min(until));
        if errors.is_empty() && from > until {
            errors.push(FieldError::new("from", "must not be later than the end"));
        }
        if errors.is_empty() { Ok(Asked { at, from, until }) } else { Err(errors) }
    }
}

fn within(text: &str, began: Timestamp, now: Timestamp) -> Result<Timestamp, String> {
    let moment = moment(text.trim()).ok_or("must be a moment in UTC such as 2026-01-31T09:30")?;
    if moment < began {
        return Err(format!("must not be before {began}, when the log begins: what was before cannot be known"));
    }
    if moment > now {
        return Err("must not be in the future".to_owned());
    }
    Ok(moment)
}

/// With a zone, or without one in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}
