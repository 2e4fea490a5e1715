-- The log of the past thirteen months. Every row says that it was made up.
create table demo.actions (
    slot integer primary key, action text, actor text, target text, outcome text default 'success', is_read boolean default false,
    -- Of the target's row; none for actions that change nothing or whose change would say nothing.
    table_name text, before jsonb[], after jsonb[]
);
insert into demo.actions
select row_number() over () - 1, action, actor, target, outcome, is_read, table_name, before, after
from (values
    (22, 'session.sign_in', 'staff', 'self', 'success', false, null, null, null),
    (7, 'session.sign_out', 'staff', 'self', 'success', false, null, null, null),
    (10, 'tenant.update', 'staff', 'tenant', 'success', false, 'tenants',
        array['{"notes": ""}', '{"region": "eu-west"}', '{"isolation": "row"}', '{"notes": "Pilot customer."}']::jsonb[],
        array['{"notes": "Contract renews in March, talks begin in January."}', '{"region": "eu-central"}',
            '{"isolation": "schema"}', '{"notes": "Pilot ended, regular contract since."}']::jsonb[]),
    (2, 'tenant.update', 'staff', 'tenant', 'failure', false, null, null, null),
    (5, 'tenant_policies.update', 'staff', 'tenant', 'success', false, 'tenant_policies',
        array['{"mfa_required": false}', '{"session_idle_minutes": 60}', '{"public_links_allowed": true}']::jsonb[],
        array['{"mfa_required": true}', '{"session_idle_minutes": 30}', '{"public_links_allowed": false}']::jsonb[]),
    (14, 'client.update', 'staff', 'client', 'success', false, 'clients',
        array['{"website": null}', '{"contact_name": "Zoë Lefèvre"}', '{"notes": ""}', '{"industry": "retail"}']::jsonb[],
        array['{"website": "https://www.example.com/"}', '{"contact_name": "João da Silva"}',
            '{"notes": "Moved to the new template."}', '{"industry": "hospitality"}']::jsonb[]),
    (4, 'client.pause', 'staff', 'client', 'success', false, 'clients',
        array['{"status": "active"}']::jsonb[], array['{"status": "paused"}']::jsonb[]),
    (4, 'client.activate', 'staff', 'client', 'success', false, 'clients',
        array['{"status": "paused"}']::jsonb[], array['{"status": "active"}']::jsonb[]),
    (8, 'client_deployment.start', 'staff', 'client', 'success', false, null, null, null),
    (9, 'client_deployment.finish', 'job', 'client', 'success', false, null, null, null),
    (1, 'client_deployment.finish', 'job', 'client', 'failure', false, null, null, null),
    (4, 'domain.check', 'job', 'tenant', 'success', false, 'tenant_domains',
        array['{"status": "pending"}']::jsonb[], array['{"status": "verified"}']::jsonb[]),
    (2, 'audit.view', 'auditor', 'none', 'success', true, null, null, null),
    (2, 'tenants.export', 'auditor', 'none', 'success', true, null, null, null),
    (2, 'user.make_sign_in_link', 'staff', 'self', 'success', false, null, null, null),
    (2, 'session.end_others', 'staff', 'self', 'success', false, null, null, null),
    (2, 'tenant.suspend', 'staff', 'tenant', 'denied', false, null, null, null)
) as kinds (weight, action, actor, target, outcome, is_read, table_name, before, after),
generate_series(1, weight);
analyze demo.actions;

create table demo.effects (event_id uuid, occurred_at timestamptz, table_name text, row_id uuid, op text, before jsonb, after jsonb,
    tenant_id uuid, client_id uuid);

