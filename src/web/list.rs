//! One grammar for every list:
//! `?q=&status=active,trial&created=2026-01-01..2026-01-31&sort=-created_at&after=<cursor>`.
//! Values of one field are alternatives, fields narrow each other, and what is unknown is refused by name.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::context::Context;
use super::format::Format;
use super::many::Counter;
use super::query::Pairs;
use crate::db::keyset::{Cursor, PAGE_ROWS, Slice, Window};
use crate::error::AppError;

/// What a list can be asked for.
#[derive(Debug)]
pub struct ListSpec {
    /// What `q` searches, such as "name, slug or domain"; empty for no search.
    pub search: &'static str,
    pub fields: &'static [Field],
    /// Sortable columns; the first is the default, with a minus for descending.
    pub sorts: &'static [&'static str],
}

/// One filter.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: FieldKind,
}

/// What values a filter takes.
#[derive(Debug)]
pub enum FieldKind {
    /// Some of these.
    Choice(&'static [&'static str]),
    /// `from..to`, either end may be missing: days in UTC, both included, or moments, the second left out.
    Days,
    /// An id.
    Id,
    /// A short text, compared whole.
    Text,
}

/// A half-open stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// A list as it was asked for.
#[derive(Clone)]
pub struct List {
    pub(super) spec: &'static ListSpec,
    pub(super) path: String,
    pub(super) format: Format,
    pub(super) pairs: Pairs,
    /// What to search for, trimmed.
    pub q: Option<String>,
    pub window: Window,
    counter: Counter,
}

const SEARCH_MAX: usize = 200;
const OWN_PARAMETERS: [&str; 3] = ["q", "sort", "after"];

impl List {
    /// The list that a request asks for.
    pub fn of(spec: &'static ListSpec, context: &Context) -> Result<List, AppError> {
        Ok(List::parse(spec, &context.path, &context.query)?.counting(context.counter()))
    }

    /// Checks a query against what the list knows. The path may end as [`Format`] says.
    pub fn parse(spec: &'static ListSpec, path: &str, query: &[u8]) -> Result<List, AppError> {
        let pairs = Pairs::parse(query).map_err(AppError::no_text)?;
        let pairs = Pairs(pairs.0.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect());
        let list = List {
            spec,
            path: Format::strip(path).to_owned(),
            format: Format::of(path),
            q: search(spec, &pairs)?,
            window: window(spec, &pairs)?,
            pairs,
            counter: Counter::default(),
        };
        list.check_fields()?;
        Ok(list)
    }

    /// The same list, counted by this one.
    pub fn counting(self, counter: Counter) -> List {
        List { counter, ..self }
    }

    /// Words for a `like` pattern that finds `q` anywhere.
    pub fn pattern(&self) -> Option<String> {
        self.q.as_deref().map(anywhere)
    }

    /// The chosen values of a choice, id or text field; empty means any.
    pub fn values(&self, field: &str) -> Vec<String> {
        self.pairs.all(field).flat_map(|value| value.split(',')).map(|value| value.trim().to_owned()).collect()
    }

    /// The chosen ids of an id field.
    pub fn ids(&self, field: &str) -> Vec<Uuid> {
        self.values(field).iter().filter_map(|value| value.parse().ok()).collect()
    }

    /// The chosen days of a days field.
    pub fn span(&self, field: &str) -> Option<Span> {
        self.pairs.get(field).and_then(|value| days(value).ok())
    }

    /// The number of rows in all: known without asking when one page holds them or there are too many to count,
    /// which costs more than the page itself; else counted by `count`.
    pub fn count<T>(&self, slice: &Slice<T>, count: impl FnOnce() -> Result<i64, AppError>) -> Result<i64, AppError> {
        match (&slice.previous, &slice.next) {
            (None, None) => Ok(slice.rows.len() as i64),
            _ => self.counter.count(self.pairs.without("after").without("sort").url(&self.path), count),
        }
    }

    /// Nothing narrows it.
    pub fn is_unfiltered(&self) -> bool {
        self.q.is_none() && self.spec.fields.iter().all(|field| self.pairs.get(field.name).is_none())
    }

    /// The same list with one value of a field.
    pub fn with(&self, field: &str, value: &str) -> List {
        List { pairs: self.pairs.with(field, value), ..self.clone() }
    }

    /// The same list without a field.
    pub fn without(&self, field: &str) -> List {
        List { pairs: self.pairs.without(field), ..self.clone() }
    }

    /// The same list at another address.
    pub fn on(&self, path: &str) -> List {
        List { path: path.to_owned(), ..self.clone() }
    }

    /// The address of the list's beginning.
    pub fn at_start(&self) -> String {
        self.pairs.without("after").url(&self.path)
    }

    /// The address of the list's beginning with a value of a field added to those chosen, or taken away if it is one.
    pub fn toggle(&self, field: &str, value: &str) -> String {
        let mut values = self.values(field);
        match values.iter().position(|one| one == value) {
            Some(place) => drop(values.remove(place)),
            None => values.push(value.to_owned()),
        }
        let pairs = self.pairs.without("after");
        if values.is_empty() { pairs.without(field) } else { pairs.with(field, &values.join(",")) }.url(&self.path)
    }

    /// The same list at its beginning with the largest page that export reads at a time.
    pub fn for_export(mut self, rows: usize) -> List {
        self.window.cursor = None;
        self.with_rows(rows)
    }

    /// The same list with so many rows on a page.
    pub fn with_rows(mut self, rows: usize) -> List {
        self.window.rows = rows;
        self
    }

