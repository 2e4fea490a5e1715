//! A row at a moment.

use jiff_diesel::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::Held;
use crate::action::RowChange;
use crate::audit::events::diff::{self, Cell};
use crate::web::filters;

/// One change of the row.
#[derive(Debug, Clone)]
pub struct Step {
    pub event_id: Uuid,
    pub occurred_at: Timestamp,
    pub table_name: String,
    pub op: String,
}

/// Whether the row was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    NotYet,
    There,
    /// Marked as deleted or revoked, and kept.
    OutOfSight,
    Gone,
}

/// One value, or a part of one where it is JSON.
#[derive(Debug)]
pub struct Line {
    pub path: String,
    pub cell: Option<Cell>,
    /// The event that set it; none where it was set before the log knew the row.
    pub since: Option<(Uuid, Timestamp)>,
}

/// See the module.
#[derive(Debug)]
pub struct State {
    pub row_id: Uuid,
    pub table_name: String,
    pub at: Timestamp,
    pub presence: Presence,
    pub lines: Vec<Line>,
    /// What a person calls it.
    pub name: Option<String>,
    /// The change by which it came to be so.
    pub in_force: Option<Step>,
    pub previous: Option<Step>,
    pub next: Option<Step>,
    /// The log has every value that it had then.
    pub is_known: bool,
}

/// What people call things by, the best first.
const NAMES: [&str; 6] = ["name", "domain", "template_id", "policy", "email", "slug"];
impl State {
    /// The address of the row's page as it was after a change.
    pub fn url_at(&self, step: &Step) -> String {
        url(self.row_id, step.occurred_at)
    }

    /// The word for whether it was there, and its colour.
    pub fn word(&self) -> (&'static str, &'static str) {
        match self.presence {
            Presence::NotYet => ("did not exist yet", "info"),
            Presence::There => ("existed", "ok"),
            Presence::OutOfSight => ("was deleted or revoked", "warn"),
            Presence::Gone => ("was deleted", "bad"),
        }
    }

    /// Whether the row itself is no longer there.
    pub fn is_gone(&self) -> bool {
        self.presence == Presence::Gone
    }
}

/// The address of a row as it was at a moment.
pub fn url(row_id: Uuid, at: Timestamp) -> String {
    format!("/audit/states/{row_id}?at={}", filters::iso(at.to_jiff()))
}

/// What people call a row with these values.
pub fn name_of<'v>(value: impl Fn(&str) -> Option<&'v Value>) -> Option<String> {
    NAMES.iter().find_map(|name| value(name)?.as_str().map(str::to_owned)).filter(|name| !name.is_empty())
}

/// The values path by path.
pub fn lines(held: &[Held]) -> Vec<Line> {
    held.iter().flat_map(lines_of).collect()
}

fn lines_of(held: &Held) -> Vec<Line> {
    let since = held.event_id.zip(held.occurred_at);
    let erased: Vec<String> = held.is_erased.then(|| held.name.clone()).into_iter().collect();
    let after = held.value.as_ref().map(|value| json!({ held.name.clone(): value }));
    let whole = RowChange { table_name: String::new(), row_id: None, op: String::new(), before: None, after };
    let lines: Vec<Line> = diff::lines(&whole, &erased)
        .into_iter()
        .map(|line| Line { path: line.path, cell: line.after, since })
        .collect();
    match lines.is_empty() {
        true => vec![Line { path: held.name.clone(), cell: None, since }],
        false => lines,
    }
}
