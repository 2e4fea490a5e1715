-- A role of the house's own, groups within and across tenants, and the departments of the first few tenants.
insert into control.roles (id, name, description, created_at, updated_at)
values (demo.id(now() - interval '300 days', 1, 91), 'client manager', 'Looks after clients: everything about them, and nothing else.',
    now() - interval '300 days', now() - interval '300 days')
on conflict do nothing;
insert into control.role_privileges (role_id, privilege_name, created_at)
select r.id, p.name, r.created_at from control.roles r, control.privileges p
where r.name = 'client manager' and r.deleted_at is null
    and (p.name like 'clients.%' and p.name <> 'clients.export' or p.name in ('overview.view', 'tenants.view', 'search.use'))
on conflict do nothing;

insert into control.departments (id, tenant_id, parent_id, name, created_at, updated_at)
select demo.id(t.created_at, t.n * 10 + d.k, 92), t.id,
    case when d.above is not null then demo.id(t.created_at, t.n * 10 + d.above, 92) end, d.name, t.created_at, t.created_at
from demo.tenants t
cross join (values (1, null, 'Sales'), (2, 1, 'North'), (3, 1, 'South'), (4, null, 'Engineering'), (5, null, 'Finance'))
    as d (k, above, name)
where t.place <= 3
order by d.k
on conflict do nothing;
insert into control.department_memberships (id, department_id, tenant_id, user_id, created_at, updated_at)
select demo.id(p.created_at, p.n, 93), d.id, p.tenant_id, p.id, p.created_at, p.created_at
from demo.people p join demo.tenants t on t.id = p.tenant_id
join control.departments d on d.id = demo.id(t.created_at, t.n * 10 + 1 + p.k % 5, 92)
on conflict do nothing;

insert into control.groups (id, tenant_id, name, description, created_at, updated_at)
select demo.id(now() - interval '200 days', g.k, 94), null::uuid, g.name, g.description, now() - interval '200 days', now() - interval '200 days'
from (values (1, 'Night shift', 'Who answers when the office sleeps.'), (2, 'Launch partners', 'People of several tenants who try things first.'))
    as g (k, name, description)
on conflict do nothing;
insert into control.groups (id, tenant_id, name, description, created_at, updated_at)
select demo.id(now() - interval '100 days', t.n, 95), t.id, 'Key users', 'Whom to ask first.', now() - interval '100 days', now() - interval '100 days'
from demo.tenants t where t.place <= 2
on conflict do nothing;
insert into control.group_memberships (id, group_id, user_id, expires_at, created_at, updated_at)
select demo.id(now() - interval '90 days', s.place, 96), g.id, s.id, case when s.place = 7 then now() + interval '20 days' end,
    now() - interval '90 days', now() - interval '90 days'
from demo.staff s join control.groups g on g.name = 'Night shift' and g.deleted_at is null and g.tenant_id is null
where s.place between 4 and 7
on conflict do nothing;
insert into control.group_memberships (id, group_id, user_id, created_at, updated_at)
select demo.id(p.created_at, p.n * 10 + case when g.tenant_id is null then 1 else 2 end, 97), g.id, p.id, p.created_at, p.created_at
from demo.people p join demo.tenants t on t.id = p.tenant_id
join control.groups g on g.deleted_at is null and (g.tenant_id = t.id and g.name = 'Key users' or g.tenant_id is null and g.name = 'Launch partners')
where t.place <= 2 and p.k <= 3
on conflict do nothing;

insert into control.assignments (id, group_id, role_id, scope_kind, reason, created_at, updated_at)
select demo.id(now() - interval '200 days', 1, 98), g.id, r.id, 'platform', 'clients need an answer at night, too',
    now() - interval '200 days', now() - interval '200 days'
from control.groups g, control.roles r
where g.name = 'Night shift' and g.tenant_id is null and g.deleted_at is null and r.name = 'client manager' and r.deleted_at is null
on conflict do nothing;
insert into control.assignments (id, department_id, role_id, scope_kind, tenant_id, reason, created_at, updated_at)
select demo.id(now() - interval '50 days', t.n, 99), d.id, r.id, 'tenant', t.id, 'sales keep their clients themselves',
    now() - interval '50 days', now() - interval '50 days'