    /// The same list from a cursor that a slice gave.
    pub fn at(mut self, cursor: &str) -> List {
        self.window.cursor = Cursor::decode(cursor);
        self
    }

    fn check_fields(&self) -> Result<(), AppError> {
        for (name, value) in &self.pairs.0 {
            if OWN_PARAMETERS.contains(&name.as_str()) {
                continue;
            }
            let Some(field) = self.spec.fields.iter().find(|field| field.name == name) else {
                let known = self.spec.fields.iter().map(|field| field.name).chain(OWN_PARAMETERS);
                let known: Vec<&str> = known.filter(|name| *name != "q" || !self.spec.search.is_empty()).collect();
                return Err(AppError::BadRequest(format!(
                    "There is no filter {}. This list knows: {}.",
                    quoted(name),
                    known.join(", ")
                )));
            };
            field.check(value)?;
        }
        Ok(())
    }
}

impl Field {
    fn check(&self, value: &str) -> Result<(), AppError> {
        let refuse = |allowed: String| {
            Err(AppError::BadRequest(format!("{} cannot be {}. Allowed: {allowed}.", self.name, quoted(value))))
        };
        match self.kind {
            FieldKind::Choice(all) => match value.split(',').all(|one| all.contains(&one.trim())) {
                true => Ok(()),
                false => refuse(all.join(", ")),
            },
            FieldKind::Days => match days(value) {
                Ok(_) => Ok(()),
                Err(allowed) => refuse(allowed.to_owned()),
            },
            FieldKind::Id => match value.split(',').all(|one| one.trim().parse::<Uuid>().is_ok()) {
                true => Ok(()),
                false => refuse("an id such as 0197a1b2-0000-7000-8000-000000000000".into()),
            },
            FieldKind::Text => match value.len() <= SEARCH_MAX && !value.contains('\0') {
                true => Ok(()),
                false => refuse(format!("up to {SEARCH_MAX} characters of text")),
            },
        }
    }
}

fn search(spec: &ListSpec, pairs: &Pairs) -> Result<Option<String>, AppError> {
    let Some(q) = pairs.get("q").map(str::trim) else { return Ok(None) };
    if spec.search.is_empty() {
        return Err(AppError::BadRequest("q is not known here: this list has no search.".into()));
    }
    if q.chars().count() > SEARCH_MAX || q.contains('\0') {
        return Err(AppError::BadRequest(format!("q may have up to {SEARCH_MAX} characters of text.")));
    }
    Ok(Some(q.to_owned()))
}

fn window(spec: &ListSpec, pairs: &Pairs) -> Result<Window, AppError> {
    let asked = pairs.get("sort").unwrap_or(spec.sorts[0]);
    let name = asked.trim_start_matches('-');
    let known = |sort: &&&'static str| sort.trim_start_matches('-') == name;
    let Some(sort) = spec.sorts.iter().find(known) else {
        let names: Vec<&str> = spec.sorts.iter().map(|sort| sort.trim_start_matches('-')).collect();
        return Err(AppError::BadRequest(format!(
            "sort cannot be {}. Allowed: {}, each also with a minus in front.",
            quoted(asked),
            names.join(", ")
        )));
    };
    let sort = sort.trim_start_matches('-');
    let cursor = match pairs.get("after") {
        None => None,
        Some(text) => Some(cursor(text, sort)?),
    };
    Ok(Window { sort, descending: asked.starts_with('-'), cursor, rows: PAGE_ROWS })
}

/// Where a page begins. A cursor of another sort may be left over in an address; what is none was made by somebody else.
fn cursor(text: &str, sort: &str) -> Result<Cursor, AppError> {
    const SAID: &str = "after is not a cursor of this list and sort. Leave it out to begin at the start.";
    let cursor =
        Cursor::decode(text).ok_or_else(|| AppError::Forged { what: "a cursor that is none", said: SAID.into() })?;
    if cursor.sort == sort { Ok(cursor) } else { Err(AppError::BadRequest(SAID.into())) }
}

/// A `like` pattern that finds a text anywhere.
pub fn anywhere(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

const DAYS_ALLOWED: &str = "days as in 2026-01-01..2026-01-31 or moments as in 2026-01-01T09:30..2026-01-01T10:00, in \
                            UTC unless they say otherwise, where either end may be missing and the first is not later \
                            than the second";

fn days(text: &str) -> Result<Span, &'static str> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, until) = (moment(from, false)?, moment(to, true)?);
    if from.is_none() && until.is_none() || from.zip(until).is_some_and(|(from, until)| from >= until) {
        return Err(DAYS_ALLOWED);
    }
    Ok(Span { from: from.map(Timestamp::from), until: until.map(Timestamp::from) })
}

/// A moment, or where a day begins or ends.
fn moment(text: &str, is_end: bool) -> Result<Option<jiff::Timestamp>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.contains('T') {
        let utc = |_| text.parse().map(|local: DateTime| local.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()));
        let moment = text.parse().map(Ok).or_else(utc);
        return moment.ok().and_then(Result::ok).map(Some).ok_or(DAYS_ALLOWED);
    }
    let day: Date = text.parse().map_err(|_| DAYS_ALLOWED)?;
    let day = if is_end { day.tomorrow().map_err(|_| DAYS_ALLOWED)? } else { day };
    day.to_zoned(TimeZone::UTC).map(|midnight| Some(midnight.timestamp())).map_err(|_| DAYS_ALLOWED)
}

fn quoted(text: &str) -> String {
    format!("“{}”", text.chars().take(60).collect::<String>())
}
