-- Who acts, as the transaction's first statement set it.
create or replace function control.actor_id() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('castellan.actor_id', true), '')::uuid $$;

-- The setting is '' and not NULL once a transaction on this connection has used it.
create or replace function control.scope_ids(setting text) returns uuid[]
language sql stable parallel safe
as $$ select string_to_array(nullif(current_setting('castellan.' || setting, true), ''), ',')::uuid[] $$;

create or replace function control.stamp() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    new.updated_by := control.actor_id();
    return new;
end
$$;

create or replace function control.stamp_versioned() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    new.updated_by := control.actor_id();
    new.version := old.version + 1;
    return new;
end
$$;

-- For what no person edits, such as a job.
create or replace function control.stamp_version() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    new.version := old.version + 1;
    return new;
end
$$;

create or replace function control.stamp_time() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    return new;
end
$$;

-- The one door to the event log. Sets the event that row changes in this transaction belong to.
create or replace function audit.record(
    p_action text, p_outcome text, p_is_read boolean, p_reason text, p_target_kind text, p_target_id uuid,
    p_tenant_id uuid, p_client_id uuid, p_details jsonb
) returns uuid
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    v_id uuid;
    v_at timestamptz;
    v_session uuid := nullif(current_setting('castellan.session_id', true), '')::uuid;
    v_delegation uuid := nullif(current_setting('castellan.delegation_id', true), '')::uuid;
begin
    -- A session that ended while its request was on the way changes nothing. Ending it waits for us, or we for it;
    -- one person's changes take turns, which a shared lock would turn into deadlocks at sign-out.
    if v_session is not null and p_outcome = 'success' and not p_is_read then
        perform 1 from control.sessions s where s.id = v_session and s.revoked_at is null and s.awaits is null
            and s.absolute_expires_at > now() for no key update;
        if not found then
            raise exception 'the session has ended' using errcode = 'CA401';
        end if;
        -- Nor does one whose delegation ended meanwhile, but for what leads back to oneself. Revoking it waits for us,
        -- or we for it.
        if v_delegation is not null and p_action not in ('session.stop_acting', 'session.sign_out') then
            perform 1 from control.delegations d join control.users u on u.id = d.grantor_user_id
                where d.id = v_delegation and d.revoked_at is null and d.starts_at <= now() and d.ends_at > now()
                    and u.status = 'active' and u.is_staff and u.deleted_at is null
                for share of d;
            if not found then
                raise exception 'acting for somebody else is over' using errcode = 'CA403';
            end if;
        end if;
    end if;
    if current_setting('role') in ('castellan_viewing', 'castellan_acting') and p_outcome = 'success' and not p_is_read then
        perform control.hold_impersonation();
    end if;
    insert into audit.events (actor_kind, actor_id, actor_label, effective_actor_id, delegation_id, impersonation_id,
        session_id, request_id, action, outcome, is_read, reason, target_kind, target_id, tenant_id, client_id, details)
    values (
        coalesce(nullif(current_setting('castellan.actor_kind', true), ''), 'database'),
        control.actor_id(),
        coalesce(nullif(current_setting('castellan.actor_label', true), ''),
            case when nullif(current_setting('castellan.actor_kind', true), '') is null then session_user::text end),
        nullif(current_setting('castellan.effective_actor_id', true), '')::uuid,
        nullif(current_setting('castellan.delegation_id', true), '')::uuid,
        nullif(current_setting('castellan.impersonation_id', true), '')::uuid,
        v_session,
        nullif(current_setting('castellan.request_id', true), '')::uuid,
        p_action, p_outcome, p_is_read, p_reason, p_target_kind, p_target_id, p_tenant_id, p_client_id,
        coalesce(p_details, '{}')
    ) returning id, occurred_at into v_id, v_at;
    perform set_config('castellan.event_id', v_id::text, true);
    perform set_config('castellan.event_at', v_at::text, true);
    return v_id;
end
$$;

create or replace function audit.record_security(
    p_kind text, p_severity text, p_network_hash bytea, p_tenant_id uuid, p_details jsonb
) returns boolean
language sql security definer set search_path = pg_catalog
as $$
    insert into audit.security_events (kind, severity, actor_id, session_id, request_id, network_hash, tenant_id, details)
    values (p_kind, p_severity, control.actor_id(),
        nullif(current_setting('castellan.session_id', true), '')::uuid,
        nullif(current_setting('castellan.request_id', true), '')::uuid,
        p_network_hash, p_tenant_id, coalesce(p_details, '{}'))
    returning true
$$;

-- What was done this month or the last, from one name to the next by index, however many events there are of each.
-- Names say nothing about anybody, so that people with a row scope may see all of them.
create or replace function audit.known_actions() returns text[]
language plpgsql stable security definer set search_path = pg_catalog
as $$
declare
    -- Worked out once: whole months, so that the others are left out.
    since timestamptz := date_trunc('month', now() - interval '1 month');
    names text[] := '{}';
    latest text := '';
begin
    loop
        select e.action into latest from audit.events e
            where e.action > latest and e.occurred_at >= since and e.occurred_at <= now()
            order by e.action limit 1;
        exit when latest is null;
        names := names || latest;
    end loop;
    return names;
end
$$;

