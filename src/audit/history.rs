//! Events with their row changes, as history tabs and the log show them.

use std::collections::HashMap;

use castellan_schema::audit::{changes, events};
use castellan_schema::control::users;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::action::RowChange;
use crate::db::keyset::{Slice, SortKey, Window};
use crate::error::AppError;
use crate::keyset;
use crate::web::effect::{ValueChange, values};

/// One event of the log.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = events, check_for_backend(Pg))]
pub struct Event {
    pub id: Uuid,
    pub occurred_at: Timestamp,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor_label: Option<String>,
    pub effective_actor_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub request_id: Option<Uuid>,
    pub action: String,
    pub outcome: String,
    pub is_read: bool,
    pub reason: Option<String>,
    pub target_kind: String,
    pub target_id: Option<Uuid>,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    pub details: Value,
    pub database_user: String,
}

/// An event with who acted in words and what changed.
#[derive(Debug, Clone)]
pub struct Entry {
    pub event: Event,
    pub actor: String,
    pub changes: Vec<Changed>,
}

/// One changed row.
#[derive(Debug, Clone)]
pub struct Changed {
    pub table: String,
    pub op: String,
    pub row_id: Option<Uuid>,
    pub values: Vec<ValueChange>,
}

impl Entry {
    /// Its page in the audit log.
    pub fn url(&self) -> String {
        format!("/audit/{}", self.event.id)
    }

    /// The first changed row: what a history line has room for.
    pub fn line(&self) -> &[ValueChange] {
        self.changes
            .iter()
            .find(|changed| changed.op == "update")
            .map(|changed| changed.values.as_slice())
            .unwrap_or_default()
    }

    /// How many rows changed besides that one.
    pub fn others(&self) -> usize {
        self.changes.len() - usize::from(!self.line().is_empty())
    }
}

/// Whose history.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    Tenant(Uuid),
    Client(Uuid),
    /// Anything else that is a target of its own.
    Target(Uuid),
}

/// A page of the history of one thing, newest first.
pub fn page(conn: &mut PgConnection, of: Of, window: &Window) -> Result<Slice<Entry>, AppError> {
    let query = events::table.into_boxed::<Pg>();
    let query = match of {
        Of::Tenant(id) => query.filter(events::tenant_id.eq(id)),
        Of::Client(id) => query.filter(events::client_id.eq(id)),
        Of::Target(id) => query.filter(events::target_id.eq(id)),
    };
    let query = query.filter(events::is_read.eq(false));
    let rows: Vec<Event> =
        keyset!(query, window, events::occurred_at => Timestamp, events::id).select(Event::as_select()).load(conn)?;
    let slice = window.slice(rows, |event| (event.occurred_at.to_key(), event.id));
    Ok(Slice { rows: entries(conn, slice.rows)?, previous: slice.previous, next: slice.next })
}

/// The latest few events of one thing.
pub fn latest(conn: &mut PgConnection, of: Of, rows: usize) -> Result<Vec<Entry>, AppError> {
    let window = Window { sort: "occurred_at", descending: true, cursor: None, rows };
    Ok(page(conn, of, &window)?.rows)
}

/// Adds names and changes to events: two statements, however many events.
pub fn entries(conn: &mut PgConnection, events: Vec<Event>) -> Result<Vec<Entry>, AppError> {
    let names = names(conn, events.iter().filter_map(|event| event.actor_id))?;
    let mut changed = changes_of(conn, &events)?;
    Ok(events
        .into_iter()
        .map(|event| Entry {
            actor: actor(&event, &names),
            changes: changed.remove(&event.id).unwrap_or_default(),
            event,
        })
        .collect())
}

/// Addresses of people by id; an anonymised or unseen person has none.
pub fn names(conn: &mut PgConnection, ids: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, String>, AppError> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> =
        users::table.filter(users::id.eq_any(ids)).select((users::id, users::email)).load(conn)?;
    Ok(rows.into_iter().collect())
}

fn actor(event: &Event, names: &HashMap<Uuid, String>) -> String {
    match (event.actor_id, &event.actor_label) {
        (Some(id), _) => names.get(&id).cloned().unwrap_or_else(|| format!("person {id}")),
        (None, Some(label)) => format!("{} {label}", event.actor_kind),
        (None, None) => event.actor_kind.clone(),
    }
}

const CHANGES_PER_PAGE: i64 = 2000;

fn changes_of(conn: &mut PgConnection, events: &[Event]) -> Result<HashMap<Uuid, Vec<Changed>>, AppError> {
    let Some((oldest, newest)) = stretch(events) else { return Ok(HashMap::new()) };
    let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
    type Row = (Uuid, String, Option<Uuid>, String, Option<Value>, Option<Value>);
    // The stretch of time lets the planner leave out all other months.
    let rows: Vec<Row> = changes::table
        .filter(changes::event_id.eq_any(ids))
        .filter(changes::occurred_at.between(oldest, newest))
        .filter(changes::table_name.ne_all(["outbox", "idempotency_keys"]))
        .order((changes::occurred_at, changes::position))
        .limit(CHANGES_PER_PAGE)
        .select((changes::event_id, changes::table_name, changes::row_id, changes::op, changes::before, changes::after))
        .load(conn)?;
    let mut by_event: HashMap<Uuid, Vec<Changed>> = HashMap::new();
    for (event_id, table_name, row_id, op, before, after) in rows {
        let change = RowChange { table_name, row_id, op, before, after };
        let changed = Changed { values: values(&change), table: change.table_name, op: change.op, row_id };
        by_event.entry(event_id).or_default().push(changed);
    }
    Ok(by_event)
}

fn stretch(events: &[Event]) -> Option<(Timestamp, Timestamp)> {
    let times = || events.iter().map(|event| event.occurred_at.to_jiff());
    Some((times().min()?.into(), times().max()?.into()))
}

/// What the columns held at `version`, as far as they changed since: the oldest value before each later change.
pub fn values_at(
    conn: &mut PgConnection,
    table: &str,
    row_id: Uuid,
    version: i32,
) -> Result<Map<String, Value>, AppError> {
    let rows: Vec<(Option<Value>, Option<Value>)> = changes::table
        .filter(changes::row_id.eq(row_id).and(changes::table_name.eq(table)).and(changes::op.eq("update")))
        .order((changes::occurred_at, changes::position))
        .select((changes::before, changes::after))
        .load(conn)?;
    let mut held = Map::new();
    for (before, after) in rows {
        let became = after.as_ref().and_then(|after| after.get("version")).and_then(Value::as_i64);
        if became.is_none_or(|became| became <= i64::from(version)) {
            continue;
        }
        if let Some(Value::Object(before)) = before {
            for (column, value) in before {
                held.entry(column).or_insert(value);
            }
        }
    }
    Ok(held)
}
