//! Every statement on the log.

use std::collections::{BTreeSet, HashMap};

use castellan_schema::audit::{changes, events};
use castellan_schema::control::{clients, tenants, users};
use diesel::dsl::not;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::search::Found;
use crate::action::RowChange;
use crate::audit::erasure;
use crate::audit::history::Event;
use crate::db::functions::{IsFailure, IsRaised, IsTrouble, known_actions, known_actions_in_scope, text};
use crate::db::keyset::{CappedCount, Slice, SortKey, Window};
use crate::error::AppError;
use crate::web::list::List;
use crate::{keyset, one_of};

type Boxed = events::BoxedQuery<'static, Pg>;

/// Filters whose indexes are in the order of the log, from the most to the least exact.
const ORDERED: [&str; 10] = [
    "request",
    "target",
    "delegation",
    "effective_actor",
    "client",
    "tenant",
    "actor",
    "reason_code",
    "severity",
    "action",
];

/// One page of the log.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Event>, AppError> {
    let mut rows: Vec<Event> = Vec::new();
    for part in parts(conn, list)? {
        let query = keyset!(part, &list.window, events::occurred_at => Timestamp, events::id);
        rows.extend(query.select(Event::as_select()).load(conn)?);
    }
    let rows = list.window.merged(rows, |event| (event.occurred_at.to_jiff(), event.id));
    Ok(list.window.slice(rows, |event| (event.occurred_at.to_key(), event.id)))
}

/// What counting needs of an event.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = events, check_for_backend(Pg))]
pub struct Sketch {
    pub id: Uuid,
    pub occurred_at: Timestamp,
    pub actor_id: Option<Uuid>,
    pub actor_label: Option<String>,
    pub effective_actor_id: Option<Uuid>,
    pub delegation_id: Option<Uuid>,
    pub action: String,
    pub outcome: String,
    pub severity: String,
    pub is_read: bool,
    pub reason_code: Option<String>,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
}

/// The newest events of a list, for counting.
pub fn newest(conn: &mut PgConnection, list: &List, limit: usize) -> Result<Vec<Sketch>, AppError> {
    let mut rows: Vec<Sketch> = Vec::new();
    for part in parts(conn, list)? {
        let query = part.order((events::occurred_at.desc(), events::id.desc())).limit(limit as i64);
        rows.extend(query.select(Sketch::as_select()).load(conn)?);
    }
    rows.sort_by_key(|event| std::cmp::Reverse((event.occurred_at.to_jiff(), event.id)));
    rows.dedup_by_key(|event| event.id);
    rows.truncate(limit);
    Ok(rows)
}

/// Queries that make up the list together.
///
/// What one object is asked for is what was done to it and what changed its row, such as a domain whose events are on its
/// tenant.
///
/// An index is in order for one value only. Where all that narrows the log is several values of one field, each is
/// read on its own and the pages are merged, so that rare values are as quick as frequent ones.
fn parts(conn: &mut PgConnection, list: &List) -> Result<Vec<Boxed>, AppError> {
    if let Some(found) = Found::of(conn, list, || narrowed(list))? {
        return Ok(found.parts(|| narrowed(list)));
    }
    if let [target] = list.ids("target")[..] {
        let changed = changes::table.filter(changes::row_id.eq(target)).select(changes::event_id);
        let beside = narrowed(&list.without("target")).filter(events::id.eq_any(changed));
        return Ok(vec![narrowed(list), beside]);
    }
    let chosen: Vec<(&str, Vec<String>)> = ORDERED.iter().map(|field| (*field, list.values(field))).collect();
    let several = chosen.iter().find(|(_, values)| values.len() > 1);
    Ok(match several {
        Some((field, values)) if chosen.iter().all(|(_, values)| values.len() != 1) => {
            let values: BTreeSet<&String> = values.iter().collect();
            values.into_iter().map(|value| narrowed(&list.with(field, value))).collect()
        }
        _ => vec![narrowed(list)],
    })
}

