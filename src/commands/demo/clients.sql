-- Most belong to a few tenants, as in life; the first tenant has plenty.
create table demo.clients as
with numbered as (
    select n, 1 + floor(power(demo.chance(n, 40), 2.2) * (select count(*) from demo.tenants))::bigint as place
    from demo.size, generate_series(clients_before + 1, clients_before + clients) n
    where exists (select from demo.tenants)
), named as (
    select m.n, t.place, t.id as tenant_id, t.slug as tenant_slug, t.status as tenant_status,
        case when m.n % 9 = 0 then demo.pick(array['喫茶 木漏れ日', 'Boulangerie Saint-Exupéry', 'Ресторан «Белая ночь»', 'Μουσείο Θάλασσας',
                'Zahnärztinnen am Münsterplatz', 'مكتبة الياسمين', 'Ćevabdžinica Željo', 'Bøker & Brød', 'Hôtel de l’Étoile',
                'दिल्ली साइकिल', '한강 자전거', 'Åse Strikk', 'Straßenbahnmuseum', 'Pâtisserie Ève'], m.n, 41)
            else demo.pick(demo.stems(), m.n, 42) || ' ' || demo.pick(demo.trades(), m.n, 43) end as name,
        demo.between(t.created_at, now(), power(demo.chance(m.n, 44), 0.8)) as created_at,
        case when t.status in ('closed', 'closing') then case when m.n % 2 = 0 then 'paused' else 'archived' end
            when m.n % 20 in (4, 15) then 'paused' when m.n % 20 in (7, 18) then 'draft' when m.n % 20 = 11 then 'archived'
            else 'active' end as status
    from numbered m join demo.tenants t on t.place = m.place
)
select n, place as tenant_place, tenant_id, tenant_slug, name, created_at, status, demo.id(created_at, n, 45) as id,
    coalesce(nullif(demo.plain(name, '-'), ''), 'client') || '-' || n as slug,
    case when n % 50 = 33 then now() - make_interval(secs => 86400 * (1 + 20 * demo.chance(n, 46))) end as deleted_at
from named;

insert into control.clients (id, tenant_id, slug, name, status, industry, website, contact_name, contact_email, notes,
    last_activity_at, version, created_at, updated_at, deleted_at)
select id, tenant_id, slug, name, status,
    demo.pick(array['retail', 'hospitality', 'health', 'education', 'manufacturing', 'public sector', 'culture', null], n, 47),
    case when n % 5 <> 3 then 'https://' || slug || '.example' end,
    person, case when person is not null then demo.plain(person, '.') || '@' || slug || '.example' end,
    case when n % 7 = 2 then demo.pick(demo.notes(), n, 48) else '' end,
    greatest(created_at, now() - make_interval(secs => 60 + 86400 * 90 * power(demo.chance(n, 49), 4))),
    1 + floor(5 * power(demo.chance(n, 50), 2))::integer, created_at, greatest(created_at, deleted_at), deleted_at
from demo.clients
cross join lateral (select case when n % 6 <> 5
    then demo.pick(demo.given_names(), n, 51) || ' ' || demo.pick(demo.family_names(), n, 52) end as person) contact
on conflict do nothing;

delete from demo.clients d where not exists (select from control.clients c where c.id = d.id);
alter table demo.clients add column place bigint;
update demo.clients d set place = o.place from (select n, row_number() over (order by n) as place from demo.clients) o
    where o.n = d.n;
create unique index on demo.clients (place);
analyze demo.clients;

insert into control.client_customizations (id, client_id, tenant_id, template_id, settings, brand_primary_color,
    brand_logo_url, status, published_at, created_at, updated_at)
select demo.id(c.created_at, c.n * 10 + k, 53), c.id, c.tenant_id, (array['storefront', 'booking', 'newsletter'])[k],
    jsonb_build_object('headline', c.name, 'columns', 1 + c.n % 4, 'show_prices', c.n % 2 = 0, 'languages',
        case c.n % 3 when 0 then '["en"]'::jsonb when 1 then '["de", "en"]'::jsonb else '["nb", "en", "ja"]'::jsonb end),
    demo.pick(array['#1F6FEB', '#0B7A75', '#B3261E', '#6B4FBB', '#D97706', '#2F2F2F'], c.n, 54),
    case when c.n % 3 <> 1 then 'https://cdn.castellan.example/logos/' || c.slug || '.svg' end,
    case when (c.n + k) % 4 = 0 then 'draft' else 'published' end,
    case when (c.n + k) % 4 <> 0 then least(now(), c.created_at + interval '2 days') end, c.created_at, c.created_at
from demo.clients c cross join generate_series(1, 3) k
where k <= 1 + c.n % 3 and c.place <= 20000;

-- Ninety days, a quiet weekend, a slow growth, and a bad day here and there.
insert into control.client_analytics (id, client_id, tenant_id, day, page_views, visitors, conversions, errors, avg_load_ms,
    created_at, updated_at)
select demo.id(day + interval '1 day', c.n * 100 + ago, 55), c.id, c.tenant_id, day::date, views, views / 3,
    (views * 0.012 * demo.chance(c.n * 100 + ago, 56))::bigint,
    case when demo.chance(c.n * 100 + ago, 57) < 0.03 then views / 20 else (views * 0.001)::bigint end,
    (180 + 240 * demo.chance(c.n, 58) + 60 * demo.chance(c.n * 100 + ago, 59))::integer,
    least(now(), day + interval '1 day'), least(now(), day + interval '1 day')
from demo.clients c
cross join generate_series(0, 89) ago
cross join lateral (select date_trunc('day', now() at time zone 'UTC') - make_interval(days => ago) as day) d
cross join lateral (select (exp(3 + 5 * demo.chance(c.n, 60)) * (1.3 - ago / 300.0)
    * case when extract(isodow from day) > 5 then 0.55 else 1 end * (0.8 + 0.4 * demo.chance(c.n * 100 + ago, 61)))::bigint as views) v
where c.status in ('active', 'paused') and c.place <= 60 and (c.status = 'active' or ago > 20)
on conflict do nothing;
