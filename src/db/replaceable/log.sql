-- The one door to the event log. Sets the event that row changes in this transaction belong to; after a read there are none.
create or replace function audit.record(
    p_action text, p_outcome text, p_is_read boolean, p_reason text, p_target_kind text, p_target_id uuid,
    p_tenant_id uuid, p_client_id uuid, p_details jsonb
) returns uuid
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    v_id uuid;
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
        session_id, request_id, action, outcome, severity, is_read, reason, reason_code, target_kind, target_id, tenant_id,
        client_id, details)
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
        p_action, p_outcome, audit.severity_of(p_action, p_outcome), p_is_read, p_reason,
        case when p_is_read then nullif(current_setting('castellan.reason_code', true), '') end, p_target_kind, p_target_id, p_tenant_id, p_client_id,
        coalesce(p_details, '{}')
    ) returning id, set_config('castellan.event_id', id::text, true), set_config('castellan.event_at', occurred_at::text, true)
        into v_id;
    -- What was announced as a read changes nothing afterwards.
    if p_is_read then
        perform set_config('transaction_read_only', 'on', true);
    end if;
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

-- The same for people with a row scope: from the newest events of each of their tenants and clients, about a thousand
-- in all. It names the rows as the policies do, which would compare each of them with the whole scope, and
-- is planned once a connection: to plan for two years of months takes longer than to read.
create or replace function audit.known_actions_in_scope() returns text[]
language plpgsql stable security definer set search_path = pg_catalog set plan_cache_mode = force_generic_plan
as $$
declare
    since timestamptz := date_trunc('month', now() - interval '1 month');
    tenants uuid[] := control.scope_ids('tenant_ids');
    clients uuid[] := control.scope_ids('client_ids');
    share integer := greatest(5, 1000 / greatest(1, coalesce(cardinality(tenants), 0) + coalesce(cardinality(clients), 0)));
begin
    return array(
        select e.action from unnest(tenants) as t(id) cross join lateral (
            select e.action from audit.events e
                where e.tenant_id = t.id and e.occurred_at >= since and e.occurred_at <= now()
                order by e.occurred_at desc, e.id desc limit share) e
        union
        select e.action from unnest(clients) as c(id) cross join lateral (
            select e.action from audit.events e
                where e.client_id = c.id and e.occurred_at >= since and e.occurred_at <= now()
                order by e.occurred_at desc, e.id desc limit share) e
        order by 1
    );
end
$$;

-- Row trigger of every watched table. Argument: the columns whose values must not be written down.
create or replace function audit.record_change() returns trigger
language plpgsql security definer
-- The queue is looked into by its key, also by plans that were made while it was short.
set search_path = pg_catalog set enable_seqscan = off
as $$
declare
    secrets text[] := string_to_array(tg_argv[0], ',');
    -- Made by the database, or moved by workers all the time.
    generated text[] := array['name_sort', 'duration_ms', 'lease_token', 'lease_until'];
    was jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) - generated end;
    becomes jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) - generated end;
    whole jsonb := coalesce(becomes, was);
    event uuid := nullif(current_setting('castellan.event_id', true), '')::uuid;
    happened_at timestamptz;
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
    -- The settings are anybody's who has a connection. Which transaction wrote an event is not, and stays the same in
    -- savepoints; no event is sealed while that is under way.
    happened_at := nullif(current_setting('castellan.event_at', true), '')::timestamptz;
    perform 1 from audit.unsealed u where u.occurred_at = happened_at and u.event_id = event
        and u.log = 'events' and u.transaction_number = (pg_current_xact_id()::text)::bigint;
    if not found then
        raise exception 'a change to % needs an action of its own transaction', tg_table_name using errcode = 'CA001';
    end if;
    insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after, tenant_id, client_id)
    values (event, happened_at, tg_table_name,
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
