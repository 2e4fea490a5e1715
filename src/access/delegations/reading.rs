//! What is read of delegations.

use castellan_schema::audit::events;
use castellan_schema::control::{delegations, privileges, tenants, users};
use diesel::dsl::{not, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::model::{Delegation, Held, Listed, Party, Whose};
use crate::access::roles::model::PrivilegeRow;
use crate::db::functions::{actor_id, text};
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::search;
use crate::error::AppError;
use crate::web::list::List;
use crate::{keyset, one_of};

type Boxed = delegations::BoxedQuery<'static, Pg>;

/// A page about one person shows no more.
const SHOWN: i64 = 200;

/// One page of all.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Listed>, AppError> {
    let query = narrowed(conn, list)?;
    let window = &list.window;
    let (rows, key): (Vec<Delegation>, fn(&Delegation) -> String) = match window.sort {
        "ends_at" => (
            keyset!(query, window, delegations::ends_at => Timestamp, delegations::id)
                .select(Delegation::as_select())
                .load(conn)?,
            |row| row.ends_at.to_key(),
        ),
        _ => (
            keyset!(query, window, delegations::starts_at => Timestamp, delegations::id)
                .select(Delegation::as_select())
                .load(conn)?,
            |row| row.starts_at.to_key(),
        ),
    };
    let slice = window.slice(rows, |row| (key(row), row.id));
    Ok(Slice { rows: named(conn, slice.rows)?, previous: slice.previous, next: slice.next })
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(conn, list)?.select(delegations::id)).get_result(conn)?)
}

fn narrowed(conn: &mut PgConnection, list: &List) -> Result<Boxed, AppError> {
    let mut query = by_state(list, delegations::table.into_boxed());
    if let Some(pattern) = list.pattern() {
        let person = users::name.ilike(pattern.clone()).or(text(users::email).ilike(pattern));
        let people: Vec<Uuid> = users::table.filter(person).select(users::id).limit(search::FEW).load(conn)?;
        let given = delegations::grantor_user_id.eq_any(people.clone());
        query = query.filter(given.or(delegations::delegate_user_id.eq_any(people)));
    }
    query = one_of!(query, delegations::grantor_user_id, list.ids("grantor"));
    query = one_of!(query, delegations::delegate_user_id, list.ids("delegate"));
    query = one_of!(query, delegations::tenant_id, list.ids("tenant").into_iter().map(Some).collect::<Vec<_>>());
    let mine = list.values("mine");
    let has = |side: &str| mine.iter().any(|one| one == side);
    let given = delegations::grantor_user_id.nullable().eq(actor_id());
    let received = delegations::delegate_user_id.nullable().eq(actor_id());
    Ok(match (has("given"), has("received")) {
        (true, true) => query.filter(given.or(received)),
        (true, false) => query.filter(given),
        (false, true) => query.filter(received),
        (false, false) => query,
    })
}

fn by_state(list: &List, query: Boxed) -> Boxed {
    let states = list.values("state");
    let chosen = |state: &str| states.iter().any(|one| one == state).into_sql::<Bool>();
    if states.is_empty() {
        return query;
    }
    let open = delegations::revoked_at.is_null();
    query.filter(
        (delegations::revoked_at.is_not_null().and(chosen("revoked")))
            .or(open.and(delegations::ends_at.le(now)).and(chosen("expired")))
            .or(open.and(delegations::starts_at.gt(now)).and(chosen("scheduled")))
            .or(open.and(delegations::starts_at.le(now)).and(delegations::ends_at.gt(now)).and(chosen("active"))),
    )
}

/// The delegation, if it is among those looked at.
pub fn find(conn: &mut PgConnection, id: Uuid, whose: Whose) -> Result<Listed, AppError> {
    let mut query = delegations::table.into_boxed().filter(delegations::id.eq(id));
    if whose == Whose::Own {
        let given = delegations::grantor_user_id.nullable().eq(actor_id());
        query = query.filter(given.or(delegations::delegate_user_id.nullable().eq(actor_id())));
    }
    let row: Delegation = query.select(Delegation::as_select()).first(conn)?;
    named(conn, vec![row])?.pop().ok_or(AppError::NotFound)
}