from demo.tenants t join control.departments d on d.id = demo.id(t.created_at, t.n * 10 + 1, 92), control.roles r
where t.place = 1 and r.name = 'client manager' and r.deleted_at is null
on conflict do nothing;

insert into control.policy_overrides (id, tenant_id, policy, value, reason, expires_at, created_at, updated_at)
select demo.id(now() - interval '5 days', t.n, 100), t.id, 'session_idle_minutes', '10', 'a laptop was stolen; until theirs are all new',
    now() + interval '25 days', now() - interval '5 days', now() - interval '5 days'
from demo.tenants t where t.place = 1
on conflict do nothing;

-- One delegation that runs and one that is over.
insert into control.delegations (id, grantor_user_id, delegate_user_id, action_scope, starts_at, ends_at, reason, times_used,
    last_used_at, created_at, updated_at)
select demo.id(now() - d.made, d.k, 101), g.id, r.id, d.scope, now() - d.made + interval '1 day', now() + d.ends, d.reason, d.used,
    case when d.used > 0 then now() - d.made + interval '2 days' end, now() - d.made, now() - d.made
from (values
    (1, 2, 1, array['clients.manage', 'clients.view', 'tenants.suspend', 'tenants.view'], interval '4 days', interval '10 days',
        'away for two weeks; somebody has to stop a tenant that is attacked', 0),
    (2, 3, 5, array['clients.view', 'jobs.view', 'tenants.view'], interval '40 days', interval '-26 days', 'parental leave', 3))
    as d (k, grantor, delegate, scope, made, ends, reason, used)
join demo.staff g on g.place = d.grantor join demo.staff r on r.place = d.delegate
on conflict do nothing;

-- A review that was closed, and one that is open and partly answered.
insert into control.access_reviews (id, name, covers, note, due_at, closed_at, created_at, updated_at, created_by)
select demo.id(now() - r.begun, r.k, 102), r.name, 'all', r.note, now() + r.due, case when r.is_closed then now() + r.due end,
    now() - r.begun, now() - r.begun, s.id
from (values
    (1, 'Third quarter', 'Keep what is used. Ask the night shift before you take anything from them.', interval '30 days', interval '-16 days', true),
    (2, 'Fourth quarter', 'Look first at what was never used.', interval '4 days', interval '10 days', false)
) as r (k, name, note, begun, due, is_closed)
join demo.staff s on s.place = 1 and not exists (select from control.access_reviews)
on conflict do nothing;
insert into control.access_review_items (id, review_id, assignment_id, principal_kind, principal_name, principal_email, role_id,
    role_name, scope_kind, tenant_id, tenant_name, client_id, client_name, granted_at, granted_by, granted_reason, last_used_at,
    expires_at, outcome, reason, decided_at, decided_by, created_at, updated_at)
select gen_random_uuid(), v.id, a.id,
    case when a.group_id is not null then 'group' when a.department_id is not null then 'department' else 'user' end,
    coalesce(u.name, g.name, d.name), u.email::text, a.role_id, r.name, a.scope_kind, a.tenant_id, t.name, a.client_id, c.name,
    a.created_at, a.granted_by, a.reason, a.last_used_at, a.expires_at, o.outcome,
    case when o.outcome = 'kept' then 'still does this work' end,
    case when o.outcome = 'kept' then v.created_at + interval '1 day' end,
    case when o.outcome = 'kept' then (select s.id from demo.staff s where s.place = 1) end, v.created_at, v.created_at
from control.access_reviews v
join control.assignments a on a.revoked_at is null and (a.expires_at is null or a.expires_at > now())
join control.roles r on r.id = a.role_id
left join control.users u on u.id = a.user_id left join control.groups g on g.id = a.group_id
left join control.departments d on d.id = a.department_id
left join control.tenants t on t.id = a.tenant_id left join control.clients c on c.id = a.client_id
cross join lateral (select case when v.closed_at is not null or right(a.id::text, 1) in ('0', '1', '2', '3', '4')
    then 'kept' else 'undecided' end as outcome) o
where v.id in (select demo.id(now() - b.begun, b.k, 102) from (values (1, interval '30 days'), (2, interval '4 days')) as b (k, begun))
on conflict do nothing;
