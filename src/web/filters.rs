//! How values look in templates.

use askama::Values;
use jiff::Timestamp;
use jiff::tz::Offset;

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

/// `1 second`, `30 seconds`.
pub fn seconds(count: u32) -> String {
    format!("{count} second{}", if count == 1 { "" } else { "s" })
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

/// `<time class="when" datetime="2026-11-21T09:12:03Z">2026-11-21 09:12 UTC</time>`. A list has a hundred of them, so
/// that formatting them the general way was a twentieth of its page. Times contain nothing to escape.
fn time_element(moment: Timestamp, class: &str) -> askama::filters::Safe<String> {
    let at = Offset::UTC.to_datetime(moment);
    let mut text = String::with_capacity(96);
    let date = |text: &mut String| {
        push_digits(text, at.year(), 4);
        text.push('-');
        push_digits(text, at.month(), 2);
        text.push('-');
        push_digits(text, at.day(), 2);
    };
    let time = |text: &mut String| {
        push_digits(text, at.hour(), 2);
        text.push(':');
        push_digits(text, at.minute(), 2);
    };
    text.push_str("<time class=\"");
    text.push_str(class);
    text.push_str("\" datetime=\"");
    date(&mut text);
    text.push('T');
    time(&mut text);
    text.push(':');
    push_digits(&mut text, at.second(), 2);
    text.push_str("Z\">");
    date(&mut text);
    text.push(' ');
    time(&mut text);
    text.push_str(" UTC</time>");
    askama::filters::Safe(text)
}

fn push_digits(text: &mut String, number: impl Into<i32>, digits: u32) {
    let number = number.into().unsigned_abs();
    for place in (0..digits).rev() {
        text.push(char::from_digit(number / 10u32.pow(place) % 10, 10).unwrap_or('0'));
    }
}