-- Row trigger of every watched table. Argument: the columns whose values must not be written down.
create or replace function audit.record_change() returns trigger
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    secrets text[] := string_to_array(tg_argv[0], ',');
    -- Made by the database, or moved by workers all the time.
    generated text[] := array['name_sort', 'duration_ms', 'lease_token', 'lease_until'];
    was jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) - generated end;
    becomes jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) - generated end;
    whole jsonb := coalesce(becomes, was);
    event uuid := nullif(current_setting('castellan.event_id', true), '')::uuid;
    secret text;
begin
    if tg_op = 'UPDATE' then
        select jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, becomes -> o.key)
            into was, becomes
            from jsonb_each(was) o
            where o.value is distinct from becomes -> o.key and o.key not in ('updated_at', 'updated_by');
        if was is null then
            return null;
        end if;
    end if;
    foreach secret in array secrets loop
        if was ? secret then was := was || jsonb_build_object(secret, 'secret'); end if;
        if becomes ? secret then becomes := becomes || jsonb_build_object(secret, 'secret, changed'); end if;
    end loop;
    if event is null then
        -- The application never gets here without an action; a hand in psql does, and is recorded under its own name.
        if current_setting('role') like 'castellan\_%' and current_setting('role') <> 'castellan_owner' then
            raise exception 'a change to % needs an action', tg_table_name using errcode = 'CA001';
        end if;
        event := audit.record('database.write', 'success', false, null, tg_table_name, null, null, null, null);
    end if;
    insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after, tenant_id, client_id)
    values (event, current_setting('castellan.event_at')::timestamptz, tg_table_name,
        (whole ->> 'id')::uuid, lower(tg_op), was, becomes,
        case when tg_table_name = 'tenants' then (whole ->> 'id')::uuid else (whole ->> 'tenant_id')::uuid end,
        case when tg_table_name = 'clients' then (whole ->> 'id')::uuid else (whole ->> 'client_id')::uuid end);
    return null;
end
$$;

create or replace function audit.refuse() returns trigger
language plpgsql
as $$
begin
    raise exception '% is append-only: % is not allowed', tg_table_name, tg_op using errcode = 'CA403';
end
$$;

-- LIKE and ATTACH lock the parent less than PARTITION OF. Truncate triggers are not inherited, hence one each.
create or replace function audit.ensure_partition(parent text, month date) returns boolean
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    first_day date := date_trunc('month', month)::date;
    next_month date := (date_trunc('month', month) + interval '1 month')::date;
    child text := parent || '_' || to_char(first_day, 'YYYY_MM');
begin
    if to_regclass(format('audit.%I', child)) is not null then
        return false;
    end if;
    execute format('create table audit.%I (like audit.%I including defaults including constraints)', child, parent);
    execute format('alter table audit.%I attach partition audit.%I for values from (%L) to (%L)',
        parent, child, first_day::text || ' 00:00:00+00', next_month::text || ' 00:00:00+00');
    execute format('create trigger refuse_truncate before truncate on audit.%I execute function audit.refuse()', child);
    execute format('alter table audit.%I enable always trigger refuse_truncate', child);
    return true;
end
$$;

-- Last month to the given number of months ahead. Returns how many partitions were made.
create or replace function audit.ensure_partitions(months_ahead integer) returns integer
language sql security definer set search_path = pg_catalog
as $$
    select coalesce(sum(audit.ensure_partition(parent, (now() at time zone 'UTC' + make_interval(months => step))::date)::integer), 0)::integer
    from unnest(array['events', 'changes', 'security_events']) parent, generate_series(-1, months_ahead) step
$$;

drop view if exists control.effective_rights, control.founders, control.founding, control.held_assignments,
    control.policies_in_force;

-- Who holds which assignment, and through what. What is over or deleted is not here; roles are not looked at.
create view control.held_assignments with (security_invoker = true) as
select a.user_id, a.id as assignment_id, a.role_id, a.scope_kind, a.tenant_id, a.client_id, a.expires_at,
    'user'::text as via_kind, a.user_id as via_id
from control.assignments a
where a.user_id is not null and a.revoked_at is null and (a.expires_at is null or a.expires_at > now())
union all
select m.user_id, a.id, a.role_id, a.scope_kind, a.tenant_id, a.client_id, least(a.expires_at, m.expires_at),
    'group', g.id
from control.group_memberships m
join control.groups g on g.id = m.group_id and g.deleted_at is null
join control.assignments a on a.group_id = g.id
where m.deleted_at is null and (m.expires_at is null or m.expires_at > now())
    and a.revoked_at is null and (a.expires_at is null or a.expires_at > now())
    and (g.tenant_id is null or exists (select from control.workspace_members w
        where w.tenant_id = g.tenant_id and w.user_id = m.user_id and w.deleted_at is null))
union all
select m.user_id, a.id, a.role_id, a.scope_kind, a.tenant_id, a.client_id, a.expires_at,
    'department', d.id
from control.department_memberships m
join control.departments d on d.id = m.department_id and d.deleted_at is null
join control.assignments a on a.department_id = d.id
where m.deleted_at is null
    and a.revoked_at is null and (a.expires_at is null or a.expires_at > now())
    and exists (select from control.workspace_members w
        where w.tenant_id = m.tenant_id and w.user_id = m.user_id and w.deleted_at is null);