/// Given and received by a person, the latest first.
pub fn of_person(conn: &mut PgConnection, id: Uuid) -> Result<Vec<Listed>, AppError> {
    let theirs = delegations::grantor_user_id.eq(id).or(delegations::delegate_user_id.eq(id));
    let rows = delegations::table
        .filter(theirs)
        .order((delegations::starts_at.desc(), delegations::id.desc()))
        .limit(SHOWN)
        .select(Delegation::as_select())
        .load(conn)?;
    named(conn, rows)
}

fn named(conn: &mut PgConnection, rows: Vec<Delegation>) -> Result<Vec<Listed>, AppError> {
    let ids: Vec<Uuid> = rows.iter().flat_map(|row| [row.grantor_user_id, row.delegate_user_id]).collect();
    let people: Vec<(Uuid, String, String)> =
        users::table.filter(users::id.eq_any(ids)).select((users::id, users::name, users::email)).load(conn)?;
    let places: Vec<Uuid> = rows.iter().filter_map(|row| row.tenant_id).collect();
    let places = tenant_names(conn, &places)?;
    // The person's row may be outside of the asker's scope while the delegation is not.
    let party = |id: Uuid| match people.iter().find(|(known, ..)| *known == id) {
        Some((_, name, email)) => Party { id, name: name.clone(), email: email.clone(), is_known: true },
        None => Party { id, name: "somebody".into(), email: "outside of what you may see".into(), is_known: false },
    };
    let listed = rows.into_iter().map(|row| Listed {
        grantor: party(row.grantor_user_id),
        delegate: party(row.delegate_user_id),
        tenant: places.iter().find(|(id, _)| Some(*id) == row.tenant_id).map(|(_, name)| name.clone()),
        delegation: row,
    });
    Ok(listed.collect())
}

/// Names of tenants by id.
pub fn tenant_names(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, AppError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(tenants::table.filter(tenants::id.eq_any(ids)).select((tenants::id, tenants::name)).load(conn)?)
}

/// Names of people by id, as filters say them.
pub fn people_names(conn: &mut PgConnection, ids: Vec<Uuid>) -> Result<Vec<(Uuid, String)>, AppError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(users::table.filter(users::id.eq_any(ids)).select((users::id, users::email)).load(conn)?)
}

/// What of a scope somebody holds at present and could hand on, and where.
pub fn held(
    conn: &mut PgConnection,
    user_id: Uuid,
    scope: &[String],
    tenant_id: Option<Uuid>,
) -> Result<Vec<Held>, AppError> {
    let held = diesel::sql_query(
        "select r.privilege_name, r.scope_kind, t.name as tenant, c.name as client \
        from control.delegable_rights($1, $2, $3) r \
        left join control.tenants t on t.id = r.tenant_id left join control.clients c on c.id = r.client_id \
        order by r.privilege_name, r.scope_kind desc, t.name, c.name",
    );
    Ok(held
        .bind::<SqlUuid, _>(user_id)
        .bind::<Array<Text>, _>(scope)
        .bind::<Nullable<SqlUuid>, _>(tenant_id)
        .load(conn)?)
}

/// Privileges that can be handed on, with what they allow, in words.
pub fn delegable(conn: &mut PgConnection) -> Result<Vec<PrivilegeRow>, AppError> {
    Ok(privileges::table
        .filter(privileges::is_delegable)
        .order(privileges::name)
        .select(PrivilegeRow::as_select())
        .load(conn)?)
}

/// How much was done under it that is no read, counted to ten thousand.
pub fn events(conn: &mut PgConnection, id: Uuid) -> Result<i64, AppError> {
    let done = events::table.filter(events::delegation_id.eq(id));
    Ok(CappedCount(done.filter(not(events::is_read)).select(events::id)).get_result(conn)?)
}

/// Privileges of a scope with what they allow, in words.
pub fn described(conn: &mut PgConnection, names: &[String]) -> Result<Vec<PrivilegeRow>, AppError> {
    Ok(privileges::table
        .filter(privileges::name.eq_any(names))
        .order(privileges::name)
        .select(PrivilegeRow::as_select())
        .load(conn)?)
}
