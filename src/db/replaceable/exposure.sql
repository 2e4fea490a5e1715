-- How rows of a table stood at a moment: today's with later changes undone, the earliest of them last, and those that
-- are gone since. Only rows whose column `p_key`, which never changes, has one of some ids. A row that was made later
-- is known by its own `created_at`; what happened before the log begins cannot be undone.
create or replace function control.as_of(p_row anyelement, p_key text, p_ids uuid[], p_at timestamptz)
returns setof anyelement
language plpgsql stable set search_path = pg_catalog set jit = off
as $$
declare
    source regclass := (select t.typrelid from pg_type t where t.oid = pg_typeof(p_row));
    named text := (select c.relname from pg_class c where c.oid = source);
begin
    return query execute format($query$
        with wanted as materialized (
            select t.id from %2$s t where t.%3$I = any ($2)
            union
            select c.row_id from audit.changes c
            where c.table_name = %1$L and c.op <> 'insert' and c.op = 'delete' and c.occurred_at > $1
                and (c.before ->> %3$L)::uuid = any ($2)
        ), undone as materialized (
            select c.row_id, bool_or(c.op = 'delete') as is_gone,
                jsonb_object_agg(b.key, b.value order by c.occurred_at desc, c.position desc) as was
            from wanted w join audit.changes c on c.row_id = w.id cross join lateral jsonb_each(c.before) b
            where c.table_name = %1$L and c.op <> 'insert' and c.occurred_at > $1
            group by c.row_id
        )
        select t.* from %2$s t
        where t.%3$I = any ($2) and t.created_at <= $1 and not exists (select from undone u where u.row_id = t.id)
        union all
        select r.* from undone u join %2$s t on t.id = u.row_id
        cross join lateral jsonb_populate_record(null::%2$s, to_jsonb(t) || u.was) r
        where t.%3$I = any ($2) and t.created_at <= $1
        union all
        select r.* from undone u cross join lateral jsonb_populate_record(null::%2$s, u.was) r
        where u.is_gone and r.%3$I = any ($2) and r.created_at <= $1
    $query$, named, source, p_key) using p_at, p_ids;
end
$$;

-- What roles contained at a moment, of privileges whose names are like some patterns. The rows are made and deleted,
-- and never updated.
create or replace function control.role_privileges_as_of(p_patterns text[], p_at timestamptz)
returns table (role_id uuid, privilege_name text)
language sql stable set search_path = pg_catalog
as $$
    select p.role_id, p.privilege_name from control.role_privileges p
    where p.privilege_name like any (p_patterns) and p.created_at <= p_at
    union
    select (c.before ->> 'role_id')::uuid, c.before ->> 'privilege_name' from audit.changes c
    where c.table_name = 'role_privileges' and c.op <> 'insert' and c.op = 'delete' and c.occurred_at > p_at
        and c.before ->> 'privilege_name' like any (p_patterns) and (c.before ->> 'created_at')::timestamptz <= p_at
$$;

-- The tenants that a tenant, a client or a person belonged to at a moment.
create or replace function control.tenants_as_of(p_kind text, p_id uuid, p_at timestamptz) returns uuid[]
language plpgsql stable set search_path = pg_catalog
as $$
begin
    return case p_kind
        when 'tenant' then array[p_id]
        when 'client' then array(select c.tenant_id from control.clients c where c.id = p_id)
        else array(select w.tenant_id from control.as_of(null::control.workspace_members, 'user_id', array[p_id], p_at) w
            where w.deleted_at is null or w.deleted_at > p_at) end;
end
$$;

-- Whose rights covered a tenant, a client or a person (`user`) at a moment, and each way in which they did: the same
-- rules as `held_assignments` and `effective_rights`, applied to how rows stood then. Only people who could have
-- opened the console, and services.
create or replace function control.who_could_see(p_kind text, p_id uuid, p_patterns text[], p_at timestamptz)
returns table (user_id uuid, name text, email text, kind text, role_id uuid, role text, privileges text[],
    via_kind text, via_id uuid, via text, via_tenant_id uuid, scope_kind text, tenant_id uuid, client_id uuid,
    assignment_id uuid, granted_by uuid, granted_at timestamptz, expires_at timestamptz)
