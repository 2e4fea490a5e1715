//! What undoing an event would take, and what stands against it.

use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::action::RowChange;
use crate::audit::events::diff::{self, Cell};
use crate::audit::history::Event;
use crate::audit::net::{Columns, Kind, Net};

/// Beyond so many rows it is for a migration.
pub const ROWS: usize = 1000;

/// What undoing an event would take.
#[derive(Debug)]
pub struct Plan {
    pub event: Event,
    /// Each row in the order in which it was first changed.
    pub steps: Vec<Net>,
    /// Rights rest on some of them.
    pub is_authority: bool,
    /// Why it cannot be undone, whatever became of the rows since.
    pub refusal: Option<Refusal>,
    /// What was changed since.
    pub conflicts: Vec<Conflict>,
    /// What stays as it is.
    pub stays: Vec<String>,
}

/// A sentence, and the event that it speaks of.
#[derive(Debug)]
pub struct Refusal {
    pub why: String,
    pub event: Option<Uuid>,
}

/// A value that is no longer what the event made it.
#[derive(Debug)]
pub struct Conflict {
    pub table: String,
    pub row_id: Option<Uuid>,
    /// What the row is found by where it has no id.
    pub key: Vec<(String, Cell)>,
    /// None where the whole row stands against it.
    pub column: Option<String>,
    pub set_to: Option<Cell>,
    pub is_now: Option<Cell>,
    pub what: &'static str,
    /// The event that did it.
    pub by: Option<(Uuid, Timestamp)>,
}

impl Plan {
    /// Why nothing was done, in one sentence.
    pub fn objection(&self) -> Option<String> {
        match (&self.refusal, self.conflicts.len()) {
            (Some(refusal), _) => Some(refusal.why.clone()),
            (None, 0) => None,
            (None, 1) => Some("One value was changed since. Nothing was undone.".to_owned()),
            (None, count) => Some(format!("{count} values were changed since. Nothing was undone.")),
        }
    }
}

/// Moves by itself or goes on with each change: neither compared nor set.
const MOVING: [&str; 7] =
    ["version", "updated_at", "updated_by", "last_activity_at", "last_used_at", "last_checked_at", "id"];
/// What the log has a mark for and not the value; see `triggers.sql`.
const SECRETS: [(&str, &str); 1] = [("tenant_domains", "verification_token")];

/// Whether a column of a table is neither moving nor secret.
pub fn is_compared(table: &str, column: &str) -> bool {
    !MOVING.contains(&column) && !SECRETS.contains(&(table, column))
}

/// A secret that would have to be put back, and is not in the log.
pub fn lacks_secret(step: &Net) -> bool {
    let touched = |(table, column): &(&str, &str)| *table == step.table && step.before.contains_key(*column);
    step.kind != Kind::Made && SECRETS.iter().any(touched)
}

/// The values that the row must still hold.
pub fn expected(step: &Net) -> Columns {
    let held = step.after.iter().filter(|(column, _)| is_compared(&step.table, column));
    held.map(|(column, value)| (column.clone(), value.clone())).collect()
}

/// The values to put back: those that differ, or the whole row that is to be made again.
pub fn former(step: &Net) -> Columns {
    let is_set = |column: &str| step.kind == Kind::Removed || is_compared(&step.table, column);
    let set = step.before.iter().filter(|(column, _)| is_set(column));
    set.map(|(column, value)| (column.clone(), value.clone())).collect()
}

/// What a row without an id is found by, as the log shows it.
pub fn key(step: &Net) -> Vec<(String, Cell)> {
    let columns = step.key.iter().filter(|_| step.row_id.is_none());
    columns.filter_map(|(column, value)| Some((column.clone(), cell(column, Some(value))?))).collect()
}

/// How the recorded change that is taken back was called.
pub fn op(step: &Net) -> &'static str {
    match step.kind {
        Kind::Made => "insert",
        Kind::Changed => "update",
        Kind::Removed => "delete",
    }
}

/// A value as the log shows it.
pub fn cell(column: &str, value: Option<&Value>) -> Option<Cell> {
    let after = Value::Object(Columns::from_iter([(column.to_owned(), value?.clone())]));
    let change =
        RowChange { table_name: String::new(), row_id: None, op: String::new(), before: None, after: Some(after) };
    let mut lines = diff::lines(&change, &[]);
    match lines.len() {
        1 => lines.remove(0).after,
        0 => None,
        _ => Some(Cell::Text(value?.to_string())),
    }
}
