//! Daily figures, and what they add up to.

use castellan_schema::control::client_analytics;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::ToSpan;
use jiff::civil;
use jiff_diesel::Date;
use serde_json::json;

use crate::web::filters::thousands;

/// One day's figures.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = client_analytics, check_for_backend(Pg))]
pub struct Day {
    pub day: Date,
    pub page_views: i64,
    pub visitors: i64,
    pub conversions: i64,
    pub errors: i64,
    pub avg_load_ms: Option<i32>,
}

impl Day {
    /// `2026-11-21`
    pub fn date(&self) -> String {
        self.day.to_jiff().to_string()
    }
}

/// A stretch of days that ends today, and the one of the same length before it.
#[derive(Debug, Clone)]
pub struct Period {
    pub days: i32,
    pub first: civil::Date,
    pub last: civil::Date,
}

impl Period {
    /// So many days, with today as the last.
    pub fn ending(today: civil::Date, days: i32) -> Period {
        Period { days, first: today.saturating_sub((days - 1).days()), last: today }
    }

    /// The first day of the stretch before.
    pub fn before(&self) -> civil::Date {
        self.first.saturating_sub(self.days.days())
    }
}

/// One number above the charts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    pub label: &'static str,
    pub value: String,
    /// How it compares with the stretch before; empty when there is nothing to compare with.
    pub change: String,
    /// `good`, `bad` or none.
    pub tone: &'static str,
}

/// One chart, its series as the script takes them.
#[derive(Debug, Clone)]
pub struct Chart {
    pub title: &'static str,
    pub series: String,
}

/// What the days add up to.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    days: usize,
    page_views: i64,
    visitors: i64,
    conversions: i64,
    errors: i64,
    load_ms: i64,
    loads: i64,
}

impl Sums {
    fn of(days: &[Day]) -> Sums {
        let mut sums = Sums { days: days.len(), ..Sums::default() };
        for day in days {
            sums.page_views += day.page_views;
            sums.visitors += day.visitors;
            sums.conversions += day.conversions;
            sums.errors += day.errors;
            // A mean of means would let a quiet day count as much as a busy one.
            if let Some(ms) = day.avg_load_ms {
                sums.load_ms += i64::from(ms) * day.page_views;
                sums.loads += day.page_views;
            }
        }
        sums
    }

    /// Visitors of several days cannot be added up, since somebody who came twice would count twice.
    fn visitors_a_day(&self) -> i64 {
        rounded(self.visitors, self.days as i64).unwrap_or(0)
    }

    fn mean_load_ms(&self) -> Option<i64> {
        rounded(self.load_ms, self.loads)
    }
}

fn rounded(sum: i64, count: i64) -> Option<i64> {
    (count > 0).then(|| (sum + count / 2) / count)
}

/// The numbers above the charts.
pub fn tiles(now: &[Day], before: &[Day]) -> Vec<Tile> {
    // Fewer days than now would make everything look like growth.
    let comparable = !before.is_empty() && before.len() >= now.len();
    let (now, before) = (Sums::of(now), Sums::of(before));
    let tile = |label, value: Option<i64>, was: Option<i64>, unit: &str, more_is_good: bool| {
        let change = value.zip(was.filter(|was| comparable && *was > 0)).map(|(value, was)| percent(value, was));
        let tone = match change {
            None | Some(0) => "",
            Some(change) if (change > 0) == more_is_good => "good",
            Some(_) => "bad",
        };
        Tile {
            label,
            value: value.map_or("none measured".into(), |value| format!("{}{unit}", thousands(value))),
            change: match change {
                None => String::new(),
                Some(0) => "±0%".into(),
                Some(change) => format!("{change:+}%"),
            },
            tone,
        }
    };
    vec![
        tile("Page views", Some(now.page_views), Some(before.page_views), "", true),
        tile("Visitors a day", Some(now.visitors_a_day()), Some(before.visitors_a_day()), "", true),
        tile("Conversions", Some(now.conversions), Some(before.conversions), "", true),
        tile("Errors", Some(now.errors), Some(before.errors), "", false),
        tile("Mean load time", now.mean_load_ms(), before.mean_load_ms(), " ms", false),
    ]
}

fn percent(value: i64, was: i64) -> i64 {
    ((value - was) as f64 * 100.0 / was as f64).round() as i64
}

/// A figure of a day, where there is one.
type Figure = fn(&Day) -> Option<i64>;

/// The charts over every day of the period; a day without figures is a gap.
pub fn charts(period: &Period, days: &[Day]) -> Vec<Chart> {
    let all: Vec<civil::Date> = period.first.series(1.day()).take_while(|day| *day <= period.last).collect();
    // Noon is the same calendar day in almost every zone that a viewer may be in.
    let noons: Vec<i64> = all
        .iter()
        .filter_map(|day| day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|noon| noon.timestamp().as_second())
        .collect();
    let line = |value: Figure| -> Vec<Option<i64>> {
        let found = |day: &civil::Date| days.binary_search_by_key(day, |one| one.day.to_jiff()).ok();
        all.iter().map(|day| found(day).and_then(|place| value(&days[place]))).collect()
    };
    let chart = |title, lines: &[(&str, Figure)]| {
        let (labels, values): (Vec<&str>, Vec<_>) = lines.iter().map(|(label, value)| (*label, line(*value))).unzip();
        Chart { title, series: json!({ "x": noons, "y": values, "labels": labels }).to_string() }
    };
    vec![
        chart(
            "Page views and visitors",
            &[("page views", |day| Some(day.page_views)), ("visitors", |day| Some(day.visitors))],
        ),
        chart("Conversions", &[("conversions", |day| Some(day.conversions))]),
        chart("Errors", &[("errors", |day| Some(day.errors))]),
        chart("Mean load time in ms", &[("ms", |day| day.avg_load_ms.map(i64::from))]),
    ]
}
