//! What many changes of a row come to: one difference between how it was before them and how it is after them.

use std::collections::{BTreeSet, HashMap};

use castellan_schema::audit::changes;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::erasure;

/// One changed row as the log has it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = changes, check_for_backend(Pg))]
pub struct Recorded {
    pub event_id: Uuid,
    pub occurred_at: Timestamp,
    pub table_name: String,
    pub row_id: Option<Uuid>,
    pub op: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub commitments: Option<Value>,
}

/// The values of a row by column.
pub type Columns = Map<String, Value>;

/// What became of a row in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Made,
    Changed,
    Removed,
}

/// The difference that several changes make to one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Net {
    pub table: String,
    pub row_id: Option<Uuid>,
    /// The columns by which the row is found.
    pub key: Columns,
    pub kind: Kind,
    /// Of a row that was there all along, only what differs.
    pub before: Columns,
    pub after: Columns,
    /// Columns whose values were taken out of the log.
    pub erased: Vec<String>,
}

/// The differences row by row, in the order in which the rows were first changed.
#[derive(Debug, Default, PartialEq)]
pub struct Folded {
    pub rows: Vec<Net>,
    /// Rows that were made and removed again.
    pub passing: usize,
}

/// What finds the rows of tables that have no id.
const KEYS: [(&str, &[&str]); 2] = [("role_privileges", &["role_id", "privilege_name"]), ("privileges", &["name"])];

/// Folds changes that are in the order in which they were made.
pub fn fold(recorded: impl IntoIterator<Item = Recorded>) -> Folded {
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    for change in recorded {
        let key = key_of(&change);
        let named = (change.table_name.clone(), Value::Object(key.clone()).to_string());
        let place = *places.entry(named).or_insert_with(|| {
            open.push(Open::of(&change, key));
            open.len() - 1
        });
        open[place].add(change);
    }
    let mut folded = Folded::default();
    for row in open {
        let is_passing = !row.existed && !row.exists;
        folded.passing += usize::from(is_passing);
        folded.rows.extend(row.finish());
    }
    folded
}

fn key_of(change: &Recorded) -> Columns {
    if let Some(id) = change.row_id {
        return Columns::from_iter([("id".to_owned(), Value::String(id.to_string()))]);
    }
    let whole = columns(change.after.as_ref().or(change.before.as_ref()));
    match KEYS.iter().find(|(table, _)| *table == change.table_name) {
        Some((_, names)) => whole.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect(),
        None => whole,
    }
}

fn columns(value: Option<&Value>) -> Columns {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// A row some of whose changes are folded.
struct Open {
    table: String,
    row_id: Option<Uuid>,
    key: Columns,
    existed: bool,
    exists: bool,
    before: Columns,
    after: Columns,
    erased: BTreeSet<String>,
}

impl Open {
    fn of(first: &Recorded, key: Columns) -> Open {
        Open {
            table: first.table_name.clone(),
            row_id: first.row_id,
            key,
            existed: first.op != "insert",
            exists: true,
            before: Columns::new(),
            after: Columns::new(),
            erased: BTreeSet::new(),
        }
    }

    fn add(&mut self, change: Recorded) {
        self.exists = change.op != "delete";
        for (column, value) in columns(change.before.as_ref()) {
            self.before.entry(column).or_insert(value);
        }
        self.after.extend(columns(change.after.as_ref()));
        self.erased.extend(erasure::names(change.commitments.as_ref()).map(str::to_owned));
    }

    /// None where nothing differs in the end.
    fn finish(mut self) -> Option<Net> {
        let kind = match (self.existed, self.exists) {
            (false, false) => return None,
            (false, true) => Kind::Made,
            (true, false) => Kind::Removed,
            (true, true) => Kind::Changed,
        };
        match kind {
            Kind::Made => self.before.clear(),
            Kind::Removed => self.after.clear(),
            Kind::Changed => {
                let (was, is) = (self.before.clone(), self.after.clone());
                self.before.retain(|column, value| is.get(column) != Some(value));
                self.after.retain(|column, value| was.get(column) != Some(value));
                if self.before.is_empty() && self.after.is_empty() && self.erased.is_empty() {
                    return None;
                }
            }
        }
        let Open { table, row_id, key, before, after, erased, .. } = self;
        Some(Net { table, row_id, key, kind, before, after, erased: erased.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(row: u128, op: &str, before: Value, after: Value) -> Recorded {
        let some = |value: Value| Some(value).filter(|value| !value.is_null());
        Recorded {
            event_id: Uuid::nil(),
            occurred_at: jiff::Timestamp::UNIX_EPOCH.into(),
            table_name: "tenants".into(),
            row_id: Some(Uuid::from_u128(row)),
            op: op.into(),
            before: some(before),
            after: some(after),
            commitments: None,
        }
    }

    fn only(changes: Vec<Recorded>) -> (Kind, Value, Value) {
        let mut folded = fold(changes);
        assert_eq!(folded.rows.len(), 1, "{folded:?}");
        let row = folded.rows.remove(0);
        (row.kind, Value::Object(row.before), Value::Object(row.after))
    }

    #[test]
    fn the_oldest_value_before_and_the_newest_after_count() {
        let made = change(1, "insert", Value::Null, json!({ "name": "A", "slug": "a" }));
        let one = || change(1, "update", json!({ "name": "A" }), json!({ "name": "B" }));
        let two = || change(1, "update", json!({ "name": "B", "slug": "a" }), json!({ "name": "C", "slug": "c" }));
        let gone = change(1, "delete", json!({ "name": "C", "slug": "c", "notes": "x" }), Value::Null);
        assert_eq!(
            only(vec![one(), two()]),
            (Kind::Changed, json!({"name": "A", "slug": "a"}), json!({"name": "C", "slug": "c"}))
        );
        assert_eq!(only(vec![made.clone(), one()]), (Kind::Made, json!({}), json!({"name": "B", "slug": "a"})));
        assert_eq!(
            only(vec![two(), gone.clone()]),
            (Kind::Removed, json!({"name": "B", "slug": "a", "notes": "x"}), json!({}))
        );
        assert_eq!(fold(vec![made, gone.clone()]), Folded { rows: Vec::new(), passing: 1 }, "made and removed again");
        let again = change(1, "insert", Value::Null, json!({ "name": "D", "slug": "c", "notes": "x" }));
        assert_eq!(only(vec![gone, again]), (Kind::Changed, json!({"name": "C"}), json!({"name": "D"})));
    }

    #[test]
    fn what_was_changed_back_is_no_difference() {
        let there = change(1, "update", json!({ "name": "A" }), json!({ "name": "B" }));
        let back = change(1, "update", json!({ "name": "B" }), json!({ "name": "A" }));
        assert_eq!(fold(vec![there.clone(), back]), Folded::default());
        let other = change(2, "update", json!({ "name": "A" }), json!({ "name": "B" }));
        assert_eq!(fold(vec![there, other]).rows.len(), 2, "each row on its own");
    }

    #[test]
    fn rows_without_an_id_are_told_apart_by_their_key() {
        let given = |name: &str| Recorded {
            table_name: "role_privileges".into(),
            row_id: None,
            ..change(0, "insert", Value::Null, json!({ "role_id": "r", "privilege_name": name, "created_at": "now" }))
        };
        let folded = fold(vec![given("a.view"), given("b.view")]);
        assert_eq!(folded.rows.len(), 2);
        assert_eq!(Value::Object(folded.rows[1].key.clone()), json!({ "role_id": "r", "privilege_name": "b.view" }));
    }
}