-- How each tenant came to its state.
with steps as (
    select t.id, t.name, k.*, 2 + t.n % 4 as actor from demo.tenants t
    join control.tenants c on c.id = t.id
    cross join lateral (values
        ('tenant.create', t.created_at, null::text, null::jsonb, jsonb_build_object('name', t.name, 'slug', t.slug, 'region', t.region)),
        ('tenant.suspend', t.suspended_at, c.suspension_reason,
            jsonb_build_object('status', 'active', 'suspension_reason', null),
            jsonb_build_object('status', 'suspended', 'suspension_reason', c.suspension_reason)),
        ('tenant.close', least(now() - interval '5 hours', coalesce(c.closed_at, c.closing_at) - interval '30 days'),
            'The owner gave notice in writing.',
            jsonb_build_object('status', 'active'), jsonb_build_object('status', 'closing')),
        ('tenant.delete', t.deleted_at, 'Nothing left to keep; the owner confirmed.',
            jsonb_build_object('deleted_at', null), jsonb_build_object('deleted_at', t.deleted_at)),
        -- One in twelve was suspended for a while and came back.
        ('tenant.suspend', case when t.n % 12 = 4 and t.status = 'active' then demo.between(t.created_at, now(), 0.4) end,
            'Invoice overdue by three weeks.', '{"status": "active"}', '{"status": "suspended"}'),
        ('tenant.reactivate', case when t.n % 12 = 4 and t.status = 'active' then demo.between(t.created_at, now(), 0.45) end,
            'Invoice paid.', '{"status": "suspended"}', '{"status": "active"}')
    ) as k (action, at, reason, before, after)
), lasting as (
    select gen_random_uuid() as event_id, * from steps, demo.size
    where at between log_begins and now()
        and not (action = 'tenant.close' and id not in (select id from control.tenants where status in ('closing', 'closed')))
), logged as (
    insert into audit.events (id, occurred_at, actor_kind, actor_id, request_id, action, severity, reason, target_kind,
        target_id, tenant_id, details)
    select event_id, at, 'person', s.id, gen_random_uuid(), action, audit.severity_of(action, 'success'), reason, 'tenant', l.id, l.id, '{"demo": true}'
    from lasting l join demo.staff s on s.place = l.actor
)
insert into demo.effects
select event_id, at, 'tenants', l.id, case action when 'tenant.create' then 'insert' else 'update' end, before, after, l.id, null::uuid
from lasting l join demo.staff s on s.place = l.actor;

-- And the daily work. Some tenants and clients see much more of it than others.
create table demo.drawn as
select g.n, gen_random_uuid() as id, a.action, a.outcome, a.is_read, a.target, a.actor, a.table_name,
    a.before[1 + g.n % cardinality(a.before)] as before, a.after[1 + g.n % cardinality(a.after)] as after,
    coalesce(c.tenant_id, t.id) as tenant_id, c.id as client_id,
    demo.between(greatest(coalesce(c.created_at, t.created_at, now() - interval '400 days'), log_begins), now() - interval '1 minute',
        power(demo.chance(g.n, 92), 0.7)) as at
from demo.size
cross join generate_series(events_before + 1, events_before + events) as g (n)
join demo.actions a on a.slot = floor(demo.chance(g.n, 90) * 100)
left join demo.tenants t on a.target = 'tenant'
    and t.place = 1 + floor(power(demo.chance(g.n, 91), 2) * (select count(*) from demo.tenants))
left join demo.clients c on a.target = 'client'
    and c.place = 1 + floor(power(demo.chance(g.n, 91), 2) * (select count(*) from demo.clients))
where a.target not in ('tenant', 'client') or t.id is not null or c.id is not null;

-- In the order of time, which is the order of the log's indexes.
insert into audit.events (id, occurred_at, actor_kind, actor_id, actor_label, request_id, action, outcome, severity, is_read,
    reason, target_kind, target_id, tenant_id, client_id, details)
select d.id, d.at, case when d.actor = 'job' then 'job' else 'person' end, s.id,
    case when d.actor = 'job' then case when d.action like 'domain%' then 'tenancy.verify_domain' else 'clients.deploy' end end,
    gen_random_uuid(), d.action, d.outcome, audit.severity_of(d.action, d.outcome), d.is_read,
    case when d.table_name is not null and d.actor <> 'job' then demo.pick(demo.reasons(), d.n, 93) end,
    case d.target when 'self' then 'user' when 'none' then 'log' else d.target end,
    case d.target when 'self' then s.id when 'tenant' then d.tenant_id when 'client' then d.client_id end,
    d.tenant_id, d.client_id, '{"demo": true}'
