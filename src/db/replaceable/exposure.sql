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

-- The ids in a list of them.
create or replace function control.uuids(p_ids jsonb) returns uuid[]
language sql immutable set search_path = pg_catalog
as $$
    select array(select jsonb_array_elements_text(p_ids)::uuid)
$$;

-- When a row came to be, by whatever name it keeps that.
create or replace function control.made_at(p_row jsonb) returns timestamptz
language sql stable set search_path = pg_catalog
as $$
    select coalesce(p_row ->> 'created_at', p_row ->> 'occurred_at', p_row ->> 'archived_at')::timestamptz
$$;

-- What anything was at a moment, as far as that says who may see it: to which tenants, clients and people it belonged.
-- Of its row come out a name and ids and nothing else, for it is looked up whoever may see it, as with `whereabouts`.
-- What was not there at that moment is told as it is now, or as it was when it went; null for what never was.
create or replace function control.thing_as_of(p_table text, p_id uuid, p_at timestamptz) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog set jit = off
as $$
declare
    source constant regclass := p_table::regclass;
    named constant text := (select c.relname from pg_class c where c.oid = source);
    held jsonb;
    is_there boolean := true;
    tenant_ids uuid[];
begin
    if p_table like 'control.%' then
        execute format('select to_jsonb(t) from control.as_of(null::%s, ''id'', array[$1], $2) t', source)
            into held using p_id, p_at;
    end if;
    if held is null then
        execute format('select to_jsonb(t) from %s t where t.id = $1', source) into held using p_id;
        -- What is in the log never changes.
        is_there := p_table like 'audit.%' and control.made_at(held) <= p_at;
    end if;
    if held is null then
        held := (select c.before from audit.changes c
            where c.row_id = p_id and c.table_name = named and c.op = 'delete' order by c.occurred_at desc limit 1);
    end if;
    if held is null then
        return null;
    end if;
    tenant_ids := case named
        when 'tenants' then array[p_id]
        when 'users' then array(
            select w.tenant_id from control.as_of(null::control.workspace_members, 'user_id', array[p_id], p_at) w
            where w.deleted_at is null or w.deleted_at > p_at)
        when 'group_memberships' then array(
            select g.tenant_id from control.as_of(null::control.groups, 'id', array[(held ->> 'group_id')::uuid], p_at) g
            where g.tenant_id is not null)
        else array_remove(array[(held ->> 'tenant_id')::uuid], null) end;
    return jsonb_build_object(
        'presence', case when is_there then 'there' when control.made_at(held) > p_at then 'not_yet' else 'gone' end,
        'made_at', control.made_at(held),
        -- What people keep for themselves is named to nobody else.
        'name', case when named <> 'saved_views' or (held ->> 'is_shared')::boolean then coalesce(
            held ->> 'name', held ->> 'principal_name', held ->> 'label', held ->> 'domain', held ->> 'version_label',
            held ->> 'template_id', held ->> 'policy', held ->> 'file_name', held ->> 'action', held ->> 'kind') end,
        'above', (select coalesce(jsonb_object_agg(c.key, c.value), '{}') from jsonb_each_text(held) c
            where c.value is not null
                and c.key in ('tenant_id', 'client_id', 'user_id', 'group_id', 'department_id', 'review_id')),
        'tenant_ids', tenant_ids,
        'client_ids', case named
            when 'clients' then array[p_id] else array_remove(array[(held ->> 'client_id')::uuid], null) end,
        -- Who has a right on a client sees the row of its tenant, too.
        'client_tenant_ids', case named when 'tenants' then array[p_id] else '{}' end,
        'owner_ids', case
            when named in ('saved_views', 'api_tokens', 'sessions', 'user_credentials', 'user_identities')
                then array[held ->> 'user_id']
            when named = 'delegations' then array[held ->> 'grantor_user_id', held ->> 'delegate_user_id']
            else '{}' end,
        'is_shared', coalesce((held ->> 'is_shared')::boolean, false));
end
$$;

-- Which of these tables has the row with this id, or had it; null for none.
create or replace function control.table_of(p_tables text[], p_id uuid) returns text
language sql stable security definer set search_path = pg_catalog
as $$
    select t.name from unnest(p_tables) with ordinality t(name, place)
    where control.thing_as_of(t.name, p_id, now()) is not null order by t.place limit 1
$$;

