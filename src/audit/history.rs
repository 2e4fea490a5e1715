//! Events with their row changes, as history tabs and the log show them.

use std::collections::{HashMap, HashSet};

use castellan_schema::audit::{changes, events};
use castellan_schema::control::{
    assignments, delegations, department_memberships, group_memberships, impersonation_sessions, users,
    workspace_members,
};
use diesel::dsl::not;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::action::RowChange;
use crate::audit::erasure;
use crate::db::keyset::{Slice, SortKey, Window};
use crate::error::AppError;
use crate::keyset;
use crate::web::effect::{ValueChange, values};
use crate::web::page::Shell;

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
    pub delegation_id: Option<Uuid>,
    pub impersonation_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub request_id: Option<Uuid>,
    pub action: String,
    pub outcome: String,
    pub severity: String,
    pub is_read: bool,
    pub reason: Option<String>,
    /// Why it was read.
    pub reason_code: Option<String>,
    pub target_kind: String,
    pub target_id: Option<Uuid>,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    pub details: Value,
    pub database_user: String,
    /// What stands for values that were erased.
    commitments: Option<Value>,
}

impl Event {
    /// Its page in the audit log.
    pub fn url(&self) -> String {
        format!("/audit/{}", self.id)
    }

    /// Who acted: a person by address, everything else by kind and name. `ada as bob` impersonated him, `ada for bob`
    /// acted under his right.
    pub fn actor(&self, names: &HashMap<Uuid, String>) -> String {
        let named = |id: Uuid| names.get(&id).cloned().unwrap_or_else(|| format!("person {id}"));
        let actor = match (self.actor_id, &self.actor_label) {
            (Some(id), _) => named(id),
            (None, Some(label)) => format!("{} {label}", self.actor_kind),
            (None, None) => self.actor_kind.clone(),
        };
        match (self.effective_actor_id, self.impersonation_id) {
            (Some(id), Some(_)) => format!("{actor} as {}", named(id)),
            (Some(id), None) => format!("{actor} for {}", named(id)),
            (None, _) => actor,
        }
    }

    /// Everybody whose name it takes to say who acted.
    pub fn people(&self) -> impl Iterator<Item = Uuid> + use<> {
        [self.actor_id, self.effective_actor_id].into_iter().flatten()
    }

    /// The page of what it was done to, for kinds that have one. Only the addresses are known here, not the domains.
    pub fn target_url(&self, shell: &Shell) -> Option<String> {
        let id = self.target_id?;
        match self.target_kind.as_str() {
            "tenant" => Some(format!("/tenants/{id}")),
            "client" => Some(format!("/clients/{id}")),
            "job" => Some(format!("/jobs/{id}")),
            "user" if shell.may("access.view") => Some(format!("/people/{id}")),
            "role" => Some(format!("/roles/{id}")),
            "assignment" => Some(format!("/assignments/{id}")),
            "view" => Some(format!("/views/{id}")),
            "group" => Some(format!("/groups/{id}")),
            "delegation" if shell.may("access.view") => Some(format!("/delegations/{id}")),
            "audit_stream" if shell.may("audit.stream") => Some(format!("/audit/streams/{id}")),
            "impersonation" if shell.may("impersonations.view") => Some(format!("/impersonations/{id}")),
            _ => None,
        }
    }

    /// The page of a row as the event left it.
    pub fn state_of(&self, row_id: &Uuid) -> String {
        super::states::url(*row_id, self.occurred_at)
    }

    /// Whether its `reason` or `details` were erased.
    pub fn lacks(&self, value: &str) -> bool {
        erasure::names(self.commitments.as_ref()).any(|name| name == value)
    }

    /// The colour of its outcome.
    pub fn tone(&self) -> &'static str {
        match self.outcome.as_str() {
            "success" => "ok",
            "denied" => "warn",
            _ => "bad",
        }
    }
}

