//! What is asked: about what, at which moment and over which stretch of time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

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

/// Longer than any address of the console.
const LONGEST: usize = 2000;

/// The id in what was typed or pasted: alone, or the last one in an address, whose earlier ones name what it hangs on.
pub fn id_in(text: &str) -> Option<Uuid> {
    let text = Some(text).filter(|text| text.len() <= LONGEST)?;
    let words = text.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words.filter(|word| word.len() == 36).find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_id_is_meant() {
        let [one, two] = ["0197a1b2-0000-7000-8000-000000000001", "0197a1b2-0000-7000-8000-000000000002"];
        let id = |text: &str| id_in(text).map(|id| id.to_string());
        for text in [
            two.to_owned(),
            format!(" <{two}> "),
            format!("https://console.example/tenants/{one}/domains/{two}?tab=a#b"),
        ] {
            assert_eq!(id(&text).as_deref(), Some(two), "{text}");
        }
        assert_eq!(id(&format!("/tenants/{two}/people.csv")).as_deref(), Some(two));
        for text in ["", "northwind", "0197a1b2", "0197a1b2-0000-7000-8000-00000000000g", &one.repeat(60)] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