-- People who could have opened the console at a moment are few, so they are looked for first: those who may now, and
-- those who were changed in that since.
create or replace function control.able_as_of(p_at timestamptz) returns uuid[]
language sql stable set search_path = pg_catalog
as $$
    select array(
        select u.id from control.users u where u.is_staff or u.kind = 'service'
        union
        select c.row_id from audit.changes c
        where c.table_name = 'users' and c.op <> 'insert' and c.occurred_at > p_at
            and (c.op = 'delete' or c.before ? 'is_staff'))
$$;

-- Whose rights covered a thing, as `thing_as_of` tells it, at a moment, and each way in which they did: the same rules
-- as `held_assignments` and `effective_rights`, applied to how rows stood then. Each privilege reaches it where it is
-- held on the `platform`, or also on the `place` that it belongs to, or `anywhere`. Only people who could have opened
-- the console, and services.
create or replace function control.who_could_see(p_thing jsonb, p_privileges text[], p_reaches text[], p_at timestamptz)
returns table (user_id uuid, name text, email text, kind text, role_id uuid, role text, privileges text[],
    via_kind text, via_id uuid, via text, via_tenant_id uuid, scope_kind text, tenant_id uuid, client_id uuid,
    assignment_id uuid, granted_by uuid, granted_at timestamptz, expires_at timestamptz)
language plpgsql stable set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
declare
    able uuid[] := control.able_as_of(p_at);
    role_ids uuid[] := array(select distinct p.role_id from control.role_privileges_as_of(p_privileges, p_at) p);
    tenant_ids uuid[] := control.uuids(p_thing -> 'tenant_ids');
    client_ids uuid[] := control.uuids(p_thing -> 'client_ids');
    client_tenant_ids uuid[] := control.uuids(p_thing -> 'client_tenant_ids');
