drop view if exists control.effective_rights, control.founders, control.founding, control.held_assignments,
    control.policies_in_force;
drop function if exists control.reason_wanted(uuid), control.grants_of(uuid);

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
-- nobody's name. Writes at most once a minute.
create or replace function control.session_authority(p_token_hash bytea) returns jsonb
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    alive record;
    acting_for jsonb;
    ends timestamptz;
begin
    select s.id, s.user_id, s.created_at, s.last_seen_at, s.absolute_expires_at, s.awaits, s.elevated_until,
            s.elevated_by,
            s.delegation_id, s.impersonation_id, u.email, u.name,
            case when s.read_reason_until > now() then jsonb_build_object(
                'code', s.read_reason, 'ticket', s.read_ticket, 'until', s.read_reason_until) end as read_reason,
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
        -- A recovery code stands in for a passkey no further than to replace it.
        'replaces_passkey', alive.elevated_by = 'recovery_code' and exists (select from control.user_credentials c
            where c.user_id = alive.user_id and c.kind = 'passkey' and c.revoked_at is null),
        'has_factor', alive.has_factor,
        'factor_wanted', not alive.has_factor and control.factor_wanted(alive.user_id),
        'read_reason', alive.read_reason)
        -- In whoever's name they read, their own roles ask.
        || control.authority_of(alive.user_id)
        || case when acting_for is null then '{}' else jsonb_build_object('grants', acting_for -> 'grants') end;
end
$$;

-- The session that a token belonged to, and why it is not alive: looked up where `session_authority` found none.
create or replace function control.ended_session(p_token_hash bytea) returns jsonb
language sql stable security definer set search_path = pg_catalog
as $$
    select jsonb_build_object('session_id', s.id, 'user_id', s.user_id, 'was_ended', s.revoked_at is not null,
        'why', case
            when s.revoked_at is not null then coalesce(s.revoked_reason, 'revoked')
            when s.absolute_expires_at <= now() then 'too old'
            when s.idle_expires_at <= now() then 'not used for too long'
            else 'the account may not use it any more'
        end)
    from control.sessions s where s.token_hash = p_token_hash
$$;

-- That somebody used a right, in a session or by a token, at every assignment by which they hold it: which of them
-- allowed it is not to be told apart, and whichever ends, it is missed if the others end, too. Writes at most once an
-- hour for an assignment.
create or replace function control.note_use(p_user_id uuid, p_privilege text) returns boolean
language plpgsql security definer set search_path = pg_catalog
as $$
begin
    update control.assignments set last_used_at = now()
        where id in (select a.id from control.assignments a
            where a.id = any (array(select e.assignment_id from control.effective_rights e
                where e.user_id = p_user_id and e.privilege_name = p_privilege))
            and (a.last_used_at is null or a.last_used_at < now() - interval '1 hour')
            for no key update skip locked);
    return found;
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

-- What somebody may do, and whether one of their roles asks why they read. In one statement, which every request pays,
-- and in plpgsql, which keeps its plan; SQL functions are planned at each call.
create or replace function control.authority_of(p_user_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog
as $$
begin
    return (select jsonb_build_object(
            'reason_wanted', coalesce(bool_or(r.asks_read_reason), false),
            'grants', coalesce(jsonb_agg(distinct p.privilege_name || case h.scope_kind
                when 'platform' then ''
                when 'tenant' then '@t:' || h.tenant_id
                else '@c:' || h.client_id || ':' || h.tenant_id end) filter (where p.role_id is not null), '[]'))
        from control.held_assignments h
        join control.roles r on r.id = h.role_id and r.deleted_at is null
        left join control.role_privileges p on p.role_id = r.id
        where h.user_id = p_user_id);
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