language plpgsql stable set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
declare
    role_ids uuid[];
    patterns text[] := p_patterns;
    -- Who may open the console is few among all who hold something, so they are looked for first: those who may now,
    -- and those who were changed in that since.
    able uuid[] := array(
        select u.id from control.users u where u.is_staff or u.kind = 'service'
        union
        select c.row_id from audit.changes c
        where c.table_name = 'users' and c.op <> 'insert' and c.occurred_at > p_at and (c.op = 'delete' or c.before ? 'is_staff'));
    tenant_ids uuid[] := control.tenants_as_of(p_kind, p_id, p_at);
begin
    -- Who belongs to no tenant is on no page of tenants.
    if p_kind = 'user' and tenant_ids = '{}' then
        patterns := array(select p from unnest(p_patterns) p where p not like 'tenants.%');
    end if;
    role_ids := array(select distinct p.role_id from control.role_privileges_as_of(patterns, p_at) p);
    return query
    with contained as materialized (
        select p.role_id, array_agg(p.privilege_name order by p.privilege_name) as privileges
        from control.role_privileges_as_of(patterns, p_at) p group by p.role_id
    ), named as materialized (
        select r.id, r.name from control.as_of(null::control.roles, 'id', role_ids, p_at) r
        where r.deleted_at is null or r.deleted_at > p_at
    ), given as materialized (
        select a.* from control.as_of(null::control.assignments, 'role_id', role_ids, p_at) a
        where (a.revoked_at is null or a.revoked_at > p_at) and (a.expires_at is null or a.expires_at > p_at)
            and case a.scope_kind
                when 'platform' then true
                when 'tenant' then a.tenant_id = any (tenant_ids)
                -- Who has a right on a client sees the row of its tenant, too.
                else p_kind = 'client' and a.client_id = p_id or p_kind = 'tenant' and a.tenant_id = p_id end
    ), grouped as materialized (
        select g.id, g.name, g.tenant_id from control.as_of(null::control.groups, 'id',
            array(select distinct a.group_id from given a where a.group_id is not null), p_at) g
        where g.deleted_at is null or g.deleted_at > p_at
    ), divided as materialized (
        select d.id, d.name, d.tenant_id from control.as_of(null::control.departments, 'id',
            array(select distinct a.department_id from given a where a.department_id is not null), p_at) d
        where d.deleted_at is null or d.deleted_at > p_at
    ), held as materialized (
        select a.user_id, a.id, 'user'::text as via_kind, a.user_id as via_id, null::text as via, null::uuid as of_tenant
        from given a where a.user_id = any (able)
        union all
        select m.user_id, a.id, 'group', g.id, g.name, g.tenant_id
        from given a join grouped g on g.id = a.group_id
        join control.as_of(null::control.group_memberships, 'user_id', able, p_at) m
            on m.group_id = g.id
        where (m.deleted_at is null or m.deleted_at > p_at) and (m.expires_at is null or m.expires_at > p_at)
        union all
        select m.user_id, a.id, 'department', d.id, d.name, d.tenant_id
        from given a join divided d on d.id = a.department_id
        join control.as_of(null::control.department_memberships, 'user_id', able, p_at) m
            on m.department_id = d.id
        where m.deleted_at is null or m.deleted_at > p_at
    ), belonging as materialized (
        select distinct w.user_id, w.tenant_id from control.as_of(null::control.workspace_members, 'user_id',
            array(select distinct h.user_id from held h where h.of_tenant is not null), p_at) w
        where w.deleted_at is null or w.deleted_at > p_at
    ), people as materialized (
        select u.* from control.as_of(null::control.users, 'id', array(select distinct h.user_id from held h), p_at) u
        where u.status = 'active' and (u.is_staff or u.kind = 'service') and (u.deleted_at is null or u.deleted_at > p_at)
    )
    select u.id, u.name, u.email::text, u.kind, n.id, n.name, c.privileges, h.via_kind, h.via_id, h.via, h.of_tenant,
        a.scope_kind, a.tenant_id, a.client_id, a.id, a.granted_by, a.created_at, a.expires_at
    from held h join people u on u.id = h.user_id join given a on a.id = h.id join named n on n.id = a.role_id
    join contained c on c.role_id = a.role_id
    where h.of_tenant is null
        or exists (select from belonging b where b.user_id = h.user_id and b.tenant_id = h.of_tenant)
    order by lower(u.name collate "C"), u.id, n.name, a.id, h.via_id;