from demo.drawn d
left join demo.staff s on d.actor <> 'job'
    and s.place = case d.actor when 'auditor' then 4 else 1 + floor(power(demo.chance(d.n, 94), 1.5) * 3) end
order by d.at;

insert into demo.effects
select id, at, table_name,
    case table_name when 'clients' then client_id when 'tenants' then tenant_id
        when 'tenant_policies' then (select p.id from control.tenant_policies p where p.tenant_id = drawn.tenant_id)
        else (select d.id from control.tenant_domains d where d.tenant_id = drawn.tenant_id limit 1) end,
    'update', before, after, tenant_id, client_id
from demo.drawn where table_name is not null;

insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after, tenant_id, client_id)
select event_id, occurred_at, table_name, row_id, op, before, after, tenant_id, client_id
from demo.effects order by occurred_at;

-- Two impersonations that are over: support looked, and acted after a second person had approved it.
create table demo.impersonations as
select demo.id(made.at, t.n * 10 + made.k, 101) as id, made.k, made.at, mode, minutes, lasted, reason, ticket, t.id as tenant_id, p.id as target_id,
    s.id as admin_id, (select a.id from demo.staff a where a.place = 2) as approver_id
from (values
    (1, now() - interval '6 days 3 hours', 'read_only', 30, 12, 'The list of clients looks empty to them.', 'SUP-2041'),
    (2, now() - interval '2 days 5 hours', 'acting', 45, 31, 'The customization cannot be published from their side.', 'SUP-2107')
) as made (k, at, mode, minutes, lasted, reason, ticket)
join demo.tenants t on t.place = 1
join demo.people p on p.tenant_id = t.id and p.k = made.k
join demo.staff s on s.place = 3;
insert into control.impersonation_sessions (id, admin_user_id, target_user_id, tenant_id, mode, reason, ticket, minutes, status,
    lapses_at, decided_at, decided_by, decision_reason, started_at, ends_at, ended_at, ended_by, ended_reason, created_at, updated_at)
select id, admin_id, target_id, tenant_id, mode, reason, ticket, minutes, 'ended', at + interval '4 hours',
    case when mode = 'acting' then at - interval '4 minutes' end, case when mode = 'acting' then approver_id end,
    case when mode = 'acting' then 'Seen the ticket; nobody there can do it today.' end,
    at, at + make_interval(mins => minutes), at + make_interval(mins => lasted), admin_id, 'stopped', at - interval '9 minutes', at
from demo.impersonations
on conflict do nothing;
insert into audit.events (id, occurred_at, actor_kind, actor_id, effective_actor_id, impersonation_id, request_id, action,
    severity, is_read, reason, target_kind, target_id, tenant_id, details)
select gen_random_uuid(), i.at + make_interval(mins => done.minute), 'person', i.admin_id,
    case when done.minute > 0 then i.target_id end, case when done.minute > 0 then i.id end, gen_random_uuid(), done.action,
    audit.severity_of(done.action, 'success'), done.is_read, case when done.minute = 0 then i.reason end, case when done.is_read then 'page' else 'impersonation' end,
    case when not done.is_read then i.id end, i.tenant_id,
    jsonb_strip_nulls(jsonb_build_object('demo', true, 'asked_for', done.page || case when done.page like '%/' then i.tenant_id::text else '' end))
from demo.impersonations i
cross join lateral (values (0, 'impersonation.begin', false, null), (1, 'tenants.view', true, '/tenants/'),
    (3, 'clients.view', true, '/clients'), (8, 'clients.view', true, '/deployments'), (i.lasted, 'session.stop_acting', false, null))
    as done (minute, action, is_read, page)
where i.at > (select log_begins from demo.size);
