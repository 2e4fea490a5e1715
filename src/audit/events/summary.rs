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
use super::search;
use super::store::{self, Sketch};
use crate::actor::Can;
use crate::audit::Glance;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{List, ListSpec};
use crate::web::page::{self, Shell};

/// Where the log is, whose filters these are.
const LOG: &str = "/audit";
const COUNTED: usize = 10_000;
/// Days that are counted where no time is asked for.
const DAYS: i64 = 30;
/// Longer than any name of an action or a code.
const SHORT: usize = 60;
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
    /// What differs in the end, where one tenant is asked for.
    differences: Option<String>,
}

/// What counting needs of an event, of whichever log.
pub(in crate::audit) trait Counted {
    /// When it was.
    fn at(&self) -> Timestamp;
    /// One of [`SEVERITIES`].
    fn severity(&self) -> &str;
}

impl Counted for Sketch {
    fn at(&self) -> Timestamp {
        self.occurred_at.to_jiff()
    }
    fn severity(&self) -> &str {
        &self.severity
    }
}

/// A field of a list, and what an event has in it.
pub(in crate::audit) type Value<S> = (&'static str, fn(&S) -> Option<String>);

/// A list of which the newest are counted.
pub(in crate::audit) struct Asked {
    spec: &'static ListSpec,
    /// Where the events are.
    log: &'static str,
    /// As it was asked for.
    list: List,
    since: Timestamp,
    now: Timestamp,
}

impl Asked {
    /// The list at `log` that a request has the filters of.
    pub(in crate::audit) fn of(
        spec: &'static ListSpec,
        log: &'static str,
        context: &Context,
    ) -> Result<Asked, AppError> {
        let now = Timestamp::now();
        let since = now - SignedDuration::from_hours(24 * DAYS);
        Ok(Asked { spec, log, list: search::asked(spec, context)?.on(log), since, now })
    }

    fn is_of_latest_days(&self) -> bool {
        self.list.span("occurred").is_none()
    }

    /// Within a page of the log this is part of its read. Opened by itself it is one.
    pub(in crate::audit) async fn note(&self, can: &Can<Glance>, context: &Context, db: &Db) -> Result<(), AppError> {
        if context.wants("summary") { Ok(()) } else { db.note_read(can).await }
    }

    /// What is counted, and how much of it at most.
    pub(in crate::audit) fn counted(&self) -> (List, usize) {
        let list = match self.is_of_latest_days() {
            true => self.list.with("occurred", &format!("{}..", self.since)),
            false => self.list.clone(),
        };
        (list, COUNTED)
    }

    /// The page, for the log of this name, with the newest events and the names of ids.
    pub(in crate::audit) fn page<S: Counted>(
        &self,
        context: &Context,
        name: &str,
        events: &[S],
        fields: &[Value<S>],
        words: &Words,
    ) -> Result<HttpResponse, AppError> {
        let capped = events.len() == COUNTED;
        let (from, until) = self.stretch(events, capped);
        let bars = histogram::bars(from, until, events.iter().map(|event| (event.at(), event.severity())));
        let page = Summary {
            differences: self.differences(&bars),
            shell: context.shell("Counted").under(name, self.log),
            headline: headline(events.len(), capped, self.is_of_latest_days()),
            ends: bars.first().zip(bars.last()).map(|(first, last)| (first.from.into(), last.until.into())),
            columns: columns(&self.list, bars),
            facets: self.facets(events, fields, words),
            is_empty: events.is_empty(),
            capped,
            log: self.list.at_start(),
        };
        page::ok(if context.wants("summary") { page.as_summary().render() } else { page.render() })
    }

    /// What changed in the one tenant that is asked for, within what the bars show.
    fn differences(&self, bars: &[Bar]) -> Option<String> {
        let (tenants, first, last) = (self.list.ids("tenant"), bars.first()?, bars.last()?);
        match tenants[..] {
            [tenant] if self.log == LOG => {
                Some(format!("/audit/tenants/{tenant}?between={}..{}", first.from, last.until))
            }
            _ => None,
        }
    }

    /// From where to where bars are drawn: what was asked for, but no longer than what was counted.
    fn stretch<S: Counted>(&self, events: &[S], capped: bool) -> (Timestamp, Timestamp) {
        let span = self.list.span("occurred");
        let oldest = events.last().map_or(self.since, Counted::at);
        let asked = match span {
            Some(span) => span.from.map(|from| from.to_jiff()),
            None => Some(self.since),
        };
        let from = if capped { oldest } else { asked.unwrap_or(oldest) };
        // The end is left out of the span.
        let until = span.and_then(|span| span.until).map(|until| until.to_jiff() - SignedDuration::from_micros(1));
        // A clock that went wrong may have put events after now.
        let newest = events.first().map_or(self.now, Counted::at);
        let until = until.unwrap_or(newest.max(self.now)).max(from);
        // Of more years than there are bars only those with events are drawn.
        match until.duration_since(from) > SignedDuration::from_hours(24 * 365 * YEARS) {
            true => (oldest, events.first().map_or(oldest, Counted::at)),
            false => (from, until),
        }
    }

    fn facets<S>(&self, events: &[S], fields: &[Value<S>], words: &Words) -> Vec<Facet> {
        let facet = |(field, value): &Value<S>| {
            let label = self.spec.fields.iter().find(|known| known.name == *field).map_or(*field, |known| known.label);
            Facet { label, values: values(&self.list, field, events.iter().filter_map(value), words) }
        };
        fields.iter().map(facet).filter(|facet| !facet.values.is_empty()).collect()
    }
}

const FIELDS: [Value<Sketch>; 10] = [
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

pub async fn show(can: Can<Glance>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let asked = Asked::of(&LIST, LOG, &context)?;
    asked.note(&can, &context, &db).await?;
    let (list, most) = asked.counted();
    let (events, words) = db
        .read(&can, move |conn| {
            let events = store::newest(conn, &list, most)?;
            let people = events.iter().flat_map(|event| [event.actor_id, event.effective_actor_id]).flatten();
            let tenants = events.iter().filter_map(|event| event.tenant_id);
            let clients = events.iter().filter_map(|event| event.client_id);
            let words = Words::named(conn, &list, people, tenants, clients)?;
            Ok((events, words))
        })
        .await?;
    asked.page(&context, "Audit log", &events, &FIELDS, &words)
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
        word: value.parse::<Uuid>().ok().and_then(|id| words.word(&id)).unwrap_or_else(|| short(&value)),
        href: list.toggle(field, &value),
        count: filters::thousands(count as i64),
        chosen,
    };
    shown.map(value).collect()
}

/// Of what no name is made of, such as a hash, enough to tell two apart.
fn short(value: &str) -> String {
    match value.chars().count() <= SHORT {
        true => value.to_owned(),
        false => value.chars().take(8).collect(),
    }
}
