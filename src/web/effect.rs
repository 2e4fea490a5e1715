//! What an action changes, for templates: rows by table, old and new values, what leaves the system.

use serde_json::{Map, Value};

use crate::action::{Effect, Reach, RowChange};

/// A previewed effect beside its form.
#[derive(Debug, Clone, Default)]
pub struct EffectView {
    pub rows: usize,
    pub tables: Vec<TableView>,
    pub departures: Vec<String>,
    /// Who gains and who loses rights.
    pub reach: Option<Box<Reach>>,
    /// Sent along with the form, so that nothing else than this is committed.
    pub digest: String,
}

/// The changes in one table; only the first few are spelled out.
#[derive(Debug, Clone)]
pub struct TableView {
    pub name: String,
    pub count: usize,
    pub lines: Vec<Vec<ValueChange>>,
}

/// One column's old and new value as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueChange {
    pub column: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl ValueChange {
    /// A value that the log held and does not hold any more.
    pub fn erased(column: &str) -> ValueChange {
        ValueChange { column: column.to_owned(), before: None, after: Some("erased".to_owned()) }
    }
}

const SPELLED_OUT: usize = 3;
/// Bookkeeping that says nothing to a person.
const QUIET: [&str; 8] =
    ["version", "updated_at", "updated_by", "created_at", "created_by", "deleted_by", "revoked_by", "event_id"];

impl EffectView {
    /// Groups changes by table in the order they were made.
    pub fn of(effect: &Effect) -> EffectView {
        let mut tables: Vec<TableView> = Vec::new();
        for change in &effect.changes {
            let place = tables.iter().position(|table| table.name == change.table_name).unwrap_or_else(|| {
                tables.push(TableView { name: change.table_name.clone(), count: 0, lines: Vec::new() });
                tables.len() - 1
            });
            let table = &mut tables[place];
            table.count += 1;
            if table.lines.len() < SPELLED_OUT {
                table.lines.push(values(change));
            }
        }
        EffectView {
            rows: effect.changes.len(),
            tables,
            departures: effect
                .departures
                .iter()
                .map(|d| format!("{} to {}: {}", d.kind, d.recipient, d.subject))
                .collect(),
            reach: effect.reach.clone(),
            digest: effect.digest(),
        }
    }
}

/// The columns of a change that mean something to a person.
pub fn values(change: &RowChange) -> Vec<ValueChange> {
    let empty = Map::new();
    let columns = |value: &'_ Option<Value>| match value {
        Some(Value::Object(columns)) => columns.clone(),
        _ => empty.clone(),
    };
    let (before, after) = (columns(&change.before), columns(&change.after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| !QUIET.contains(&name.as_str()))
        .map(|name| ValueChange {
            column: name.clone(),
            before: before.get(name).and_then(|value| text(name, value)),
            after: after.get(name).and_then(|value| text(name, value)),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

fn text(column: &str, value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if column.ends_with("_at") || column.ends_with("_until") => Some(moment(text)),
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// PostgreSQL writes times into JSON to the microsecond, which nobody reads.
fn moment(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), super::filters::utc)
}
