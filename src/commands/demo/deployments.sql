-- A few for each client; the latest one may have failed, been called off or be under way.
create table demo.deployments as
with drafted as (
    select c.n * 10 + k as n, c.id as client_id, c.tenant_id, c.slug, k,
        (array['production', 'staging', 'production', 'development'])[k] as environment,
        case when k = 1 and c.n % 13 = 5 then 'failed' when k = 1 and c.n % 17 = 3 then 'rolled_back'
            when k = 2 and c.n % 11 = 4 then 'cancelled' when k = 1 and c.n % 41 = 6 then 'building'
            when k = 2 and c.n % 43 = 9 then 'deploying' when k = 1 and c.n % 37 = 8 then 'queued'
            when k = 3 and c.n % 5 = 2 then 'failed' else 'live' end as status,
        'v' || (1 + c.n % 4) || '.' || (20 - 4 * k + c.n % 7) || '.' || c.n % 10 as version_label, c.created_at as since
    from demo.clients c cross join generate_series(1, 4) k
    where c.status <> 'draft' and k <= 1 + c.n % 4 and c.place <= 20000
)
select d.*, demo.id(at, n, 70) as id, at, at + make_interval(secs => 2 + 20 * demo.chance(n, 71)) as started_at,
    at + make_interval(secs => 60 + 400 * power(demo.chance(n, 72), 2)) as ended_at
from drafted d
cross join lateral (select case when status in ('queued', 'building', 'deploying')
    then now() - make_interval(secs => 20 + 60 * demo.chance(n, 73))
    else greatest(since, now() - make_interval(secs => 86400 * (10 * (k - 1) + 8 * power(demo.chance(n, 73), 2)) + 1800)) end as at) moment;

insert into control.client_deployments (id, client_id, tenant_id, environment, status, version_label, url, triggered_by,
    started_at, finished_at, error_message, created_at, updated_at)
select d.id, client_id, tenant_id, environment, d.status, version_label,
    case when d.status in ('live', 'rolled_back') then 'https://' || case environment when 'production' then '' else environment || '.' end
        || slug || '.example' end,
    s.id, case when d.status <> 'queued' then started_at end,
    case when d.status in ('live', 'failed', 'rolled_back', 'cancelled') then ended_at end,
    case when d.status = 'failed' then demo.pick(array[
        'Build step "bundle" ended with code 1: cannot find module "./theme/colours".',
        'The health check at /healthz answered 502 five times in a row.',
        'The certificate could not be issued: DNS for this domain points elsewhere.',
        'Upload interrupted after 41 of 212 files: connection reset by peer.'], d.n, 74) end,
    at, case when d.status in ('queued', 'building', 'deploying') then at else ended_at end
from demo.deployments d left join demo.staff s on s.place = 2 + d.n % 3;

insert into control.deployment_tracking_events (id, deployment_id, client_id, tenant_id, occurred_at, step, status, message, details)
select demo.id(moment, d.n * 10 + steps.k, 75), d.id, d.client_id, d.tenant_id, moment, step,
    case when last and d.status = 'failed' then 'error' when last and d.status in ('cancelled', 'rolled_back') then 'warning'
        when last and d.status in ('building', 'deploying') then 'info' when steps.k = 1 then 'info' else 'success' end,
    case when last and d.status = 'failed' then 'Failed; the version before stays live.'
        when last and d.status = 'cancelled' then 'Cancelled before anything went live.'
        when last and d.status = 'rolled_back' then 'Rolled back: error rate went up.' else message end,
    case steps.k when 2 then jsonb_build_object('files', 180 + d.n % 90, 'seconds', round((4 + 20 * demo.chance(d.n, 76))::numeric, 1))
        when 4 then jsonb_build_object('bytes', 800000 + d.n % 900000) else '{}' end
from demo.deployments d
cross join lateral (values
    (1, 'queue', 'Taken from the queue.'), (2, 'build', 'Built the pages and their assets.'),
    (3, 'test', 'Checked links, forms and page weight.'), (4, 'upload', 'Uploaded what changed.'),
    (5, 'switch', 'Pointed the domain at the new version.'), (6, 'health', 'Answers with 200 from three places.')
) as steps (k, step, message)
cross join lateral (select case d.status when 'queued' then 0 when 'building' then 2 when 'deploying' then 5
    when 'cancelled' then 3 when 'failed' then 2 + d.n % 5 else 6 end as reached) r
cross join lateral (select steps.k = reached as last, demo.between(d.started_at, d.ended_at, (steps.k - 1) / 6.0) as moment) m
where steps.k <= reached and moment <= now();