/// The filters of the log. A stretch of time lets the planner leave out all other months. Without an end there is none at
/// now either: what was written while a clock went wrong is part of the log, and the months ahead are empty.
fn narrowed(list: &List) -> Boxed {
    let mut query = kinds(list, by_actor(list, events::table.into_boxed()));
    query = one_of!(query, events::action, list.values("action"));
    query = one_of!(query, events::effective_actor_id, some(list.ids("effective_actor")));
    query = one_of!(query, events::delegation_id, some(list.ids("delegation")));
    query = one_of!(query, events::target_id, list.ids("target"));
    query = one_of!(query, events::tenant_id, list.ids("tenant"));
    query = one_of!(query, events::request_id, list.ids("request"));
    query = one_of!(query, events::client_id, list.ids("client"));
    query = one_of!(query, events::reason_code, list.values("reason_code"));
    query = severities(outcomes(query, list.values("outcome")), list.values("severity"));
    let reasons = list.values("reason");
    query = match (reasons.iter().any(|one| one == "given"), reasons.iter().any(|one| one == "none")) {
        (true, false) => query.filter(events::reason.is_not_null()),
        (false, true) => query.filter(events::reason.is_null()),
        _ => query,
    };
    let acting = list.values("acting");
    query = match (acting.iter().any(|one| one == "delegation"), acting.iter().any(|one| one == "impersonation")) {
        (true, true) => query.filter(events::effective_actor_id.is_not_null()),
        (true, false) => {
            query.filter(events::effective_actor_id.is_not_null()).filter(events::delegation_id.is_not_null())
        }
        (false, true) => {
            query.filter(events::effective_actor_id.is_not_null()).filter(events::impersonation_id.is_not_null())
        }
        (false, false) => query,
    };
    let span = list.span("occurred");
    if let Some(from) = span.and_then(|span| span.from) {
        query = query.filter(events::occurred_at.ge(from));
    }
    match span.and_then(|span| span.until) {
        Some(until) => query.filter(events::occurred_at.lt(until)),
        None => query,
    }
}

/// Ids as columns hold them that are mostly empty.
fn some(ids: Vec<Uuid>) -> Vec<Option<Uuid>> {
    ids.into_iter().map(Some).collect()
}

/// Reads are kept out unless somebody asks for them, or for an action, a request or another name, which say themselves
/// what they want.
fn kinds(list: &List, query: Boxed) -> Boxed {
    let kinds = list.values("kind");
    let has = |kind: &str| kinds.iter().any(|one| one == kind);
    let is_named = ["action", "request", "acting"].iter().any(|field| !list.values(field).is_empty());
    match (has("changes"), has("reads")) {
        (true, true) => query,
        (false, true) => query.filter(events::is_read),
        (false, false) if is_named => query,
        _ => query.filter(not(events::is_read)),
    }
}

/// People by id; whatever else acts by its name.
fn by_actor(list: &List, query: Boxed) -> Boxed {
    let (ids, labels): (Vec<String>, Vec<String>) =
        list.values("actor").into_iter().partition(|one| one.parse::<Uuid>().is_ok());
    let ids: Vec<Uuid> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    match (ids.is_empty(), labels.is_empty()) {
        (_, true) => one_of!(query, events::actor_id, ids),
        (true, false) => one_of!(query, events::actor_label, labels),
        (false, false) => query.filter(events::actor_id.eq_any(ids).or(events::actor_label.eq_any(labels))),
    }
}

/// What did not succeed has an index of its own, and so has what failed; each needs its condition spelled out.
fn outcomes(query: Boxed, outcomes: Vec<String>) -> Boxed {
    if outcomes.iter().all(|outcome| outcome == "failure") && !outcomes.is_empty() {
        return query.filter(IsFailure::new(events::outcome));
    }
    match outcomes.iter().any(|outcome| outcome == "success") {
        false if !outcomes.is_empty() => {
            query.filter(IsTrouble::new(events::outcome)).filter(events::outcome.eq_any(outcomes))
        }
        _ => one_of!(query, events::outcome, outcomes),
    }
}

/// What is more than mild has an index of its own, which needs its condition spelled out.
fn severities(query: Boxed, severities: Vec<String>) -> Boxed {
    match severities.iter().any(|severity| severity == "info") {
        false if !severities.is_empty() => {
            let query = query.filter(IsRaised::new(events::severity));
            one_of!(query, events::severity, severities)
        }
        _ => one_of!(query, events::severity, severities),
    }
}

/// The event, or `NotFound`.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Event, AppError> {
    Ok(events::table.filter(events::id.eq(id)).select(Event::as_select()).first(conn)?)
}

/// One changed row as it was recorded.
pub struct Changed {
    pub id: Uuid,
    pub position: i64,
    pub row: RowChange,
    /// Columns whose values were erased.
    pub erased: Vec<String>,
}

