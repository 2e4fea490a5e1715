//! Bars over a stretch of time, as wide as fits.

use jiff::Timestamp;

/// From the mildest up.
pub const SEVERITIES: [&str; 3] = ["info", "warning", "critical"];
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A minute to a month.
const WIDTHS: [i64; 10] =
    [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY];
const BARS: i64 = 60;

/// One bar: its stretch of time, the end left out, and how many events of each severity it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub from: Timestamp,
    pub until: Timestamp,
    pub counts: [usize; 3],
}

impl Bar {
    /// All of them.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// As a filter takes it.
    pub fn span(&self) -> String {
        format!("{}..{}", self.from, self.until)
    }
}

/// Bars from one moment to another, each event counted where it belongs.
pub fn bars<S: AsRef<str>>(
    from: Timestamp,
    until: Timestamp,
    events: impl Iterator<Item = (Timestamp, S)>,
) -> Vec<Bar> {
    let (from, until) = (from.as_second(), until.as_second());
    let fits = |width: &&i64| (until - from) / **width < BARS;
    let width = *WIDTHS.iter().find(fits).unwrap_or(&WIDTHS[WIDTHS.len() - 1]);
    let first = from.div_euclid(width);
    let mut bars: Vec<Bar> = (first..=until.div_euclid(width)).take(2 * BARS as usize).map(|n| bar(n, width)).collect();
    for (at, severity) in events {
        let place = usize::try_from(at.as_second().div_euclid(width) - first).ok();
        let kind = SEVERITIES.iter().position(|one| *one == severity.as_ref());
        if let (Some(bar), Some(kind)) = (place.and_then(|place| bars.get_mut(place)), kind) {
            bar.counts[kind] += 1;
        }
    }
    bars
}

fn bar(place: i64, width: i64) -> Bar {
    let at = |place: i64| Timestamp::from_second(place.saturating_mul(width)).unwrap_or_default();
    Bar { from: at(place), until: at(place + 1), counts: [0; 3] }
}

/// One coloured part of a bar in a picture 100 high.
pub struct Piece {
    pub tone: &'static str,
    pub y: f64,
    pub height: f64,
}

/// The parts of a bar from the bottom up, where the highest bar has `highest` events.
pub fn pieces(bar: &Bar, highest: usize) -> Vec<Piece> {
    let mut y = 100.0;
    let piece = |(count, tone): (&usize, &'static str)| {
        // A single event among thousands is still seen.
        let height = if *count == 0 { 0.0 } else { (100.0 * *count as f64 / highest.max(1) as f64).max(2.0) };
        y -= height;
        Piece { tone, y: y.max(0.0), height }
    };
    bar.counts.iter().zip(["info", "warn", "bad"]).map(piece).filter(|piece| piece.height > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn bars_are_as_wide_as_fits() {
        let from = at("2026-11-01T00:00:00Z");
        for (until, width, count) in [
            ("2026-11-01T00:30:00Z", MINUTE, 31),
            ("2026-11-01T12:00:00Z", 15 * MINUTE, 49),
            ("2026-11-30T23:00:00Z", DAY, 30),
            ("2027-11-01T00:00:00Z", 7 * DAY, 53),
        ] {
            let bars = bars(from, at(until), std::iter::empty::<(Timestamp, &str)>());
            let wide = bars[0].until.as_second() - bars[0].from.as_second();
            assert_eq!((wide, bars.len()), (width, count), "{until}");
            assert!(bars[0].from <= from && at(until) < bars[count - 1].until, "{until}");
        }
        assert!(
            bars(Timestamp::MIN, Timestamp::MAX, std::iter::empty::<(Timestamp, &str)>()).len() <= 2 * BARS as usize
        );
    }

    #[test]
    fn each_event_is_in_the_bar_of_its_time() {
        let (from, until) = (at("2026-11-01T00:00:00Z"), at("2026-11-01T00:10:00Z"));
        let events =
            [("2026-11-01T00:00:59Z", "info"), ("2026-11-01T00:01:00Z", "critical"), ("2026-10-01T00:00:00Z", "info")];
        let bars = bars(from, until, events.iter().map(|(text, severity)| (at(text), *severity)));
        assert_eq!((bars[0].counts, bars[1].counts), ([1, 0, 0], [0, 0, 1]));
        assert_eq!(bars.iter().map(Bar::total).sum::<usize>(), 2, "what is outside is not counted");
        let pieces = pieces(&bars[1], 4);
        assert_eq!((pieces.len(), pieces[0].tone, pieces[0].y, pieces[0].height), (1, "bad", 75.0, 25.0));
    }
}
