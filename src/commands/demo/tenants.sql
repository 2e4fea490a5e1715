-- Forty to a round, so that each state is there from the first forty on.
create table demo.tenants as
with numbered as (
    select n, n % 40 as seat, demo.chance(n, 1) as age
    from demo.size, generate_series(tenants_before + 1, tenants_before + tenants) n
), named as (
    select m.n, m.seat, m.age,
        coalesce(k.name, demo.pick(demo.stems(), m.n, 2) || ' ' || demo.pick(demo.trades(), m.n, 3) || ' '
            || demo.pick(demo.cities(), m.n, 4)) as name,
        k.slug as known_slug,
        coalesce(k.region, demo.pick(array['eu-west', 'eu-west', 'eu-central', 'eu-central', 'eu-north', 'us-east',
            'us-west', 'ap-south', 'ap-east'], m.n, 5)) as region,
        case when m.seat in (6, 13, 31) then 'suspended' when m.seat in (5, 20, 24, 33, 38) then 'trial'
            when m.seat in (11, 27) then 'closing' when m.seat in (19, 36) then 'closed' else 'active' end as status
    from numbered m left join demo.names k on k.n = m.n
), dated as (
    select named.*, coalesce(known_slug, demo.plain(name, '-') || '-' || n) as slug,
        case status when 'trial' then now() - make_interval(secs => 86400 * (0.2 + 26 * age))
            else now() - make_interval(secs => 86400 * (30 + 870 * age * age)) end as created_at
    from named
)
select n, seat, name, slug, region, status, created_at, demo.id(created_at, n, 10) as id,
    case when status = 'suspended' or seat = 27 then now() - make_interval(secs => 86400 * (0.3 + 24 * demo.chance(n, 7)))
        end as suspended_at,
    case when seat = 36 then now() - make_interval(secs => 86400 * (2 + 20 * demo.chance(n, 7))) end as deleted_at
from dated;

insert into control.tenants (id, slug, name, region, status, isolation, trial_ends_at, suspended_at, suspension_reason,
    closing_at, closed_at, last_activity_at, notes, version, created_at, updated_at, deleted_at)
select id, slug, name, region, status,
    case when n % 17 = 4 then 'schema' when n % 29 = 9 then 'database' else 'row' end,
    -- One trial in five ran out and nobody has decided yet.
    case when status = 'trial' then case when seat = 33 then now() - interval '2 days' else created_at + interval '30 days' end
        end,
    suspended_at,
    case when suspended_at is not null then demo.pick(array[
        'Invoice 2026-0381 unpaid after three reminders; agreed with finance to suspend until it is paid.',
        'Chargebacks on two payments, the card was reported stolen. Waiting for the bank.',
        'Complaints about unsolicited mail from several recipients; sending stopped until they show consent.',
        'The owner asked for a pause while they move offices. Back on the first of next month.'], n, 8) end,
    case when status = 'closing' then now() + make_interval(days => 3 + (20 * demo.chance(n, 9))::integer) end,
    case when status = 'closed' then now() - make_interval(secs => 86400 * (24 + 60 * demo.chance(n, 9))) end,
    case status
        when 'closed' then now() - make_interval(secs => 86400 * (90 + 60 * demo.chance(n, 11)))
        when 'suspended' then suspended_at - make_interval(secs => 86400 * demo.chance(n, 11))
        else greatest(created_at, now() - make_interval(secs => 60 + 86400 * 40 * power(demo.chance(n, 11), 6))) end,
    case when n % 4 = 1 then demo.pick(demo.notes(), n, 12) else '' end,
    1 + floor(7 * power(demo.chance(n, 13), 2))::integer, created_at,
    greatest(created_at, suspended_at, deleted_at), deleted_at
from demo.tenants
on conflict do nothing;

delete from demo.tenants d where not exists (select from control.tenants t where t.id = d.id);
-- Its own order without gaps, which is how rows are drawn at random.
alter table demo.tenants add column place bigint;
update demo.tenants d set place = o.place from (select n, row_number() over (order by n) as place from demo.tenants) o
    where o.n = d.n;
create unique index on demo.tenants (place);
analyze demo.tenants;

insert into control.tenant_policies (id, tenant_id, default_visibility, external_sharing_allowed, public_links_allowed,
    session_idle_minutes, session_absolute_hours, mfa_required, allowed_email_domains, activity_retention_days,
    created_at, updated_at)
select demo.id(created_at, n, 14), id, demo.pick(array['workspace', 'workspace', 'private', 'tenant'], n, 15), n % 3 = 0,
    n % 7 = 0, (array[15, 30, 30, 60, 480])[1 + n % 5], (array[8, 12, 24])[1 + n % 3], n % 4 = 0,
    case when n % 6 = 0 then array[slug || '.example'] else '{}' end, (array[90, 180, 365, 730])[1 + n % 4],
    created_at, created_at
from demo.tenants;

insert into control.tenant_domains (id, tenant_id, domain, is_primary, status, verification_token, verified_at,
    last_checked_at, last_error, created_at, updated_at)
select demo.id(at, n * 10 + k, 16), id, prefix || slug || '.example', k = 1 and state = 'verified', state,
    md5('token ' || n || k), case when state = 'verified' then at + interval '20 minutes' end,
    case when state = 'verified' then at + interval '20 minutes' when state = 'failed' then now() - interval '3 hours' end,
    case when state = 'failed' then 'No TXT record with this token was found. The name server answered NXDOMAIN.' end,
    at, greatest(at, case when state = 'failed' then now() - interval '3 hours' end)
from demo.tenants
cross join lateral (values (1, ''), (2, 'shop.'), (3, 'intern.')) as wanted (k, prefix)
cross join lateral (select created_at + make_interval(hours => k) as at,
    case when k = 1 and seat <> 38 then 'verified' when k = 2 and n % 2 = 0 then 'verified' when k = 3 then 'failed'
        else 'pending' end as state) fate
where k <= (array[1, 2, 1, 3, 2])[1 + n % 5]
on conflict do nothing;

create table demo.workspaces as
select t.n * 10 + k as n, t.place, t.id as tenant_id, k,
    case when k = 1 then 'Main' else (array['Marketing', 'Operations', 'Finance'])[k - 1] end as name,
    demo.id(t.created_at, t.n * 10 + k, 17) as id, t.created_at
from demo.tenants t cross join generate_series(1, 4) k
where k <= (array[2, 1, 4, 1, 3, 1, 2])[1 + t.n % 7];
insert into control.workspaces (id, tenant_id, name, status, created_at, updated_at)
select id, tenant_id, name, case when k = 4 then 'archived' else 'active' end, created_at, created_at
from demo.workspaces;