-- Who may do what, where, and why: the one definition that requests, pages and blast radius share.
create view control.effective_rights with (security_invoker = true) as
select h.user_id, p.privilege_name, h.scope_kind, h.tenant_id, h.client_id, h.assignment_id, h.role_id, h.expires_at,
    h.via_kind, h.via_id
from control.held_assignments h
join control.roles r on r.id = h.role_id and r.deleted_at is null
join control.role_privileges p on p.role_id = r.id;

-- By which assignments active staff are founders: the role everywhere, through whatever.
create view control.founding with (security_invoker = true) as
select u.id as user_id, u.name, u.email, u.created_at, h.assignment_id, h.expires_at
from control.held_assignments h
join control.roles r on r.id = h.role_id and r.name = 'founder' and r.is_system and r.deleted_at is null
join control.users u on u.id = h.user_id and u.status = 'active' and u.is_staff and u.kind = 'human'
    and u.deleted_at is null
where h.scope_kind = 'platform';

-- Founders, and whether something makes them one without an end.
create view control.founders with (security_invoker = true) as
select f.user_id, f.name, f.email, f.created_at, bool_or(f.expires_at is null) as stays
from control.founding f
group by f.user_id, f.name, f.email, f.created_at;

-- What the console asks of each tenant's people now: policies, with the overrides that run in their place. A value of
-- another type than its policy's counts for nothing.
create view control.policies_in_force with (security_invoker = true) as
select p.tenant_id,
    coalesce((select (o.value)::boolean from control.policy_overrides o
        where o.tenant_id = p.tenant_id and o.policy = 'mfa_required' and jsonb_typeof(o.value) = 'boolean'
            and o.deleted_at is null and o.expires_at > now()), p.mfa_required) as mfa_required,
    coalesce((select (o.value)::integer from control.policy_overrides o
        where o.tenant_id = p.tenant_id and o.policy = 'session_idle_minutes' and jsonb_typeof(o.value) = 'number'
            and o.deleted_at is null and o.expires_at > now()), p.session_idle_minutes) as session_idle_minutes,
    coalesce((select (o.value)::integer from control.policy_overrides o
        where o.tenant_id = p.tenant_id and o.policy = 'session_absolute_hours' and jsonb_typeof(o.value) = 'number'
            and o.deleted_at is null and o.expires_at > now()), p.session_absolute_hours) as session_absolute_hours
from control.tenant_policies p;

-- Until when a session is alive that is used now: the console's own half hour and the session's end, or less where a
-- tenant of the person wants less.
create or replace function control.session_ends(p_user_id uuid, p_began timestamptz, p_ends timestamptz)
returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog
as $$
begin
    return (select least(now() + least(interval '30 minutes', make_interval(mins => min(p.session_idle_minutes))),
            p_ends, p_began + make_interval(hours => min(p.session_absolute_hours)))
        from control.workspace_members m
        join control.policies_in_force p on p.tenant_id = m.tenant_id
        where m.user_id = p_user_id and m.deleted_at is null);
end
$$;

-- Session and authority in one round trip; NULL when the session is not alive. Grants read 'privilege',
-- 'privilege@t:<tenant>' or 'privilege@c:<client>:<tenant>'. A session that awaits its second factor has none, and
-- nobody's name. Writes at most once a minute, and for an assignment at
-- most once an hour.
create or replace function control.session_authority(p_token_hash bytea) returns jsonb
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    alive record;
    acting_for jsonb;
    ends timestamptz;
begin
    select s.id, s.user_id, s.created_at, s.last_seen_at, s.absolute_expires_at, s.awaits, s.elevated_until,
            s.delegation_id, s.impersonation_id, u.email, u.name,
            u.mfa_enabled or 'provider_factor' = any (s.factors) as has_factor
        into alive
        from control.sessions s join control.users u on u.id = s.user_id
        where s.token_hash = p_token_hash and s.revoked_at is null
            and s.idle_expires_at > now() and s.absolute_expires_at > now()
            and u.status = 'active' and u.deleted_at is null and u.is_staff and s.user_epoch = u.authority_epoch;
    if not found then
        return null;
    end if;
    if alive.awaits is not null then
        return jsonb_build_object('session_id', alive.id, 'user_id', alive.user_id, 'awaits', alive.awaits);
    end if;
    if alive.last_seen_at < now() - interval '1 minute' then
        ends := control.session_ends(alive.user_id, alive.created_at, alive.absolute_expires_at);
        update control.sessions set last_seen_at = now(), idle_expires_at = ends
            where id = (select s.id from control.sessions s where s.id = alive.id and s.revoked_at is null
                for no key update skip locked);
        if ends <= now() then
            return null;
        end if;
        update control.assignments set last_used_at = now()
            where id in (select a.id from control.assignments a
                where a.id = any (array(select h.assignment_id from control.held_assignments h
                    where h.user_id = alive.user_id))
                -- Who acts for somebody else uses nothing of their own.
                and alive.delegation_id is null and alive.impersonation_id is null
                and (a.last_used_at is null or a.last_used_at < now() - interval '1 hour')
                for no key update skip locked);
        update control.delegations set last_used_at = now()
            where id = (select d.id from control.delegations d where d.id = alive.delegation_id
                and d.revoked_at is null and d.starts_at <= now() and d.ends_at > now() for no key update skip locked);
    end if;
    -- Who acts for somebody else has the rights that go with it, and none of their own.
    if alive.delegation_id is not null then
        acting_for := control.delegated_authority(alive.delegation_id, alive.user_id);
    elsif alive.impersonation_id is not null then
        acting_for := control.impersonated_authority(alive.impersonation_id, alive.user_id);
    end if;
    return jsonb_build_object(
        'session_id', alive.id, 'user_id', alive.user_id, 'email', alive.email, 'name', alive.name,
        'acting_for', acting_for - 'grants',
        'elevated_until', case when alive.elevated_until > now() then alive.elevated_until end,
        'has_factor', alive.has_factor,
        'factor_wanted', not alive.has_factor and control.factor_wanted(alive.user_id),
        'grants', coalesce(acting_for -> 'grants', control.grants_of(alive.user_id)));
