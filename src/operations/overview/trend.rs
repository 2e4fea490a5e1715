//! A small line of how a number moved, drawn by the server.

use jiff::{SignedDuration, Timestamp};

/// Days on the line.
pub const DAYS: i64 = 30;

const WIDTH: f64 = 100.0;
const HEIGHT: f64 = 28.0;
/// So that the stroke is not cut off.
const MARGIN: f64 = 2.0;

/// Midnight UTC thirty days ago, which is where the line begins.
pub fn beginning(now: Timestamp) -> Timestamp {
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).start_of_day().map_or(now, |midnight| midnight.timestamp());
    today - SignedDuration::from_hours(24 * DAYS)
}

/// The level at each midnight since the beginning and now, counted from the level at the beginning.
pub fn levels(now: Timestamp, came: &[Timestamp], went: &[Timestamp]) -> Vec<i64> {
    let begin = beginning(now);
    let mut levels = vec![0; DAYS as usize + 2];
    for (moments, step) in [(came, 1), (went, -1)] {
        for moment in moments {
            let day = usize::try_from(moment.duration_since(begin).as_hours() / 24).unwrap_or(0);
            let later = levels.iter_mut().skip(day + 1);
            later.for_each(|level| *level += step);
        }
    }
    levels
}

/// The points of an SVG polyline in a box of 100 by 28. What does not move is a line in the middle.
pub fn points(levels: &[i64]) -> String {
    let (low, high) = (levels.iter().min().copied().unwrap_or(0), levels.iter().max().copied().unwrap_or(0));
    let step = WIDTH / (levels.len().saturating_sub(1).max(1)) as f64;
    let y = |level: i64| match high - low {
        0 => HEIGHT / 2.0,
        range => HEIGHT - MARGIN - (level - low) as f64 / range as f64 * (HEIGHT - 2.0 * MARGIN),
    };
    let point = |(place, level): (usize, &i64)| format!("{:.1},{:.1}", place as f64 * step, y(*level));
    levels.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_follows_what_came_and_went() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let begin = beginning(now);
        assert_eq!(begin, "2026-10-22T00:00:00Z".parse().unwrap());
        let hours = |hours| begin + SignedDuration::from_hours(hours);
        let levels = levels(now, &[hours(1), hours(30), now], &[hours(49)]);
        assert_eq!(levels[..5], [0, 1, 2, 1, 1]);
        assert_eq!(levels.last(), Some(&2));
        assert_eq!(levels.len(), 32);
    }

    #[test]
    fn the_highest_is_at_the_top_and_a_still_line_in_the_middle() {
        assert_eq!(points(&[0, 5, 10]), "0.0,26.0 50.0,14.0 100.0,2.0");
        assert_eq!(points(&[3, 3]), "0.0,14.0 100.0,14.0");
    }
}