/// An event with who acted in words and what changed.
#[derive(Debug, Clone)]
pub struct Entry {
    pub event: Event,
    pub actor: String,
    pub changes: Vec<Changed>,
    /// More rows changed than are listed here.
    pub is_cut: bool,
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
        self.event.url()
    }

    /// The page of what it was done to, as the event left it; or of the row whose line is shown.
    pub fn state_url(&self) -> Option<String> {
        let is_target = |changed: &&Changed| changed.row_id.is_some() && changed.row_id == self.event.target_id;
        let updated = || self.changes.iter().find(|changed| changed.op == "update");
        let row = self.changes.iter().find(is_target).or_else(updated)?;
        row.row_id.map(|id| self.event.state_of(&id))
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
    /// A person with the roles, memberships, delegations and second factors they have or had.
    Person(Uuid),
    /// Anything else that is a target of its own.
    Target(Uuid),
    /// What was done under a delegation.
    Delegation(Uuid),
    /// Everything that happened.
    Everything,
}

/// A page of the history of one thing, newest first.
pub fn page(conn: &mut PgConnection, of: Of, window: &Window) -> Result<Slice<Entry>, AppError> {
    let query = events::table.into_boxed::<Pg>();
    let query = match of {
        Of::Tenant(id) => query.filter(events::tenant_id.eq(id)),
        Of::Client(id) => query.filter(events::client_id.eq(id)),
        Of::Person(id) => {
            let parts = parts_of_person(conn, id)?;
            let own_factors = events::actor_id.eq(id).and(events::target_kind.eq("user_credential"));
            let belonging = events::id.eq_any(belongings(conn, id)?);
            query.filter(events::target_id.eq_any(parts).or(own_factors).or(belonging))
        }
        Of::Target(id) => query.filter(events::target_id.eq(id)),
        Of::Delegation(id) => query.filter(events::delegation_id.eq(id)),
        Of::Everything => query,
    };
    let query = query.filter(not(events::is_read));
    let rows: Vec<Event> =
        keyset!(query, window, events::occurred_at => Timestamp, events::id).select(Event::as_select()).load(conn)?;
    let slice = window.slice(rows, |event| (event.occurred_at.to_key(), event.id));
    Ok(Slice { rows: entries(conn, slice.rows)?, previous: slice.previous, next: slice.next })
}

/// The person, and what else their events are on.
fn parts_of_person(conn: &mut PgConnection, id: Uuid) -> Result<Vec<Uuid>, AppError> {
    let held = assignments::table.filter(assignments::user_id.eq(id)).select(assignments::id);
    let mut parts: Vec<Uuid> = held.load(conn)?;
    let theirs = delegations::grantor_user_id.eq(id).or(delegations::delegate_user_id.eq(id));
    parts.extend(delegations::table.filter(theirs).select(delegations::id).load::<Uuid>(conn)?);
    let joined = workspace_members::table.filter(workspace_members::user_id.eq(id)).select(workspace_members::id);
    parts.extend(joined.load::<Uuid>(conn)?);
    let of_them = impersonation_sessions::target_user_id.eq(id).or(impersonation_sessions::admin_user_id.eq(id));
    let impersonations = impersonation_sessions::table.filter(of_them).select(impersonation_sessions::id);
    parts.extend(impersonations.load::<Uuid>(conn)?);
    parts.push(id);
    Ok(parts)
}

/// Events that took a person into groups and departments, or out of them: those are on the group.
fn belongings(conn: &mut PgConnection, id: Uuid) -> Result<Vec<Uuid>, AppError> {
    let in_groups = group_memberships::table.filter(group_memberships::user_id.eq(id)).select(group_memberships::id);
    let mut rows: Vec<Uuid> = in_groups.load(conn)?;
    let in_departments = department_memberships::table.filter(department_memberships::user_id.eq(id));
    rows.extend(in_departments.select(department_memberships::id).load::<Uuid>(conn)?);
    Ok(changes::table.filter(changes::row_id.eq_any(rows)).select(changes::event_id).distinct().load(conn)?)
}

/// The latest few events of one thing, beside other things. What they say of people is on pages whose views are logged.
pub fn latest(conn: &mut PgConnection, of: Of, rows: usize) -> Result<Vec<Entry>, AppError> {
    let window = Window { sort: "occurred_at", descending: true, cursor: None, rows };
    let mut entries = page(conn, of, &window)?.rows;
    for changed in entries.iter_mut().flat_map(|entry| &mut entry.changes) {
        let table = changed.table.as_str();
        changed.values.retain(|value| !is_personal(table, &value.column));
    }
    Ok(entries)
}

/// Whether a column says who somebody is.
fn is_personal(table: &str, column: &str) -> bool {
    matches!((table, column), ("users", "name" | "email") | ("clients", "contact_name" | "contact_email"))
}

