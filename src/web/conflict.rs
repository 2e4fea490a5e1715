//! Three ways to see a row that two people edited: as it was, as it is, as it was typed.

use serde_json::{Map, Value};

use super::form::{Form, FormView};

/// One column where the typed value and the stored one differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub column: String,
    pub base: String,
    pub theirs: String,
    pub yours: String,
}

/// Compares the columns of a form with the row as stored now and as it was when the form was made.
pub fn differences(columns: &[&str], base: &Map<String, Value>, theirs: &FormView, yours: &Form) -> Vec<Difference> {
    columns
        .iter()
        .map(|column| Difference {
            column: (*column).to_owned(),
            base: base.get(*column).map(text).unwrap_or_else(|| theirs.values(column).collect::<Vec<_>>().join("\n")),
            theirs: theirs.values(column).collect::<Vec<_>>().join("\n"),
            // As forms read it; browsers send line breaks as two characters.
            yours: yours.all(column).collect::<Vec<_>>().join("\n").trim().replace("\r\n", "\n"),
        })
        .filter(|difference| difference.theirs != difference.yours)
        .collect()
}

/// A stored value as its form field spells it: a tick is `on`, a list has a line each.
fn text(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(false) => String::new(),
        Value::Bool(true) => "on".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().map(text).collect::<Vec<_>>().join("\n"),
        other => format!("{other:#}"),
    }
}
