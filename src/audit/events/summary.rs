//! What a list of the log holds, counted: bars over its time, and how often each value comes. It counts the newest
//! events only, so that it costs the same for ten million of them.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use super::histogram::{self, Bar, Piece, SEVERITIES};
use super::pages::{LIST, Words};
use super::store::{self, Sketch};
use crate::actor::Can;
use crate::audit::Glance;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::List;
use crate::web::page::{self, Shell};

/// Where the log is, whose filters these are.
const LOG: &str = "/audit";
const COUNTED: usize = 10_000;
/// Days that are counted where no time is asked for.
const DAYS: i64 = 30;
/// Years of which every one is drawn.
const YEARS: i64 = 50;
/// Values shown of each field.
const VALUES: usize = 6;

/// One field with its most frequent values.
struct Facet {
    label: &'static str,
    values: Vec<FacetValue>,
}

/// One value: a link that adds it to the filters, or takes it away.
struct FacetValue {
    word: String,
    count: String,
    chosen: bool,
    href: String,
}

/// One bar as it is drawn.
struct Column {
    href: String,
    bar: Bar,
    /// What a screen reader and a pointer are told.
    words: String,
    left: usize,
    pieces: Vec<Piece>,
}

#[derive(Template)]
#[template(path = "audit/events/summary.html", blocks = ["summary"])]
struct Summary {
    shell: Shell,
    /// How many of what.
    headline: String,
    columns: Vec<Column>,
    /// Where the first bar begins and the last one ends.
    ends: Option<(DbTimestamp, DbTimestamp)>,
    facets: Vec<Facet>,
    is_empty: bool,
    /// There are older ones in the range.
    capped: bool,
    /// The log with the same filters.
    log: String,
}

pub async fn show(can: Can<Glance>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?.on(LOG);
    let now = Timestamp::now();
    let latest_days = list.span("occurred").is_none();
    let since = now - SignedDuration::from_hours(24 * DAYS);
    let counted = if latest_days { list.with("occurred", &format!("{since}..")) } else { list.clone() };
    let (events, words) = db
        .read(&can, move |conn| {
            let events = store::newest(conn, &counted, COUNTED)?;
            let people = events.iter().flat_map(|event| [event.actor_id, event.effective_actor_id]).flatten();
            let tenants = events.iter().filter_map(|event| event.tenant_id);
            let clients = events.iter().filter_map(|event| event.client_id);
            let words = Words::named(conn, &counted, people, tenants, clients)?;
            Ok((events, words))
        })
        .await?;
    let capped = events.len() == COUNTED;
    let (from, until) = stretch(&list, &events, capped, since, now);
    let bars =
        histogram::bars(from, until, events.iter().map(|event| (event.occurred_at.to_jiff(), event.severity.as_str())));
    let page = Summary {
        shell: context.shell("Counted").under("Audit log", LOG),
        headline: headline(events.len(), capped, latest_days),
        ends: bars.first().zip(bars.last()).map(|(first, last)| (first.from.into(), last.until.into())),
        columns: columns(&list, bars),
        facets: facets(&list, &events, &words),
        is_empty: events.is_empty(),
        capped,
        log: list.at_start(),
    };
    page::ok(if context.wants("summary") { page.as_summary().render() } else { page.render() })
}

fn headline(count: usize, capped: bool, latest_days: bool) -> String {
    let which = if capped { "The newest " } else { "" };
    let when = if latest_days { format!(" of the last {DAYS} days") } else { String::new() };
    format!("{which}{}{when}", events_of(count))
}

fn events_of(count: usize) -> String {
    format!("{} {}", filters::thousands(count as i64), if count == 1 { "event" } else { "events" })
}

fn columns(list: &List, bars: Vec<Bar>) -> Vec<Column> {
    let highest = bars.iter().map(Bar::total).max().unwrap_or_default();
    let column = |(place, bar): (usize, Bar)| Column {
        href: list.with("occurred", &bar.span()).at_start(),
        words: words_of(&bar),
        left: place * 10,
        pieces: histogram::pieces(&bar, highest),
        bar,
    };
    bars.into_iter().enumerate().map(column).collect()
}