/// One page of what an event changed, in the order it was changed.
pub fn changes(conn: &mut PgConnection, event: &Event, window: &Window) -> Result<Slice<Changed>, AppError> {
    type Row = (Uuid, i64, String, Option<Uuid>, String, Option<Value>, Option<Value>, Option<Value>);
    let rows: Vec<Row> = keyset!(of(event), window, changes::position => i64, changes::id)
        .select((
            changes::id,
            changes::position,
            changes::table_name,
            changes::row_id,
            changes::op,
            changes::before,
            changes::after,
            changes::commitments,
        ))
        .load(conn)?;
    let changed = |(id, position, table_name, row_id, op, before, after, commitments): Row| Changed {
        id,
        position,
        row: RowChange { table_name, row_id, op, before, after },
        erased: erasure::names(commitments.as_ref()).map(str::to_owned).collect(),
    };
    let rows = rows.into_iter().map(changed).collect();
    Ok(window.slice(rows, |changed: &Changed| (changed.position.to_key(), changed.id)))
}

/// How many rows it changed after this one, counted to ten thousand.
pub fn changes_after(conn: &mut PgConnection, event: &Event, position: i64) -> Result<i64, AppError> {
    Ok(CappedCount(of(event).filter(changes::position.gt(position)).select(changes::id)).get_result(conn)?)
}

fn of(event: &Event) -> changes::BoxedQuery<'static, Pg> {
    changes::table
        .filter(changes::event_id.eq(event.id))
        .filter(changes::occurred_at.eq(event.occurred_at))
        .into_boxed()
}

/// The names of what was done lately.
pub fn actions(conn: &mut PgConnection) -> Result<Vec<String>, AppError> {
    Ok(diesel::select(known_actions()).get_result(conn)?)
}

/// The names of what was done lately on the rows that this transaction may see, where that is not all of them.
pub fn actions_in_scope(conn: &mut PgConnection) -> Result<Vec<String>, AppError> {
    Ok(diesel::select(known_actions_in_scope()).get_result(conn)?)
}

/// The living people with these addresses.
pub fn people(conn: &mut PgConnection, emails: Vec<String>) -> Result<Vec<(Uuid, String)>, AppError> {
    let living = users::table.filter(users::email.eq_any(emails).and(users::deleted_at.is_null()));
    Ok(living.select((users::id, users::email)).load(conn)?)
}

/// The living tenants with these slugs.
pub fn tenants(conn: &mut PgConnection, slugs: Vec<String>) -> Result<Vec<(Uuid, String)>, AppError> {
    let living = tenants::table.filter(tenants::slug.eq_any(slugs).and(tenants::deleted_at.is_null()));
    Ok(living.select((tenants::id, tenants::slug)).load(conn)?)
}

/// The living clients with these slugs, of whatever tenants.
pub fn clients(conn: &mut PgConnection, slugs: Vec<String>) -> Result<Vec<(Uuid, String)>, AppError> {
    let living = clients::table.filter(clients::slug.eq_any(slugs).and(clients::deleted_at.is_null()));
    Ok(living.select((clients::id, clients::slug)).load(conn)?)
}

/// Addresses of people, slugs of tenants and slugs of clients by id, in one statement: most pages of a log name all three.
pub fn words(
    conn: &mut PgConnection,
    people: impl Iterator<Item = Uuid>,
    tenants: impl Iterator<Item = Uuid>,
    clients: impl Iterator<Item = Uuid>,
) -> Result<[HashMap<Uuid, String>; 3], AppError> {
    let [people, tenants, clients]: [BTreeSet<Uuid>; 3] = [people.collect(), tenants.collect(), clients.collect()];
    if people.is_empty() && tenants.is_empty() && clients.is_empty() {
        return Ok(Default::default());
    }
    let people =
        users::table.filter(users::id.eq_any(people)).select((0.into_sql::<Integer>(), users::id, text(users::email)));
    let tenants = tenants::table.filter(tenants::id.eq_any(tenants)).select((
        1.into_sql::<Integer>(),
        tenants::id,
        tenants::slug,
    ));
    let clients = clients::table.filter(clients::id.eq_any(clients)).select((
        2.into_sql::<Integer>(),
        clients::id,
        clients::slug,
    ));
    let rows: Vec<(i32, Uuid, String)> = people.union_all(tenants).union_all(clients).load(conn)?;
    let of = |wanted| rows.iter().filter(move |row| row.0 == wanted).map(|(_, id, word)| (*id, word.clone())).collect();
    Ok([of(0), of(1), of(2)])
}
