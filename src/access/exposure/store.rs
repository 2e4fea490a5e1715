//! Every statement on who could see something, and who did.

use castellan_schema::audit::events;
use castellan_schema::control::{clients, tenants, users};
use diesel::dsl::min;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::Asked;
use super::model::{Could, Did, Kind, Subject};
use crate::error::AppError;

/// What is asked about, deleted or not, or `NotFound`.
pub fn subject(conn: &mut PgConnection, kind: Kind, id: Uuid) -> Result<Subject, AppError> {
    let name: String = match kind.name {
        "tenant" => tenants::table.find(id).select(tenants::name).first(conn)?,
        "client" => clients::table.find(id).select(clients::name).first(conn)?,
        _ => users::table.find(id).select(users::name).first(conn)?,
    };
    Ok(Subject { kind, id, name })
}

/// The moment of the first event.
pub fn log_began(conn: &mut PgConnection) -> Result<Option<Timestamp>, AppError> {
    Ok(events::table.select(min(events::occurred_at)).first(conn)?)
}

/// Everybody who could at that moment, by name, and every way in which they could, up to some; after those who could in
/// their own name, those who could in somebody else's.
pub fn could(conn: &mut PgConnection, subject: &Subject, asked: &Asked, most: i64) -> Result<Vec<Could>, AppError> {
    let found = diesel::sql_query(
        "select w.user_id, w.name, w.email, w.kind, w.role_id, w.role, w.privileges, w.via_kind, w.via_id, w.via, \
            w.via_tenant_id, w.scope_kind, w.tenant_id, t.name as tenant, w.client_id, c.name as client, \
            w.assignment_id, g.email::text as granted_by, w.granted_at, w.expires_at \
        from (select o.*, row_number() over () as place, false as for_others \
                from control.who_could_see($1, $2, $3, $4) o \
            union all \
            select o.*, row_number() over (), true from control.who_could_see_for_others($1, $2, $3, $4) o) w \
        left join control.tenants t on t.id = w.tenant_id left join control.clients c on c.id = w.client_id \
        left join control.users g on g.id = w.granted_by \
        order by w.for_others, w.place limit $5",
    );
    Ok(found
        .bind::<Text, _>(subject.kind.name)
        .bind::<SqlUuid, _>(subject.id)
        .bind::<Array<Text>, _>(subject.kind.privileges)
        .bind::<Timestamptz, _>(Timestamp::from(asked.at))
        .bind::<BigInt, _>(most)
        .load(conn)?)
}

/// What people, jobs and commands did with it within the stretch of time, those who did it last first. Reads are
/// recorded with the address that was asked for.
pub fn did(conn: &mut PgConnection, subject: &Subject, asked: &Asked, most: i64) -> Result<Vec<Did>, AppError> {
    let on_it = match subject.kind.name {
        "tenant" => "e.tenant_id = $1 or e.target_id = $1",
        "client" => "e.client_id = $1 or e.target_id = $1",
        _ => "e.target_id = $1 and e.actor_id is distinct from $1",
    };
    let found = diesel::sql_query(format!(
        "select f.actor_kind, f.actor_id, coalesce(u.email::text, f.actor_label) as actor, f.what, f.first_at, \
            f.last_at, f.times \
        from (select e.actor_kind, e.actor_id, e.actor_label, e.what, min(e.occurred_at) as first_at, \
                max(e.occurred_at) as last_at, count(*) as times \
            from (select e.actor_kind, e.actor_id, e.actor_label, e.occurred_at, 'changed' as what \
                from audit.events e where e.occurred_at between $2 and $3 and e.outcome = 'success' \
                    and not e.is_read and ({on_it}) \
                union all \
                select e.actor_kind, e.actor_id, e.actor_label, e.occurred_at, \
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
        .bind::<Array<Text>, _>(subject.kind.exports)
        .bind::<BigInt, _>(most)
        .load(conn)?)
}
