//! Every statement on what people may do.

use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use uuid::Uuid;

use super::model::{Belonging, Path};
use crate::error::AppError;

/// Every way in which a person holds a role: what is given to them comes first.
pub fn paths(conn: &mut PgConnection, id: Uuid) -> Result<Vec<Path>, AppError> {
    let paths = diesel::sql_query(
        "select e.assignment_id, e.role_id, r.name as role, r.is_system, e.via_kind, e.via_id, \
            coalesce(g.name, d.name) as via, d.tenant_id as via_tenant_id, e.scope_kind, \
            e.tenant_id, t.name as tenant, e.client_id, c.name as client, e.expires_at, \
            array_agg(e.privilege_name::text order by e.privilege_name) as privileges \
        from control.effective_rights e \
        join control.roles r on r.id = e.role_id \
        left join control.groups g on e.via_kind = 'group' and g.id = e.via_id \
        left join control.departments d on e.via_kind = 'department' and d.id = e.via_id \
        left join control.tenants t on t.id = e.tenant_id \
        left join control.clients c on c.id = e.client_id \
        where e.user_id = $1 \
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 \
        order by e.via_kind = 'user' desc, r.name, e.assignment_id \
        limit 500",
    );
    Ok(paths.bind::<SqlUuid, _>(id).load(conn)?)
}

/// The groups and departments that a person belongs to, and whether that counts at present.
pub fn belongings(conn: &mut PgConnection, id: Uuid) -> Result<Vec<Belonging>, AppError> {
    let belongings = diesel::sql_query(
        "select 'group' as kind, g.id, m.id as membership_id, g.name, g.tenant_id, t.name as tenant, m.expires_at, \
            (m.expires_at is null or m.expires_at > now()) and (g.tenant_id is null or exists ( \
                select from control.workspace_members w where w.tenant_id = g.tenant_id and w.user_id = m.user_id \
                and w.deleted_at is null)) as counts \
        from control.group_memberships m join control.groups g on g.id = m.group_id and g.deleted_at is null \
        left join control.tenants t on t.id = g.tenant_id \
        where m.user_id = $1 and m.deleted_at is null \
        union all \
        select 'department', d.id, m.id, d.name, d.tenant_id, t.name, null, exists ( \
                select from control.workspace_members w where w.tenant_id = d.tenant_id and w.user_id = m.user_id \
                and w.deleted_at is null) \
        from control.department_memberships m join control.departments d on d.id = m.department_id \
            and d.deleted_at is null \
        join control.tenants t on t.id = d.tenant_id \
        where m.user_id = $1 and m.deleted_at is null \
        order by 1 desc, 4, 2 limit 500",
    );
    Ok(belongings.bind::<SqlUuid, _>(id).load(conn)?)
}