end
$$;

-- Who could besides, in somebody else's name: under a delegation with what of it the grantor could, and in an
-- impersonation with what that opens to everybody who looks. Those have no role and no assignment.
create or replace function control.who_could_see_for_others(p_kind text, p_id uuid, p_patterns text[], p_at timestamptz)
returns table (user_id uuid, name text, email text, kind text, role_id uuid, role text, privileges text[],
    via_kind text, via_id uuid, via text, via_tenant_id uuid, scope_kind text, tenant_id uuid, client_id uuid,
    assignment_id uuid, granted_by uuid, granted_at timestamptz, expires_at timestamptz)
language plpgsql stable set search_path = pg_catalog set jit = off
as $$
declare
    tenant_ids uuid[] := control.tenants_as_of(p_kind, p_id, p_at);
    looking text[] := array(select p.name from control.privileges p
        where p.while_impersonating = 'looking' and p.name like any (p_patterns) order by p.name);
begin
    return query
    with own as materialized (
        select w.* from control.who_could_see(p_kind, p_id, p_patterns, p_at) w
    ), delegated as materialized (
        select d.* from control.as_of(null::control.delegations, 'grantor_user_id',
            array(select distinct o.user_id from own o), p_at) d
        where d.starts_at <= p_at and d.ends_at > p_at and (d.revoked_at is null or d.revoked_at > p_at)
    ), impersonated as materialized (
        select i.* from control.as_of(null::control.impersonation_sessions, 'tenant_id', tenant_ids, p_at) i
        where i.started_at <= p_at and i.ends_at > p_at and (i.ended_at is null or i.ended_at > p_at) and looking <> '{}'
    ), people as materialized (
        select u.* from control.as_of(null::control.users, 'id', array(
            select d.delegate_user_id from delegated d union select i.admin_user_id from impersonated i), p_at) u
        where u.status = 'active' and u.is_staff and (u.deleted_at is null or u.deleted_at > p_at)
    ), ways as (
        select d.delegate_user_id as by_user, o.role_id, o.role,
            array(select p from unnest(o.privileges) p where p = any (d.action_scope) order by p) as privileges,
            'delegation' as via_kind, d.id as via_id, o.email as via,
            case when d.tenant_id is not null and o.scope_kind = 'platform' then 'tenant' else o.scope_kind end as scope_kind,
            coalesce(o.tenant_id, d.tenant_id) as tenant_id, o.client_id, o.assignment_id, d.grantor_user_id as granted_by,
            d.created_at as granted_at, d.ends_at as expires_at
        from delegated d join own o on o.user_id = d.grantor_user_id
        where o.privileges && d.action_scope and (d.tenant_id is null
            or d.tenant_id = any (tenant_ids) and (o.tenant_id is null or o.tenant_id = d.tenant_id))
        union all
        select i.admin_user_id, null, null, looking, 'impersonation', i.id, t.email::text, 'tenant', i.tenant_id, null,
            null, i.decided_by, i.started_at, i.ends_at
        from impersonated i join control.users t on t.id = i.target_user_id
    )
    select u.id, u.name, u.email::text, u.kind, y.role_id, y.role, y.privileges, y.via_kind, y.via_id, y.via, null::uuid,
        y.scope_kind, y.tenant_id, y.client_id, y.assignment_id, y.granted_by, y.granted_at, y.expires_at
    from ways y join people u on u.id = y.by_user
    order by lower(u.name collate "C"), u.id, y.role, y.assignment_id, y.via_id;
end
$$;
