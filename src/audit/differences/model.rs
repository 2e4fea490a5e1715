//! Objects that differ, kind by kind.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use crate::action::RowChange;
use crate::audit::events::diff::{self, Cell, Line};
use crate::audit::net::{Kind, Net};
use crate::audit::states::name_of;

/// One object.
#[derive(Debug)]
pub struct Object {
    pub row_id: Option<Uuid>,
    pub name: Option<String>,
    /// What became of it, and the colour of that.
    pub word: &'static str,
    pub tone: &'static str,
    /// The lines are the whole object, which was made or is gone.
    pub is_whole: bool,
    pub lines: Vec<Line>,
}

/// The objects of one kind.
#[derive(Debug)]
pub struct Group {
    pub kind: String,
    pub count: i64,
    /// The first of them.
    pub objects: Vec<Object>,
}

impl Group {
    /// There are more than are spelled out.
    pub fn is_cut(&self) -> bool {
        (self.objects.len() as i64) < self.count
    }
}

/// Says nothing to a person.
const QUIET: [&str; 6] = ["version", "created_at", "created_by", "updated_by", "event_id", "id"];

/// The objects by kind, each kind up to so many.
pub fn groups(rows: Vec<Net>, most: usize) -> Vec<Group> {
    let mut kinds: BTreeMap<String, Vec<Net>> = BTreeMap::new();
    for row in rows {
        kinds.entry(row.table.clone()).or_default().push(row);
    }
    let group = |(kind, rows): (String, Vec<Net>)| Group {
        kind,
        count: rows.len() as i64,
        objects: rows.into_iter().take(most).map(object).collect(),
    };
    kinds.into_iter().map(group).collect()
}

fn object(net: Net) -> Object {
    let (word, tone) = became(&net);
    let side = |columns: &serde_json::Map<String, Value>| {
        let told = columns.iter().filter(|(column, _)| !QUIET.contains(&column.as_str()));
        Some(Value::Object(told.map(|(column, value)| (column.clone(), value.clone())).collect()))
    };
    let change = RowChange {
        table_name: net.table.clone(),
        row_id: net.row_id,
        op: String::new(),
        before: side(&net.before),
        after: side(&net.after),
    };
    let name = name_of(|column| net.after.get(column).or_else(|| net.before.get(column)));
    let is_whole = net.kind != Kind::Changed;
    Object { row_id: net.row_id, name, word, tone, is_whole, lines: diff::lines(&change, &net.erased) }
}

/// Marking a row as deleted deletes it for people, and taking the mark away brings it back.
fn became(net: &Net) -> (&'static str, &'static str) {
    let is_set = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    let ends = |columns: &serde_json::Map<String, Value>| {
        is_set(columns.get("deleted_at")) || is_set(columns.get("revoked_at"))
    };
    match net.kind {
        Kind::Made if ends(&net.after) => ("made and deleted again", "info"),
        Kind::Made => ("created", "ok"),
        Kind::Removed => ("deleted", "bad"),
        Kind::Changed if ends(&net.after) && !ends(&net.before) => ("deleted", "bad"),
        Kind::Changed if ends(&net.before) && !ends(&net.after) => ("restored", "ok"),
        Kind::Changed => ("changed", "info"),
    }
}

/// Every id among the values, to be shown by name.
pub fn ids(groups: &[Group]) -> Vec<Uuid> {
    let objects = groups.iter().flat_map(|group| &group.objects);
    let own = objects.clone().filter(|object| object.name.is_none()).filter_map(|object| object.row_id);
    let cells = objects.flat_map(|object| &object.lines).flat_map(|line| [&line.before, &line.after]).flatten();
    cells.filter_map(|cell| if let Cell::Id(id) = cell { Some(*id) } else { None }).chain(own).collect()
}
