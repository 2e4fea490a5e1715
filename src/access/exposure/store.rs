//! Every statement on who could see something, and who did.

use castellan_schema::audit::events;
use diesel::dsl::min;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::forms::Asked;
use super::kinds::{KINDS, Kind};
use super::model::{Could, Did, Subject};
use super::shows::Shows;
use crate::db::functions::{table_of, thing_as_of};
use crate::error::AppError;

/// What is asked about, as it was at a moment, deleted or not, or `NotFound`.
pub fn subject(
    conn: &mut PgConnection,
    kind: &'static Kind,
    id: Uuid,
    at: jiff::Timestamp,
) -> Result<Subject, AppError> {
    let found: Option<Value> = diesel::select(thing_as_of(kind.table, id, Timestamp::from(at))).get_result(conn)?;
    let thing = serde_json::from_value(found.ok_or(AppError::NotFound)?)
        .map_err(|error| AppError::Internal(format!("a thing at a moment: {error}")))?;
    Ok(Subject { kind, id, thing })
}

/// The kind of the thing with an id, whatever it is.
pub fn kind_of(conn: &mut PgConnection, id: Uuid) -> Result<Option<&'static Kind>, AppError> {
    let tables: Vec<&str> = KINDS.iter().map(|kind| kind.table).collect();
    let table: Option<String> = diesel::select(table_of(tables, id)).get_result(conn)?;
    Ok(table.and_then(|table| KINDS.iter().find(|kind| kind.table == table)))
}

/// The moment of the first event.
pub fn log_began(conn: &mut PgConnection) -> Result<Option<Timestamp>, AppError> {
    Ok(events::table.select(min(events::occurred_at)).first(conn)?)
}

/// Everybody who could at that moment, by name, and every way in which they could, up to some: first by rights of their
/// own, then because it was theirs, then in somebody else's name.
pub fn could(
    conn: &mut PgConnection,
    subject: &Subject,
    shows: &Shows,
    asked: &Asked,
    most: i64,
) -> Result<Vec<Could>, AppError> {
    let found = diesel::sql_query(
        "select w.user_id, w.name, w.email, w.kind, w.role_id, w.role, w.privileges, w.via_kind, w.via_id, w.via, \
            w.via_tenant_id, w.scope_kind, w.tenant_id, t.name as tenant, w.client_id, c.name as client, \
            w.assignment_id, g.email::text as granted_by, w.granted_at, w.expires_at \
        from (select o.*, 1 as part, row_number() over () as place from control.who_could_see($1, $2, $3, $4) o \
            union all \
            select o.*, 2, row_number() over () from control.who_could_see_own($1, $4) o \
            union all \
            select o.*, 3, row_number() over () from control.who_could_see_for_others($1, $2, $3, $4) o) w \
        left join control.tenants t on t.id = w.tenant_id left join control.clients c on c.id = w.client_id \
        left join control.users g on g.id = w.granted_by \
        order by w.part, w.place limit $5",
    );
    let thing = serde_json::to_value(&subject.thing).map_err(|error| AppError::Internal(error.to_string()))?;
    let (privileges, reaches): (Vec<&str>, Vec<&str>) =
        shows.privileges.iter().map(|(name, reach)| (*name, reach.as_str())).unzip();
    Ok(found
        .bind::<Jsonb, _>(thing)
        .bind::<Array<Text>, _>(privileges)
        .bind::<Array<Text>, _>(reaches)
        .bind::<Timestamptz, _>(Timestamp::from(asked.at))
        .bind::<BigInt, _>(most)
        .load(conn)?)
}

/// What people, jobs and commands did with it within the stretch of time, those who did it last first. Reads are
/// recorded with the address that was asked for. Deeds of a person are not done with that person.
pub fn did(
    conn: &mut PgConnection,
    subject: &Subject,
    shows: &Shows,
    asked: &Asked,
    most: i64,
) -> Result<Vec<Did>, AppError> {
    let on_it = match subject.kind.name {
        "tenant" => "e.tenant_id = $1 or e.target_id = $1",
        "client" => "e.client_id = $1 or e.target_id = $1",
        "user" => "e.target_id = $1 and e.actor_id is distinct from $1",
        _ => {
            "e.target_id = $1 or e.id = any (array(select c.event_id from audit.changes c where c.row_id = $1 \
            and c.occurred_at between $2 and $3))"
        }
    };
    let found = diesel::sql_query(format!(
        "select f.actor_kind, f.actor_id, coalesce(u.email::text, f.actor_label) as actor, f.what, f.first_at, \
            f.last_at, f.times, f.is_target \
        from (select e.actor_kind, e.actor_id, e.actor_label, e.what, min(e.occurred_at) as first_at, \
                max(e.occurred_at) as last_at, count(*) as times, coalesce(bool_and(e.target_id = $1), false) as is_target \
            from (select e.actor_kind, e.actor_id, e.actor_label, e.occurred_at, e.target_id, 'changed' as what \
                from audit.events e where e.occurred_at between $2 and $3 and e.outcome = 'success' \
                    and not e.is_read and ({on_it}) \
                union all \
                select e.actor_kind, e.actor_id, e.actor_label, e.occurred_at, e.target_id, \
                    case when strpos(e.details ->> 'asked_for', $1::text) > 0 then 'read' else 'exported' end \
                from audit.events e where e.occurred_at between $2 and $3 and e.outcome = 'success' and e.is_read \
                    and e.action <> 'export.finish' \
                    and (strpos(e.details ->> 'asked_for', $1::text) > 0 \
                        or split_part(e.details ->> 'asked_for', '?', 1) = any ($4))) e \
            group by 1, 2, 3, 4) f \
        left join control.users u on u.id = f.actor_id \
        order by f.last_at desc, f.actor_id, f.what limit $5"
    ));
    Ok(found
        .bind::<SqlUuid, _>(subject.id)
        .bind::<Timestamptz, _>(Timestamp::from(asked.from))
        .bind::<Timestamptz, _>(Timestamp::from(asked.until))
        .bind::<Array<Text>, _>(&shows.files)
        .bind::<BigInt, _>(most)
        .load(conn)?)
}
