//! How values look in templates.

use askama::Values;
use jiff::Timestamp;

/// `2026-11-21 09:12 UTC`; a script shows it in the viewer's zone.
pub fn utc(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `2026-11-21T09:12:03.123456Z`, for machines.
pub fn iso(moment: Timestamp) -> String {
    moment.to_string()
}

/// A count that stops at ten thousand: `1,204`, `10,000+`.
pub fn capped(count: i64) -> String {
    match count > crate::db::keyset::COUNT_CAP {
        true => format!("{}+", thousands(crate::db::keyset::COUNT_CAP)),
        false => thousands(count),
    }
}

/// `1204` as `1,204`.
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `<time>` that a script turns into the viewer's zone: `{{ row.created_at|when }}`.
#[askama::filter_fn]
pub fn when(moment: &jiff_diesel::Timestamp, _: &dyn Values) -> askama::Result<askama::filters::Safe<String>> {
    Ok(time_element(moment.to_jiff(), "when"))
}

/// The same, said relative to now: `{{ row.last_activity_at|ago }}`.
#[askama::filter_fn]
pub fn ago(moment: &jiff_diesel::Timestamp, _: &dyn Values) -> askama::Result<askama::filters::Safe<String>> {
    Ok(time_element(moment.to_jiff(), "when ago"))
}

/// `1204` as `1,204`.
#[askama::filter_fn]
pub fn number(count: &i64, _: &dyn Values) -> askama::Result<String> {
    Ok(thousands(*count))
}

/// Ids and times contain nothing to escape.
fn time_element(moment: Timestamp, class: &str) -> askama::filters::Safe<String> {
    let (machine, person) = (iso(moment), utc(moment));
    askama::filters::Safe(format!("<time class=\"{class}\" datetime=\"{machine}\">{person}</time>"))
}