end
$$;

-- What somebody may do in an impersonation, for `session_authority`; never null. Of the person's rights, and of what
-- belonging to the tenant gives, that which is open while impersonating: everybody looks, and owners and admins change
-- what may be changed. Nothing is left when it is over, whatever the reason.
create or replace function control.impersonated_authority(p_impersonation_id uuid, p_user_id uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    held record;
    over text;
begin
    select i.id, i.target_user_id, i.tenant_id, i.mode, i.status, i.ends_at, u.name, t.name as tenant,
            u.status = 'active' and u.deleted_at is null and u.kind = 'human' as is_active,
            u.is_staff or exists (select from control.effective_rights e
                where e.user_id = u.id and e.scope_kind = 'platform') as is_staff,
            t.deleted_at is not null as is_gone,
            exists (select from control.workspace_members m where m.user_id = u.id and m.tenant_id = i.tenant_id
                and m.deleted_at is null) as is_member,
            exists (select from control.workspace_members m where m.user_id = u.id and m.tenant_id = i.tenant_id
                and m.deleted_at is null and m.role in ('owner', 'admin')) as runs_it
        into held
        from control.impersonation_sessions i
        join control.users u on u.id = i.target_user_id
        join control.tenants t on t.id = i.tenant_id
        where i.id = p_impersonation_id and i.admin_user_id = p_user_id;
    if not found then
        return jsonb_build_object('kind', 'impersonation', 'id', p_impersonation_id, 'user_id', p_user_id,
            'name', 'somebody', 'until', now(), 'may_write', false, 'is_over', true, 'grants', '[]'::jsonb);
    end if;
    over := case
        when held.status <> 'active' then 'ended'
        when held.ends_at <= now() then 'time'
        when not held.is_active then 'the person is not active any more'
        when held.is_staff then 'the person belongs to the staff'
        when held.is_gone then 'the tenant is deleted'
        when not held.is_member then 'the person left the tenant'
        when not exists (select from control.effective_rights e where e.user_id = p_user_id
            and e.privilege_name = 'people.impersonate' and e.scope_kind = 'platform') then 'the right was taken away'
        end;
    return jsonb_build_object('kind', 'impersonation', 'id', held.id, 'user_id', held.target_user_id,
        'name', held.name, 'tenant_id', held.tenant_id, 'tenant', held.tenant,
        'until', coalesce(held.ends_at, now()), 'may_write', held.mode = 'acting', 'is_over', over is not null, 'why_over', over,
        'grants', case when over is not null then '[]'::jsonb
            else control.impersonated_grants(held.target_user_id, held.tenant_id, held.mode, held.runs_it) end);
end
$$;

create or replace function control.impersonated_grants(p_target uuid, p_tenant uuid, p_mode text, p_runs_it boolean)
returns jsonb
language plpgsql stable set search_path = pg_catalog
as $$
begin
    return (with opened as (
            select p.name, p.while_impersonating = 'acting' as changes from control.privileges p
            where p.while_impersonating = 'looking' or p.while_impersonating = 'acting' and p_mode = 'acting'
        ), granted as (
            select o.name || '@t:' || p_tenant as spelled from opened o where not o.changes or p_runs_it
            union
            select e.privilege_name || case e.scope_kind when 'tenant' then '@t:' || e.tenant_id
                    else '@c:' || e.client_id || ':' || e.tenant_id end
                from control.effective_rights e join opened o on o.name = e.privilege_name
                where e.user_id = p_target and e.tenant_id = p_tenant and e.scope_kind in ('tenant', 'client')
        )
        select coalesce(jsonb_agg(g.spelled order by g.spelled), '[]') from granted g);
end
$$;

-- A change in an impersonation that ended while its request was on the way is refused, and one in an impersonation that
-- only looks always. Ending it waits for the change, or the change for it.
create or replace function control.hold_impersonation() returns void
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    v_id uuid := nullif(current_setting('castellan.impersonation_id', true), '')::uuid;
begin
    perform 1 from control.impersonation_sessions i where i.id = v_id for no key update;
    if (control.impersonated_authority(v_id, control.actor_id()) ->> 'is_over')::boolean then
        raise exception 'acting for somebody else is over' using errcode = 'CA401';
    end if;
    if current_setting('role') = 'castellan_viewing' then
        raise exception 'permission denied for changes in an impersonation that only looks' using errcode = 'CA403';
    end if;
end
$$;

-- See trigger `end_impersonation`.
create or replace function control.end_impersonation() returns trigger
language plpgsql security definer set search_path = pg_catalog
as $$
begin
    update control.impersonation_sessions i
        set status = 'ended', ended_at = least(now(), i.ends_at),
            ended_by = case when i.ends_at > now() then control.actor_id() end,
            ended_reason = case when i.ends_at <= now() then 'time'
                when new.revoked_at is not null then 'session ended' else 'stopped' end
        where i.id = old.impersonation_id and i.status = 'active';
    return null;
end
$$;

-- Whether somebody must have a second factor: a tenant that they belong to asks its people for one, or a role asks that
-- they hold, through whatever.
create or replace function control.factor_wanted(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog
as $$
declare
    asking uuid[];
begin
    -- Most staff belong to no tenant and hardly any role asks; that is seen at less cost than the rest.
    if exists (select from control.workspace_members m where m.user_id = p_user_id and m.deleted_at is null)
        and exists (select from control.workspace_members m
            join control.policies_in_force p on p.tenant_id = m.tenant_id and p.mfa_required
            where m.user_id = p_user_id and m.deleted_at is null) then
        return true;
    end if;
    asking := array(select r.id from control.roles r where r.mfa_required and r.deleted_at is null);
    return cardinality(asking) > 0 and exists (select from control.held_assignments h
        where h.user_id = p_user_id and h.role_id = any (asking));
end
$$;

-- In plpgsql, which keeps its plan; SQL functions are planned at each call.
create or replace function control.grants_of(p_user_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog
as $$
begin
    return (select coalesce(jsonb_agg(distinct e.privilege_name || case e.scope_kind
            when 'platform' then ''
            when 'tenant' then '@t:' || e.tenant_id
            else '@c:' || e.client_id || ':' || e.tenant_id end), '[]')
        from control.effective_rights e
        where e.user_id = p_user_id);
end
$$;

-- What of a scope somebody holds, and where: on one tenant, or wherever they hold it. Nothing that may not be handed on.
create or replace function control.delegable_rights(p_user_id uuid, p_scope text[], p_tenant_id uuid)
returns table (privilege_name text, scope_kind text, tenant_id uuid, client_id uuid)
language plpgsql stable security definer set search_path = pg_catalog
as $$
begin
    return query
        select distinct e.privilege_name,
            case when p_tenant_id is not null and e.scope_kind = 'platform' then 'tenant' else e.scope_kind end,
            coalesce(p_tenant_id, e.tenant_id), e.client_id
        from control.effective_rights e
        join control.privileges p on p.name = e.privilege_name and p.is_delegable
        where e.user_id = p_user_id and e.privilege_name = any (p_scope)
            and (p_tenant_id is null or e.scope_kind = 'platform' or e.tenant_id = p_tenant_id);
end
$$;

-- In whose name a session acts under a delegation, and with which rights: those of its scope that the grantor holds at
-- this moment. Over when it does not run, is somebody else's, or the grantor could not act either.
create or replace function control.delegated_authority(p_delegation_id uuid, p_user_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog
as $$
declare
    d record;
    runs boolean;
begin
    select g.grantor_user_id, g.action_scope, g.tenant_id, least(g.ends_at, g.revoked_at) as until, u.name,
            g.delegate_user_id = p_user_id and g.revoked_at is null and g.starts_at <= now() and g.ends_at > now()
                and u.status = 'active' and u.is_staff and u.deleted_at is null as runs
        into d
        from control.delegations g join control.users u on u.id = g.grantor_user_id
        where g.id = p_delegation_id;
    runs := coalesce(d.runs, false);
    return jsonb_build_object('kind', 'delegation', 'id', p_delegation_id,
        'user_id', coalesce(d.grantor_user_id, p_user_id), 'name', coalesce(d.name, 'somebody'),
        'until', coalesce(d.until, now()), 'may_write', runs, 'is_over', not runs,
        'grants', case when runs then
            (select coalesce(jsonb_agg(r.privilege_name || case r.scope_kind
                    when 'platform' then ''
                    when 'tenant' then '@t:' || r.tenant_id
                    else '@c:' || r.client_id || ':' || r.tenant_id end), '[]')
                from control.delegable_rights(d.grantor_user_id, d.action_scope, d.tenant_id) r)
            else '[]' end);
end
$$;

create or replace function control.is_founder(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = pg_catalog
as $$
begin
    return exists (select from control.founders f where f.user_id = p_user_id);
end
$$;

-- Founders who stay, for nothing by which they are founders has an end. Who asks holds everybody else up who might take
-- the last one away, and then sees what they did.
create or replace function control.lasting_founders() returns bigint
language plpgsql security definer set search_path = pg_catalog
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('castellan.founders', 0));
    return (select count(*) from control.founders f where f.stays);
end
$$;

-- The same, counted as if an assignment were not there.
create or replace function control.founders_without(p_assignment_id uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('castellan.founders', 0));
    return (select count(distinct f.user_id) from control.founding f
        where f.expires_at is null and f.assignment_id <> p_assignment_id);
end
$$;

-- Blast radius, first half: what the people whom a change touches hold before it. Roles stand for their privileges,
-- for a million rights are some ten thousand sets of roles and few different ones. Compiling the statements would take
-- longer than they do.
create or replace function control.note_rights(p_kind text, p_id uuid) returns boolean
language plpgsql set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
declare
    asking constant uuid[] := control.asking_roles();
begin
    create temporary table rights_touched on commit drop as
        select distinct t.user_id from (
            select p_id as user_id where p_kind = 'user'
            union all
            select m.user_id from control.group_memberships m
                where p_kind = 'group' and m.group_id = p_id and m.deleted_at is null
            union all
            select m.user_id from control.department_memberships m
                where p_kind = 'department' and m.department_id = p_id and m.deleted_at is null
            union all
            select h.user_id from control.held_assignments h where p_kind = 'role' and h.role_id = p_id
        ) t;
    -- On its own, for people with a row scope may not look at reviews, not even in a branch that finds nothing.
    if p_kind = 'review' then
        insert into pg_temp.rights_touched
            select distinct coalesce(a.user_id, g.user_id, d.user_id) from control.access_review_items i
            join control.assignments a on a.id = i.assignment_id
            left join control.group_memberships g on g.group_id = a.group_id and g.deleted_at is null
            left join control.department_memberships d on d.department_id = a.department_id and d.deleted_at is null
            where i.review_id = p_id and i.outcome = 'undecided'
                and (a.user_id is not null or g.user_id is not null or d.user_id is not null);
    end if;
    create temporary table rights_before on commit drop as
        select t.user_id, t.tenant_id, t.client_id, t.role_ids from control.touched_rights() t;
    create temporary table privileges_before on commit drop as
        select p.role_id, p.privilege_name from control.role_privileges p
        join control.roles r on r.id = p.role_id and r.deleted_at is null;
    create temporary table asked_before on commit drop as
        select distinct b.user_id from pg_temp.rights_before b where b.role_ids && asking;
    return true;
end
$$;

-- Roles whose holders must have a second factor.
create or replace function control.asking_roles() returns uuid[]
language plpgsql stable set search_path = pg_catalog
as $$
begin
    return array(select r.id from control.roles r where r.mfa_required and r.deleted_at is null);
end
$$;

-- The roles of the touched people by place, deleted roles too; the nil id stands for everywhere. Few people are looked
-- up by index and many are read through, which the planner cannot choose by itself across a union.
create or replace function control.touched_rights()
returns table (user_id uuid, tenant_id uuid, client_id uuid, role_ids uuid[])
language plpgsql set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
declare
    everywhere constant uuid := '00000000-0000-0000-0000-000000000000';
    few uuid[] := array(select t.user_id from pg_temp.rights_touched t limit 101);
begin
    if cardinality(few) <= 100 then
        return query
            select h.user_id, coalesce(h.tenant_id, everywhere), coalesce(h.client_id, everywhere), array_agg(h.role_id)
            from control.held_assignments h where h.user_id = any (few) group by 1, 2, 3;
    else
        analyze pg_temp.rights_touched;
        return query
            select h.user_id, coalesce(h.tenant_id, everywhere), coalesce(h.client_id, everywhere), array_agg(h.role_id)
            from control.held_assignments h join pg_temp.rights_touched t on t.user_id = h.user_id group by 1, 2, 3;
    end if;
end
$$;

-- Blast radius, second half: who gains and who loses what since `note_rights`. A right that somebody holds on more
-- than the place anyway is neither gained nor lost there. Spells the first `p_shown` out and counts all.
create or replace function control.compare_rights(p_kind text, p_shown integer) returns jsonb
language plpgsql set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
declare
    everywhere constant uuid := '00000000-0000-0000-0000-000000000000';
    asking constant uuid[] := control.asking_roles();
    enrolling bigint;
begin
    -- A role that changes is held by the same people as before.
    if p_kind = 'role' then
        create temporary table rights_both on commit drop as
            select b.user_id, b.tenant_id, b.client_id, b.role_ids as was, b.role_ids as becomes
            from pg_temp.rights_before b;
    else
        create temporary table rights_both on commit drop as
            select user_id, tenant_id, client_id, coalesce(b.role_ids, '{}') as was, coalesce(a.role_ids, '{}') as becomes
            from pg_temp.rights_before b full join control.touched_rights() a using (user_id, tenant_id, client_id);
    end if;
    -- What somebody holds on more than the place: everywhere, and on the tenant of a client.
    create temporary table rights_compared on commit drop as
        select b.user_id, b.tenant_id, b.client_id, b.was, b.becomes, '{}'::uuid[] as wide_was, '{}'::uuid[] as wide_becomes
        from pg_temp.rights_both b where b.tenant_id = everywhere
        union all
        select b.user_id, b.tenant_id, b.client_id, b.was, b.becomes,
            coalesce(p.was, '{}') || coalesce(t.was, '{}'), coalesce(p.becomes, '{}') || coalesce(t.becomes, '{}')
        from pg_temp.rights_both b
        left join pg_temp.rights_both p on p.user_id = b.user_id and p.tenant_id = everywhere
        left join pg_temp.rights_both t on b.client_id <> everywhere
            and t.user_id = b.user_id and t.tenant_id = b.tenant_id and t.client_id = everywhere
        where b.tenant_id <> everywhere;
    -- Few ways in which rights change, however many people they change for.
    create temporary table rights_ways on commit drop as
        with ways as materialized (
            select was, becomes, wide_was, wide_becomes from pg_temp.rights_compared group by 1, 2, 3, 4
        ), privileges_after as materialized (
            select p.role_id, p.privilege_name from control.role_privileges p
            join control.roles r on r.id = p.role_id and r.deleted_at is null
        ), worked_out as materialized (
            select w.*,
                array(select p.privilege_name from privileges_after p where p.role_id = any (w.becomes)
                    except select p.privilege_name from pg_temp.privileges_before p
                        where p.role_id = any (w.was) or p.role_id = any (w.wide_was)
                    except select p.privilege_name from privileges_after p where p.role_id = any (w.wide_becomes)
                    order by 1) as gained,
                array(select p.privilege_name from pg_temp.privileges_before p where p.role_id = any (w.was)
                    except select p.privilege_name from privileges_after p
                        where p.role_id = any (w.becomes) or p.role_id = any (w.wide_becomes)
                    except select p.privilege_name from pg_temp.privileges_before p where p.role_id = any (w.wide_was)
                    order by 1) as lost
            from ways w
        )
        select row_number() over () as way, w.*, hashtextextended(w.gained::text || w.lost::text, 0) as hash
        from worked_out w where w.gained <> '{}' or w.lost <> '{}';
    create temporary table rights_changed on commit drop as
        select c.user_id, c.tenant_id, c.client_id, w.way, uuid_hash_extended(c.user_id,
            uuid_hash_extended(c.tenant_id, uuid_hash_extended(c.client_id, w.hash))) as hash
        from pg_temp.rights_ways w join pg_temp.rights_compared c using (was, becomes, wide_was, wide_becomes);
    -- Who has no second factor and must add one now, which no tenant asked of them before.
    select count(*) into enrolling from (
            select distinct b.user_id from pg_temp.rights_both b where b.becomes && asking
            except select a.user_id from pg_temp.asked_before a
        ) asked
        join control.users u on u.id = asked.user_id and not u.mfa_enabled and u.is_staff and u.kind = 'human'
            and u.status = 'active' and u.deleted_at is null
        where not exists (select from control.workspace_members m
            join control.policies_in_force p on p.tenant_id = m.tenant_id and p.mfa_required
            where m.user_id = asked.user_id and m.deleted_at is null);
    return jsonb_build_object(
        'gains', control.spell_rights(true, p_shown), 'losses', control.spell_rights(false, p_shown),
        'enrolling', enrolling,
        'digest', (select count(*) || ' ' || coalesce(sum(c.hash::numeric), 0) || ' ' || enrolling
            from pg_temp.rights_changed c));
end
$$;

-- One side of `compare_rights`: how many people and rights, and the first of them by name.
create or replace function control.spell_rights(p_gains boolean, p_shown integer) returns jsonb
language plpgsql set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
begin
    return (with ways as materialized (
            select w.way, case when p_gains then w.gained else w.lost end as privileges from pg_temp.rights_ways w
            where case when p_gains then w.gained else w.lost end <> '{}'
        ), side as materialized (
            select c.user_id, c.tenant_id, c.client_id, c.way from pg_temp.rights_changed c
            where c.way = any (array(select w.way from ways w))
        ), first as (
            select s.*, u.name, u.email, u.name_sort
            from side s join control.users u on u.id = s.user_id
            order by u.name_sort, s.user_id, s.tenant_id, s.client_id limit p_shown
        )
        select jsonb_build_object(
            'people', (select count(*) from (select from side s group by s.user_id) one),
            'rights', (select coalesce(sum(n.rows * cardinality(w.privileges)), 0)
                from (select s.way, count(*) as rows from side s group by s.way) n join ways w on w.way = n.way),
            'shown', (select coalesce(jsonb_agg(jsonb_build_object('user_id', f.user_id, 'name', f.name,
                    'email', f.email, 'tenant', t.name, 'client', c.name, 'privileges', w.privileges)
                    order by f.name_sort, f.user_id, t.name, c.name), '[]')
                from first f join ways w on w.way = f.way left join control.tenants t on t.id = f.tenant_id
                left join control.clients c on c.id = f.client_id)));
end
$$;

-- Whom an API token speaks for and what it may do: the owner's grants, of which the caller takes those in scope. Known
-- and unknown tokens cost the same look-up, and a refusal says why to the log alone. Counts the request.
create or replace function control.token_authority(p_token_hash bytea, p_address text) returns jsonb
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    per_minute constant integer := 600;
    token record;
    refusal text;
    in_minute integer;
begin
    select t.id, t.user_id, t.scopes, t.last_used_at, t.allowed_networks, t.expires_at, t.overlap_ends_at, t.revoked_at,
            u.status = 'active' and u.deleted_at is null and (u.is_staff or u.kind = 'service') as may_act
        into token
        from control.api_tokens t join control.users u on u.id = t.user_id
        where t.token_hash = p_token_hash;
    if not found then
        return jsonb_build_object('refusal', 'unknown');
    end if;
    refusal := case
        when token.revoked_at is not null then 'revoked'
        when token.overlap_ends_at <= now() then 'replaced'
        when token.expires_at <= now() then 'expired'
        when not token.may_act then 'owner'
        when cardinality(token.allowed_networks) > 0
            and not coalesce(p_address::inet <<= any (token.allowed_networks), false) then 'network'
    end;
    insert into control.api_token_usage as u (token_id, hour, requests, refused, minute, minute_requests)
        values (token.id, date_trunc('hour', now()), (refusal is null)::integer, (refusal is not null)::integer,
            date_trunc('minute', now()), 1)
        on conflict (token_id, hour) do update set
            minute = excluded.minute,
            minute_requests = case when u.minute = excluded.minute then u.minute_requests else 0 end + 1,
            requests = u.requests + case
                when u.minute = excluded.minute and u.minute_requests >= per_minute then 0 else excluded.requests end,
            refused = u.refused + case
                when u.minute = excluded.minute and u.minute_requests >= per_minute then 1 else excluded.refused end
        returning minute_requests into in_minute;
    if refusal is null and in_minute > per_minute then
        -- The first one too many is written down; the others would only fill the log.
        refusal := case when in_minute = per_minute + 1 then 'rate' else 'rate, again' end;
    end if;
    if refusal is not null then
        return jsonb_build_object('refusal', refusal, 'token_id', token.id);
    end if;
    if token.last_used_at is null or token.last_used_at < now() - interval '1 minute' then
        update control.api_tokens set last_used_at = now() where id = (select t.id from control.api_tokens t
            where t.id = token.id for no key update skip locked);
    end if;
    return jsonb_build_object('token_id', token.id, 'user_id', token.user_id, 'scopes', to_jsonb(token.scopes),
        'grants', control.grants_of(token.user_id));
end
$$;

-- The token that somebody pasted. Its hash is read by nobody else.
create or replace function control.token_of(p_token_hash bytea) returns uuid
language sql stable security definer set search_path = pg_catalog
as $$ select id from control.api_tokens where token_hash = p_token_hash $$;

-- To whom the rows with these ids belong, whoever may see them: tells somebody out of scope from a typing mistake. What
-- people have themselves is in scope where the person belongs.
create or replace function control.whereabouts(p_ids uuid[]) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog
as $$
declare
    t record;
    rows jsonb;
    found_rows jsonb := '[]';
begin
    for t in
        select n.nspname, c.relname,
            case when c.relname = 'tenants' then 'r.id' when a.names @> '{tenant_id}' then 'r.tenant_id' else 'null' end
                as tenant,
            case when c.relname = 'clients' then 'r.id' when a.names @> '{client_id}' then 'r.client_id' else 'null' end
                as client,
            case when c.relname = 'users' then 'r.id'
                when c.relname = 'delegations' then 'r.grantor_user_id'
                when a.names @> '{user_id}' and not a.names @> '{tenant_id}' then 'r.user_id' end as person
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (select array_agg(x.attname::text) as names from pg_attribute x
            where x.attrelid = c.oid and not x.attisdropped
                and (x.attname <> 'id' or x.atttypid = 'uuid'::regtype)) a
        where (n.nspname = 'control' and c.relkind = 'r' or n.nspname = 'audit' and c.relname = 'events')
            and a.names @> '{id}'
            and (c.relname in ('tenants', 'users') or a.names && '{tenant_id,user_id}')
    loop
        execute format('select jsonb_agg(jsonb_build_object(''table'', %L, ''tenant_id'', %s, ''client_id'', %s, %s))
            from %I.%I r where r.id = any ($1)',
            t.relname, t.tenant, t.client,
            case when t.person is null then '''user_id'', null' else format('''user_id'', %1$s, ''tenant_ids'',
                array(select m.tenant_id from control.workspace_members m
                    where m.user_id = %1$s and m.deleted_at is null)', t.person) end,
            t.nspname, t.relname) into rows using p_ids;
        found_rows := found_rows || coalesce(rows, '[]');
    end loop;
    return found_rows;
end
$$;

-- A campaign is evidence: its items keep the facts they began with, and once it is closed nothing of it changes.
create or replace function control.keep_evidence() returns trigger
language plpgsql
as $$
declare
    decided text[] := array['outcome', 'reason', 'decided_at', 'decided_by', 'replacement_id', 'version', 'updated_at',
        'updated_by', 'principal_sort'];
begin
    if tg_op = 'DELETE' or to_jsonb(new) - decided <> to_jsonb(old) - decided then
        raise exception 'what a campaign is about does not change' using errcode = 'CA403';
    end if;
    if exists (select from control.access_reviews r where r.id = old.review_id and r.closed_at is not null) then
        raise exception 'the campaign is closed' using errcode = 'CA403';
    end if;
    return new;
end
$$;

create or replace function control.keep_closed() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'DELETE' or old.closed_at is not null then
        raise exception 'the campaign is closed' using errcode = 'CA403';
    end if;
    return new;
end
$$;

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
    tenant_ids uuid[] := case p_kind
        when 'tenant' then array[p_id]
        when 'client' then array(select c.tenant_id from control.clients c where c.id = p_id)
        else array(select w.tenant_id from control.as_of(null::control.workspace_members, 'user_id', array[p_id], p_at) w
            where w.deleted_at is null or w.deleted_at > p_at) end;
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
