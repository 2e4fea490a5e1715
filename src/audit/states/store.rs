//! Every statement that asks how a row was.

use castellan_schema::audit::changes;
use diesel::dsl::{max, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::model::{Presence, State, Step, lines, name_of};
use crate::error::AppError;

/// A column as it was, and the change that set it.
#[derive(Debug, QueryableByName)]
pub struct Held {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub value: Option<Value>,
    #[diesel(sql_type = Bool)]
    pub is_erased: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub event_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub occurred_at: Option<Timestamp>,
}

/// Of each column the newest value at the moment. What a deletion took is left as it was at the end.
const HELD: &str = "select distinct on (v.name) v.name, v.value, v.is_erased, c.event_id, c.occurred_at
    from audit.changes c cross join lateral (
        select key as name, value, false as is_erased
            from jsonb_each(case jsonb_typeof(c.after) when 'object' then c.after else '{}' end)
        union all
        select key, null, true
            from jsonb_object_keys(case jsonb_typeof(c.commitments) when 'object' then c.commitments else '{}' end) key
    ) v
    where c.row_id = $1 and c.op <> 'delete' and c.occurred_at <= $2
    order by v.name, c.occurred_at desc, c.position desc";

/// Of each column the value that the first change after the moment took away, for a row that is older than its log.
const HELD_BEFORE: &str = "select distinct on (v.key) v.key as name, v.value, false as is_erased,
        null::uuid as event_id, null::timestamptz as occurred_at
    from audit.changes c
    cross join lateral jsonb_each(case jsonb_typeof(c.before) when 'object' then c.before else '{}' end) v
    where c.row_id = $1 and c.occurred_at > $2
    order by v.key, c.occurred_at, c.position";

/// The row as it was at a moment, or now; `NotFound` where the log knows nothing of it.
pub fn state(conn: &mut PgConnection, row_id: Uuid, at: Option<Timestamp>) -> Result<State, AppError> {
    let at = match at {
        Some(at) => at,
        None => latest(conn, row_id)?,
    };
    let in_force = until(row_id, at).first(conn).optional()?.map(step);
    let next = after(row_id, at).first(conn).optional()?.map(step);
    let previous = match &in_force {
        Some(step) => before(row_id, step.occurred_at).first(conn).optional()?,
        None => None,
    };
    let oldest = oldest(conn, row_id)?.ok_or(AppError::NotFound)?;
    let is_whole = oldest.op == "insert";
    let held = held(conn, row_id, at, is_whole)?;
    let value = |name: &str| held.iter().find(|held| held.name == name).and_then(|held| held.value.as_ref());
    Ok(State {
        row_id,
        presence: presence(in_force.as_ref(), is_whole, &value),
        name: name_of(value),
        lines: lines(&held),
        table_name: oldest.table_name,
        at,
        in_force,
        previous: previous.map(step),
        next,
        is_known: is_whole || was_made(conn, row_id, at)?,
    })
}

/// Now, or the newest change where a clock that went wrong has put one after it.
fn latest(conn: &mut PgConnection, row_id: Uuid) -> Result<Timestamp, AppError> {
    let present: Timestamp = diesel::select(now.into_sql::<Timestamptz>()).get_result(conn)?;
    let newest: Option<Timestamp> =
        changes::table.filter(changes::row_id.eq(row_id)).select(max(changes::occurred_at)).first(conn)?;
    Ok(newest.filter(|newest| newest.to_jiff() > present.to_jiff()).unwrap_or(present))
}

/// Whether a change at or before the moment has the whole row.
fn was_made(conn: &mut PgConnection, row_id: Uuid, at: Timestamp) -> Result<bool, AppError> {
    let made = until(row_id, at).filter(changes::op.eq("insert"));
    Ok(made.first(conn).optional()?.map(step).is_some())
}

fn presence<'v>(in_force: Option<&Step>, is_whole: bool, value: &impl Fn(&str) -> Option<&'v Value>) -> Presence {
    let is_set = |name: &str| value(name).is_some_and(|value| !value.is_null());
    match in_force {
        None if is_whole => Presence::NotYet,
        Some(step) if step.op == "delete" => Presence::Gone,
        _ if is_set("deleted_at") || is_set("revoked_at") => Presence::OutOfSight,
        _ => Presence::There,
    }
}

fn held(conn: &mut PgConnection, row_id: Uuid, at: Timestamp, is_whole: bool) -> Result<Vec<Held>, AppError> {
    let load = |conn: &mut PgConnection, query: &str| {
        sql_query(query).bind::<SqlUuid, _>(row_id).bind::<Timestamptz, _>(at).load::<Held>(conn)
    };
    let mut held = load(conn, HELD)?;
    if !is_whole {
        let older = load(conn, HELD_BEFORE)?;
        let unknown = |older: &Held| held.iter().all(|known| known.name != older.name);
        let older: Vec<Held> = older.into_iter().filter(unknown).collect();
        held.extend(older);
        held.sort_by(|one, other| one.name.cmp(&other.name));
    }
    Ok(held)
}

type Columns = (changes::event_id, changes::occurred_at, changes::table_name, changes::op);
type Row = (Uuid, Timestamp, String, String);
type Steps = diesel::dsl::IntoBoxed<'static, diesel::dsl::Select<changes::table, Columns>, Pg>;

fn step((event_id, occurred_at, table_name, op): Row) -> Step {
    Step { event_id, occurred_at, table_name, op }
}

fn steps(row_id: Uuid) -> Steps {
    let columns = (changes::event_id, changes::occurred_at, changes::table_name, changes::op);
    changes::table.select(columns).into_boxed::<Pg>().filter(changes::row_id.eq(row_id)).limit(1)
}

/// The newest change at a moment.
fn until(row_id: Uuid, at: Timestamp) -> Steps {
    steps(row_id).filter(changes::occurred_at.le(at)).order((changes::occurred_at.desc(), changes::position.desc()))
}

/// The newest change before a moment.
fn before(row_id: Uuid, at: Timestamp) -> Steps {
    steps(row_id).filter(changes::occurred_at.lt(at)).order((changes::occurred_at.desc(), changes::position.desc()))
}

/// The oldest change after a moment.
fn after(row_id: Uuid, at: Timestamp) -> Steps {
    steps(row_id).filter(changes::occurred_at.gt(at)).order((changes::occurred_at.asc(), changes::position.asc()))
}

fn oldest(conn: &mut PgConnection, row_id: Uuid) -> Result<Option<Step>, AppError> {
    let oldest = steps(row_id).order((changes::occurred_at.asc(), changes::position.asc())).first(conn).optional()?;
    Ok(oldest.map(step))
}