/// `2026-11-21 09:00 UTC: 7 events, 2 warning`.
fn words_of(bar: &Bar) -> String {
    let raised = bar.counts.iter().zip(SEVERITIES).skip(1).filter(|(count, _)| **count > 0);
    let raised: String = raised.map(|(count, severity)| format!(", {count} {severity}")).collect();
    format!("{}: {}{raised}", filters::utc(bar.from), events_of(bar.total()))
}

/// From where to where bars are drawn: what was asked for, but no longer than what was counted.
fn stretch(list: &List, events: &[Sketch], capped: bool, since: Timestamp, now: Timestamp) -> (Timestamp, Timestamp) {
    let span = list.span("occurred");
    let oldest = events.last().map_or(since, |event| event.occurred_at.to_jiff());
    let asked = match span {
        Some(span) => span.from.map(|from| from.to_jiff()),
        None => Some(since),
    };
    let from = if capped { oldest } else { asked.unwrap_or(oldest) };
    // The end is left out of the span.
    let until = span.and_then(|span| span.until).map(|until| until.to_jiff() - SignedDuration::from_micros(1));
    let until = until.unwrap_or(now).max(from);
    // Of more years than there are bars only those with events are drawn.
    match until.duration_since(from) > SignedDuration::from_hours(24 * 365 * YEARS) {
        true => (oldest, events.first().map_or(oldest, |event| event.occurred_at.to_jiff())),
        false => (from, until),
    }
}

fn facets(list: &List, events: &[Sketch], words: &Words) -> Vec<Facet> {
    type Values = fn(&Sketch) -> Option<String>;
    let fields: [(&'static str, Values); 10] = [
        ("action", |event| Some(event.action.clone())),
        ("actor", |event| event.actor_id.map(|id| id.to_string()).or_else(|| event.actor_label.clone())),
        ("effective_actor", |event| event.effective_actor_id.map(|id| id.to_string())),
        ("tenant", |event| event.tenant_id.map(|id| id.to_string())),
        ("client", |event| event.client_id.map(|id| id.to_string())),
        ("outcome", |event| Some(event.outcome.clone())),
        ("severity", |event| Some(event.severity.clone())),
        ("reason_code", |event| event.reason_code.clone()),
        ("kind", |event| Some(if event.is_read { "reads" } else { "changes" }.to_owned())),
        ("acting", |event| {
            let acting = if event.delegation_id.is_some() { "delegation" } else { "impersonation" };
            event.effective_actor_id.map(|_| acting.to_owned())
        }),
    ];
    let facet = |(field, value): (&'static str, Values)| {
        let label = LIST.fields.iter().find(|known| known.name == field).map_or(field, |known| known.label);
        Facet { label, values: values(list, field, events.iter().filter_map(value), words) }
    };
    fields.into_iter().map(facet).filter(|facet| !facet.values.is_empty()).collect()
}

/// The chosen values, and the most frequent of the others.
fn values(list: &List, field: &str, values: impl Iterator<Item = String>, words: &Words) -> Vec<FacetValue> {
    let chosen = list.values(field);
    let mut counts: HashMap<String, usize> = chosen.iter().map(|value| (value.clone(), 0)).collect();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<(bool, usize, String)> =
        counts.into_iter().map(|(value, count)| (chosen.contains(&value), count, value)).collect();
    counts.sort_by(|one, other| (other.0, other.1, &one.2).cmp(&(one.0, one.1, &other.2)));
    let shown = counts.into_iter().take(VALUES.max(chosen.len()));
    let value = |(chosen, count, value): (bool, usize, String)| FacetValue {
        word: value.parse::<Uuid>().ok().and_then(|id| words.word(&id)).unwrap_or_else(|| value.clone()),
        href: list.toggle(field, &value),
        count: filters::thousands(count as i64),
        chosen,
    };
    shown.map(value).collect()
}
