-- Staff without passwords: they sign in by a link that somebody with the right makes for them.
-- The founder is the one there is: another who cannot sign in would help nobody.
create table demo.staff (place bigint primary key, email text, name text, role text, status text, id uuid);
insert into demo.staff
select place, address, name, role, status, demo.id(now() - interval '400 days', place, 20)
from (values
    (2, 'admin@castellan.example', 'Astrid Lindqvist', 'admin', 'active'),
    (3, 'support@castellan.example', 'Samuel Okonkwo', 'support', 'active'),
    (4, 'auditor@castellan.example', '田中 美咲', 'auditor', 'active'),
    (5, 'leila@castellan.example', 'Leïla Haddad', 'support', 'active'),
    (6, 'tomas@castellan.example', 'Tomás Fernández', 'support', 'locked'),
    (7, 'wanjiru@castellan.example', 'Wanjiru Mwangi', 'support', 'pending'),
    (8, 'former@castellan.example', 'Marek Żukowski', 'admin', 'deactivated'),
    (9, 'deploy-bot@castellan.example', 'Deploy bot', 'support', 'active')
) as staff (place, address, name, role, status);

insert into control.users (id, kind, email, name, status, is_staff, time_zone, email_verified_at, last_login_at,
    failed_login_count, locked_until, created_at, updated_at)
select id, case when place = 9 then 'service' else 'human' end, email, name, status, true,
    (array['Europe/Berlin', 'Europe/Oslo', 'Africa/Lagos', 'Asia/Tokyo'])[1 + (place - 1) % 4],
    case when status <> 'pending' then now() - interval '399 days' end,
    case when status <> 'pending' and place <> 9 then now() - make_interval(hours => (place * place)::integer) end,
    case when status = 'locked' then 9 else 0 end, case when status = 'locked' then now() + interval '1 hour' end,
    now() - interval '400 days', now() - interval '400 days'
from demo.staff
on conflict do nothing;
-- A second load finds them there.
update demo.staff s set id = u.id from control.users u where u.email = s.email::citext and u.deleted_at is null;
delete from demo.staff s where not exists (select from control.users u where u.id = s.id);
insert into demo.staff
select 1, u.email, u.name, 'founder', u.status, u.id
from control.users u join control.assignments a on a.user_id = u.id join control.roles r on r.id = a.role_id
where r.name = 'founder' and r.deleted_at is null and a.scope_kind = 'platform' and a.revoked_at is null and u.is_staff
    and u.deleted_at is null
order by u.created_at limit 1;

insert into control.assignments (id, user_id, role_id, scope_kind, reason, created_at, updated_at, revoked_at)
select demo.id(now() - interval '399 days', s.place, 21), s.id, r.id, 'platform', 'joined the team',
    now() - interval '399 days', now() - interval '399 days',
    case when s.status = 'deactivated' then now() - interval '60 days' end
from demo.staff s join control.roles r on r.name = s.role and r.deleted_at is null
where not exists (select from control.assignments a where a.user_id = s.id)
on conflict do nothing;

-- Somebody who looks after one tenant for a while.
insert into control.assignments (id, user_id, role_id, scope_kind, tenant_id, reason, expires_at, created_at, updated_at)
select demo.id(now() - interval '9 days', t.n, 22), s.id, r.id, 'tenant', t.id, 'covers for Samuel until the end of the month',
    now() + interval '21 days', now() - interval '9 days', now() - interval '9 days'
from demo.staff s, control.roles r, demo.tenants t
where s.place = 7 and r.name = 'support' and r.deleted_at is null and t.place = 1
on conflict do nothing;

-- People of tenants: an owner each, and a few more where the load is small enough to look at.
create table demo.people as
select t.n * 100 + k as n, t.place, t.id as tenant_id, t.status as tenant_status, k,
    demo.pick(demo.given_names(), t.n * 100 + k, 23) as given, demo.pick(demo.family_names(), t.n * 100 + k, 24) as family,
    t.slug, t.created_at, demo.id(t.created_at, t.n * 100 + k, 25) as id
from demo.tenants t cross join generate_series(1, 40) k
where k <= case when (select tenants from demo.size) > 10000 then 1
    when t.place = 1 then 34 else 1 + floor(9 * power(demo.chance(t.n, 26), 2)) end;

insert into control.users (id, email, name, status, email_verified_at, last_login_at, created_at, updated_at)
select id,
    demo.plain(given, '.') || '.' || demo.plain(family, '.') || case when k > 9 then k::text else '' end || '@' || slug || '.example',
    given || ' ' || family, case when k = 5 then 'pending' when k = 8 then 'deactivated' else 'active' end,
    case when k <> 5 then created_at end,
    case when k <> 5 then greatest(created_at, now() - make_interval(mins => (60 * 24 * 30 * demo.chance(n, 27))::integer)) end,
    created_at, created_at
from demo.people
on conflict do nothing;
delete from demo.people p where not exists (select from control.users u where u.id = p.id);

insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role, created_at, updated_at)
select demo.id(p.created_at, w.n * 1000 + p.k, 28), w.id, p.tenant_id, p.id,
    case when p.k = 1 then 'owner' when p.k = 2 then 'admin' when p.k % 5 = 0 then 'viewer' else 'member' end,
    p.created_at, p.created_at
from demo.people p join demo.workspaces w on w.tenant_id = p.tenant_id
where w.k = 1 or (w.k + p.k) % 3 = 0;

-- Browsers that are signed in, so that a suspension shows whom it signs out. Their tokens are in nobody's cookie.
insert into control.sessions (id, user_id, token_hash, user_epoch, created_at, last_seen_at, idle_expires_at,
    absolute_expires_at, authenticated_at, user_agent_family)
select demo.id(began, p.n, 29), p.id, sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 1, began, seen,
    seen + interval '8 hours', began + interval '12 hours', began,
    demo.pick(array['Firefox on Linux', 'Chrome on Windows', 'Safari on macOS', 'Safari on iOS', 'Edge on Windows'], p.n, 30)
from demo.people p
cross join lateral (select now() - make_interval(mins => (5 + 400 * demo.chance(p.n, 31))::integer) as began) b
cross join lateral (select demo.between(began, now(), demo.chance(p.n, 32)) as seen) s
where p.tenant_status in ('active', 'trial') and p.k not in (5, 8) and demo.chance(p.n, 33) < 0.4 and p.place <= 500
on conflict do nothing;