begin
    return query
    with contained as materialized (
        select p.role_id, p.privilege_name, w.reach
        from control.role_privileges_as_of(p_privileges, p_at) p
        join unnest(p_privileges, p_reaches) w(name, reach) on w.name = p.privilege_name
    ), named as materialized (
        select r.id, r.name from control.as_of(null::control.roles, 'id', role_ids, p_at) r
        where r.deleted_at is null or r.deleted_at > p_at
    ), given as materialized (
        select a.*, case a.scope_kind
            when 'platform' then true
            when 'tenant' then a.tenant_id = any (tenant_ids)
            else a.client_id = any (client_ids) or a.tenant_id = any (client_tenant_ids) end as covers
        from control.as_of(null::control.assignments, 'role_id', role_ids, p_at) a
        where (a.revoked_at is null or a.revoked_at > p_at) and (a.expires_at is null or a.expires_at > p_at)
    ), opening as materialized (
        select a.id, array_agg(c.privilege_name order by c.privilege_name) as privileges
        from given a join contained c on c.role_id = a.role_id
        where a.scope_kind = 'platform' or c.reach = 'anywhere' or a.covers and c.reach = 'place'
        group by a.id
    ), opened as materialized (
        select a.*, o.privileges from given a join opening o on o.id = a.id
    ), grouped as materialized (
        select g.id, g.name, g.tenant_id from control.as_of(null::control.groups, 'id',
            array(select distinct a.group_id from opened a where a.group_id is not null), p_at) g
        where g.deleted_at is null or g.deleted_at > p_at
    ), divided as materialized (
        select d.id, d.name, d.tenant_id from control.as_of(null::control.departments, 'id',
            array(select distinct a.department_id from opened a where a.department_id is not null), p_at) d
        where d.deleted_at is null or d.deleted_at > p_at
    ), held as materialized (
        select a.user_id, a.id, 'user'::text as via_kind, a.user_id as via_id, null::text as via, null::uuid as of_tenant
        from opened a where a.user_id = any (able)
        union all
        select m.user_id, a.id, 'group', g.id, g.name, g.tenant_id
        from opened a join grouped g on g.id = a.group_id
        join control.as_of(null::control.group_memberships, 'user_id', able, p_at) m
            on m.group_id = g.id
        where (m.deleted_at is null or m.deleted_at > p_at) and (m.expires_at is null or m.expires_at > p_at)
        union all
        select m.user_id, a.id, 'department', d.id, d.name, d.tenant_id
        from opened a join divided d on d.id = a.department_id
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
    select u.id, u.name, u.email::text, u.kind, n.id, n.name, a.privileges, h.via_kind, h.via_id, h.via, h.of_tenant,
        a.scope_kind, a.tenant_id, a.client_id, a.id, a.granted_by, a.created_at, a.expires_at
    from held h join people u on u.id = h.user_id join opened a on a.id = h.id join named n on n.id = a.role_id
    where h.of_tenant is null
        or exists (select from belonging b where b.user_id = h.user_id and b.tenant_id = h.of_tenant)
    order by lower(u.name collate "C"), u.id, n.name, a.id, h.via_id;
end
$$;

-- Who could because it was theirs, whatever their rights, or because somebody shared it with everybody.
create or replace function control.who_could_see_own(p_thing jsonb, p_at timestamptz)
returns table (user_id uuid, name text, email text, kind text, role_id uuid, role text, privileges text[],
    via_kind text, via_id uuid, via text, via_tenant_id uuid, scope_kind text, tenant_id uuid, client_id uuid,
    assignment_id uuid, granted_by uuid, granted_at timestamptz, expires_at timestamptz)
language plpgsql stable set search_path = pg_catalog set jit = off
as $$
declare
    owner_ids uuid[] := control.uuids(p_thing -> 'owner_ids');
    is_shared boolean := (p_thing ->> 'is_shared')::boolean;
begin
    if p_thing ->> 'presence' <> 'there' then
        return;
    end if;
    return query
    select u.id, u.name, u.email::text, u.kind, null::uuid, null::text, '{}'::text[],
        case when u.id = any (owner_ids) then 'owner' else 'shared' end, u.id, null::text, null::uuid,
        'own', null::uuid, null::uuid, null::uuid, null::uuid, (p_thing ->> 'made_at')::timestamptz, null::timestamptz
    from control.as_of(null::control.users, 'id',
        case when is_shared then control.able_as_of(p_at) else owner_ids end, p_at) u
    where u.status = 'active' and u.is_staff and (u.deleted_at is null or u.deleted_at > p_at)
    order by u.id = any (owner_ids) desc, lower(u.name collate "C"), u.id;
end
$$;

-- Who could besides, in somebody else's name: under a delegation with what of it the grantor could, and in an
-- impersonation with what that opens to everybody who looks. Those have no role and no assignment.
create or replace function control.who_could_see_for_others(p_thing jsonb, p_privileges text[], p_reaches text[],
    p_at timestamptz)
returns table (user_id uuid, name text, email text, kind text, role_id uuid, role text, privileges text[],
    via_kind text, via_id uuid, via text, via_tenant_id uuid, scope_kind text, tenant_id uuid, client_id uuid,
    assignment_id uuid, granted_by uuid, granted_at timestamptz, expires_at timestamptz)
language plpgsql stable set search_path = pg_catalog set jit = off
as $$
declare
    tenant_ids uuid[] := control.uuids(p_thing -> 'tenant_ids');
    looking text[] := array(select p.name from control.privileges p
        join unnest(p_privileges, p_reaches) w(name, reach) on w.name = p.name and w.reach <> 'platform'
        where p.while_impersonating = 'looking' order by p.name);
begin
    return query
    with own as materialized (
        select w.* from control.who_could_see(p_thing, p_privileges, p_reaches, p_at) w
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
        select d.delegate_user_id as by_user, o.role_id, o.role, array(
                select w.name from unnest(p_privileges, p_reaches) w(name, reach)
                where w.name = any (o.privileges) and w.name = any (d.action_scope)
                    -- On one tenant it is a right on that tenant, whatever the grantor's own reaches.
                    and (d.tenant_id is null or w.reach = 'anywhere'
                        or w.reach = 'place' and d.tenant_id = any (tenant_ids))
                order by w.name) as privileges,
            'delegation' as via_kind, d.id as via_id, o.email as via,
            case when d.tenant_id is not null and o.scope_kind = 'platform' then 'tenant' else o.scope_kind end as scope_kind,
            coalesce(o.tenant_id, d.tenant_id) as tenant_id, o.client_id, o.assignment_id, d.grantor_user_id as granted_by,
            d.created_at as granted_at, d.ends_at as expires_at
        from delegated d join own o on o.user_id = d.grantor_user_id
        where d.tenant_id is null or o.tenant_id is null or o.tenant_id = d.tenant_id
        union all
        select i.admin_user_id, null, null, looking, 'impersonation', i.id, t.email::text, 'tenant', i.tenant_id, null,
            null, i.decided_by, i.started_at, i.ends_at
        from impersonated i join control.users t on t.id = i.target_user_id
    )
    select u.id, u.name, u.email::text, u.kind, y.role_id, y.role, y.privileges, y.via_kind, y.via_id, y.via, null::uuid,
        y.scope_kind, y.tenant_id, y.client_id, y.assignment_id, y.granted_by, y.granted_at, y.expires_at
    from ways y join people u on u.id = y.by_user
    where y.privileges <> '{}'
    order by lower(u.name collate "C"), u.id, y.role, y.assignment_id, y.via_id;
end
$$;