/// Adds names and changes to events.
pub fn entries(conn: &mut PgConnection, events: Vec<Event>) -> Result<Vec<Entry>, AppError> {
    let names = names(conn, events.iter().flat_map(Event::people))?;
    let mut changed = changes_of(conn, &events)?;
    Ok(events
        .into_iter()
        .map(|event| {
            let (changes, is_cut) = changed.remove(&event.id).unwrap_or_default();
            Entry { actor: event.actor(&names), changes, is_cut, event }
        })
        .collect())
}

/// Which of some events are still in the log, and in sight of the asker.
pub fn known(conn: &mut PgConnection, ids: impl Iterator<Item = Uuid>) -> Result<HashSet<Uuid>, AppError> {
    let ids: HashSet<Uuid> = ids.collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    let found: Vec<Uuid> = events::table.filter(events::id.eq_any(ids)).select(events::id).load(conn)?;
    Ok(found.into_iter().collect())
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

/// A person by name and address, `Ada Lovelace (ada@example.com)`; none for one who is not seen.
pub fn full_name(conn: &mut PgConnection, id: Uuid) -> Result<Option<String>, AppError> {
    /// Of a name, so that it fits into the subject of a mail.
    const SHOWN: usize = 100;
    let found: Option<(String, String)> =
        users::table.find(id).select((users::name, users::email)).first(conn).optional()?;
    Ok(found.map(|(name, email)| format!("{} ({email})", name.chars().take(SHOWN).collect::<String>())))
}

/// Rows of a whole page of history, and of one event that has its share of them.
const CHANGES_PER_PAGE: i64 = 2000;
const CHANGES_PER_EVENT: i64 = 20;

type Changes = HashMap<Uuid, (Vec<Changed>, bool)>;

/// One statement for all events, unless one of them changed so many rows that it would leave none for the others.
fn changes_of(conn: &mut PgConnection, events: &[Event]) -> Result<Changes, AppError> {
    let Some((oldest, newest)) = stretch(events) else { return Ok(Changes::new()) };
    let ids = events.iter().map(|event| event.id).collect();
    let rows = rows_of(conn, ids, oldest, newest, CHANGES_PER_PAGE)?;
    if (rows.len() as i64) < CHANGES_PER_PAGE {
        let mut by_event = Changes::new();
        for (event_id, changed) in rows {
            by_event.entry(event_id).or_default().0.push(changed);
        }
        return Ok(by_event);
    }
    let each = events.iter().map(|event| {
        let rows = rows_of(conn, vec![event.id], event.occurred_at, event.occurred_at, CHANGES_PER_EVENT + 1)?;
        let is_cut = rows.len() as i64 > CHANGES_PER_EVENT;
        let changed = rows.into_iter().map(|(_, changed)| changed).take(CHANGES_PER_EVENT as usize).collect();
        Ok((event.id, (changed, is_cut)))
    });
    each.collect()
}

fn rows_of(
    conn: &mut PgConnection,
    ids: Vec<Uuid>,
    oldest: Timestamp,
    newest: Timestamp,
    limit: i64,
) -> Result<Vec<(Uuid, Changed)>, AppError> {
    type Row = (Uuid, String, Option<Uuid>, String, Option<Value>, Option<Value>, Option<Value>);
    // The stretch of time lets the planner leave out all other months.
    let rows: Vec<Row> = changes::table
        .filter(changes::event_id.eq_any(ids))
        .filter(changes::occurred_at.between(oldest, newest))
        .filter(changes::table_name.ne_all(["outbox", "idempotency_keys"]))
        .order((changes::occurred_at, changes::position))
        .limit(limit)
        .select((
            changes::event_id,
            changes::table_name,
            changes::row_id,
            changes::op,
            changes::before,
            changes::after,
            changes::commitments,
        ))
        .load(conn)?;
    let changed = |(event_id, table_name, row_id, op, before, after, commitments): Row| {
        let change = RowChange { table_name, row_id, op, before, after };
        let erased = erasure::names(commitments.as_ref()).map(ValueChange::erased);
        let values = values(&change).into_iter().chain(erased).collect();
        (event_id, Changed { values, table: change.table_name, op: change.op, row_id })
    };
    Ok(rows.into_iter().map(changed).collect())
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
