//! The list of assignments: its filters, its search, its count.

use castellan_schema::control::{assignments, departments, groups, users};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp as Moment};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::model::Assignment;
use super::store::joined;
use crate::db::functions::text;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::search;
use crate::error::AppError;
use crate::web::list::List;
use crate::{keyset, one_of};

type Boxed = diesel::helper_types::IntoBoxed<'static, joined, Pg>;

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Assignment>, AppError> {
    let query = narrowed(conn, list)?;
    let rows: Vec<Assignment> = keyset!(query, &list.window, assignments::created_at => Timestamp, assignments::id)
        .select(Assignment::as_select())
        .load(conn)?;
    Ok(list.window.slice(rows, |row| (row.created_at.to_key(), row.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(conn, list)?.select(assignments::id)).get_result(conn)?)
}

fn narrowed(conn: &mut PgConnection, list: &List) -> Result<Boxed, AppError> {
    let mut query = by_state(list, joined().into_boxed());
    if let Some(pattern) = list.pattern() {
        let Found { people, groups, departments } = found(conn, &pattern)?;
        let held = assignments::user_id.eq_any(people).or(assignments::group_id.eq_any(groups));
        query = query.filter(held.or(assignments::department_id.eq_any(departments)));
    }
    query = one_of!(query, assignments::role_id, list.ids("role"));
    query = one_of!(query, assignments::scope_kind, list.values("scope"));
    query = one_of!(query, assignments::tenant_id, list.ids("tenant").into_iter().map(Some).collect::<Vec<_>>());
    query = by_principal(list, query);
    if !list.values("expiring").is_empty() {
        let soon: Timestamp = (Moment::now() + SignedDuration::from_hours(24 * EXPIRING_DAYS)).into();
        query = query.filter(assignments::expires_at.gt(now).and(assignments::expires_at.lt(soon)));
    }
    if !list.values("used").is_empty() {
        query = query.filter(assignments::last_used_at.is_null());
    }
    Ok(query)
}

/// Who is called as searched for.
struct Found {
    people: Vec<Uuid>,
    groups: Vec<Uuid>,
    departments: Vec<Uuid>,
}

/// By the names' own indexes, the first of each: whoever finds more than that searches for more.
fn found(conn: &mut PgConnection, pattern: &str) -> Result<Found, AppError> {
    let person = users::name.ilike(pattern).or(text(users::email).ilike(pattern));
    let named = groups::table.filter(groups::name.ilike(pattern));
    let divisions = departments::table.filter(departments::name.ilike(pattern));
    Ok(Found {
        people: users::table.filter(person).select(users::id).limit(search::FEW).load(conn)?,
        groups: named.select(groups::id).limit(search::FEW).load(conn)?,
        departments: divisions.select(departments::id).limit(search::FEW).load(conn)?,
    })
}

/// What ends within this many days expires soon.
const EXPIRING_DAYS: i64 = 30;

/// Live ones, unless something else is asked for.
fn by_state(list: &List, query: Boxed) -> Boxed {
    let states = list.values("state");
    let has = |state: &str| states.iter().any(|one| one == state);
    let open = assignments::revoked_at.is_null();
    let running = assignments::expires_at.is_null().or(assignments::expires_at.gt(now));
    let over = assignments::expires_at.le(now);
    match (has("live"), has("expired"), has("revoked")) {
        (_, false, false) => query.filter(open.and(running)),
        (false, true, false) => query.filter(open.and(over)),
        (false, false, true) => query.filter(assignments::revoked_at.is_not_null()),
        (true, true, false) => query.filter(open),
        (true, false, true) => query.filter(assignments::revoked_at.is_not_null().or(running)),
        (false, true, true) => query.filter(assignments::revoked_at.is_not_null().or(over)),
        (true, true, true) => query,
    }
}

fn by_principal(list: &List, mut query: Boxed) -> Boxed {
    let kinds = list.values("principal");
    let lacks = |kind: &str| !kinds.is_empty() && kinds.iter().all(|one| one != kind);
    if lacks("user") {
        query = query.filter(assignments::user_id.is_null());
    }
    if lacks("group") {
        query = query.filter(assignments::group_id.is_null());
    }
    if lacks("department") {
        query = query.filter(assignments::department_id.is_null());
    }
    query
}
