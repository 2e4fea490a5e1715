//! A changed row path by path: what is inside of JSON too, ids and times told apart.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::action::RowChange;

/// One value that changed. Its path is the column's name, and what leads to it inside of JSON.
#[derive(Debug, PartialEq)]
pub struct Line {
    pub path: String,
    pub before: Option<Cell>,
    pub after: Option<Cell>,
}

/// A value as it is shown.
#[derive(Debug, PartialEq)]
pub enum Cell {
    Id(Uuid),
    Moment(Timestamp),
    Day(Date),
    Truth(bool),
    Text(String),
    /// It was taken out of the log; its commitment stayed.
    Erased,
}

/// Every value that differs between a row's two states, and those that were erased since; nothing is left out.
pub fn lines(change: &RowChange, erased: &[String]) -> Vec<Line> {
    let (mut before, mut after) = (leaves(change.before.as_ref()), leaves(change.after.as_ref()));
    let mut paths: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    paths.sort_unstable();
    paths.dedup();
    let line = |path: String| {
        let (before, after) = (before.remove(&path), after.remove(&path));
        (before != after).then(|| Line { path, before: before.and_then(cell), after: after.and_then(cell) })
    };
    let mut lines: Vec<Line> =
        paths.into_iter().filter_map(line).filter(|line| line.before.is_some() || line.after.is_some()).collect();
    let gone = |name: &String| Line { path: name.clone(), before: None, after: Some(Cell::Erased) };
    lines.extend(erased.iter().map(gone));
    lines
}

fn leaves(value: Option<&Value>) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    if let Some(Value::Object(columns)) = value {
        for (column, value) in columns {
            collect(column.clone(), value, &mut leaves);
        }
    }
    leaves
}

/// An empty object or list is a value of its own; what was there before it went is shown all the same.
fn collect(path: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            inner.iter().for_each(|(key, value)| collect(format!("{path}.{key}"), value, leaves));
        }
        Value::Array(inner) if inner.iter().any(|one| one.is_object() || one.is_array()) => {
            inner.iter().enumerate().for_each(|(place, one)| collect(format!("{path}[{place}]"), one, leaves));
        }
        other => {
            leaves.insert(path, other.clone());
        }
    }
}

fn cell(value: Value) -> Option<Cell> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text,
        Value::Bool(truth) => return Some(Cell::Truth(truth)),
        other => other.to_string(),
    };
    let moment = || text.get(..11).filter(|day| day.ends_with('T')).and_then(|_| text.parse::<jiff::Timestamp>().ok());
    let day = || (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
    Some(match (text.len() == 36).then(|| text.parse().ok()).flatten() {
        Some(id) => Cell::Id(id),
        None => match (moment(), day()) {
            (Some(moment), _) => Cell::Moment(moment.into()),
            (None, Some(day)) => Cell::Day(day),
            (None, None) => Cell::Text(text),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(before: Option<Value>, after: Option<Value>) -> RowChange {
        RowChange { table_name: "tenants".into(), row_id: None, op: "update".into(), before, after }
    }

    fn text(text: &str) -> Option<Cell> {
        Some(Cell::Text(text.into()))
    }

    #[test]
    fn json_is_told_apart_by_path_and_what_stayed_is_left_out() {
        let before = json!({ "settings": { "theme": { "hue": 1, "font": "Inter" }, "tags": ["a", "b"] } });
        let after = json!({ "settings": { "theme": { "hue": 2, "font": "Inter" }, "tags": ["a"] } });
        let lines = lines(&change(Some(before), Some(after)), &[]);
        assert_eq!(
            lines,
            [
                Line { path: "settings.tags".into(), before: text(r#"["a","b"]"#), after: text(r#"["a"]"#) },
                Line { path: "settings.theme.hue".into(), before: text("1"), after: text("2") },
            ]
        );
    }

    #[test]
    fn ids_and_times_are_known_by_their_form() {
        let id = Uuid::now_v7();
        let after = json!({ "closing_at": "2026-11-21T09:12:03.123456+00:00", "id": id, "note": null, "slug": "a" });
        let lines = lines(&change(None, Some(after)), &[]);
        let moment: jiff::Timestamp = "2026-11-21T09:12:03.123456Z".parse().unwrap();
        let cells: Vec<_> = lines.into_iter().map(|line| (line.path, line.after)).collect();
        assert_eq!(
            cells,
            [
                ("closing_at".into(), Some(Cell::Moment(moment.into()))),
                ("id".into(), Some(Cell::Id(id))),
                ("slug".into(), text("a")),
            ]
        );
    }

    #[test]
    fn days_and_truths_have_a_form_and_what_was_erased_is_said() {
        let before = json!({ "due_on": "2026-11-21", "is_primary": false, "code": "2026-99-99" });
        let after = json!({ "due_on": "2026-11-22", "is_primary": true, "code": "a" });
        let lines = lines(&change(Some(before), Some(after)), &["email".into()]);
        let cells: Vec<_> = lines.into_iter().map(|line| (line.path, line.before, line.after)).collect();
        let day = |text: &str| Some(Cell::Day(text.parse().unwrap()));
        assert_eq!(
            cells,
            [
                ("code".into(), text("2026-99-99"), text("a")),
                ("due_on".into(), day("2026-11-21"), day("2026-11-22")),
                ("is_primary".into(), Some(Cell::Truth(false)), Some(Cell::Truth(true))),
                ("email".into(), None, Some(Cell::Erased)),
            ]
        );
    }
}
