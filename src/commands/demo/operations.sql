-- Work that is done, given up or planned for later. Nothing is due, so no worker picks up what was made up.
insert into control.job_queue (id, kind, payload, status, run_at, attempts, last_error, progress_done, progress_total,
    tenant_id, created_at, updated_at, started_at, finished_at)
select demo.id(at, jobs.place, 80), kind, payload, jobs.status, run_at, attempts,
    case when jobs.status in ('dead', 'failed') then demo.pick(array[
        'the name server did not answer within 5 seconds', 'connection refused by mail.castellan.example:587',
        'webhook answered 503 Service Unavailable', 'the partition audit.events_2027_01 could not be made: lock timeout'], jobs.place, 81) end,
    case when jobs.status = 'succeeded' then 100 else 0 end, case when jobs.status in ('succeeded', 'dead') then 100 end,
    t.id, at, greatest(at, finished_at), case when jobs.status <> 'queued' then at end, finished_at
from (
    select place, at, kind, status,
        case when kind = 'domain.check' then jsonb_build_object('domain', 'shop.northwind.example')
            when kind = 'mail.send' then jsonb_build_object('template', 'tenant_suspended') else '{}' end as payload,
        case status when 'queued' then now() + interval '20 hours' when 'failed' then now() + interval '6 hours' else at end as run_at,
        case status when 'dead' then 10 when 'failed' then 3 when 'queued' then 0 else 1 end as attempts,
        case when status in ('succeeded', 'dead', 'cancelled') then at + make_interval(secs => 1 + 40 * demo.chance(place, 82)) end as finished_at,
        1 + place * 7 % (select greatest(count(*), 1) from demo.tenants) as tenant_place
    from (
        select place, now() - make_interval(mins => (9 + 37 * place)::integer) as at,
            demo.pick(array['domain.check', 'mail.send', 'sessions.clean', 'audit.partitions', 'analytics.roll_up'], place, 83) as kind,
            case when place % 31 = 4 then 'dead' when place % 31 = 12 then 'failed' when place % 31 = 20 then 'cancelled'
                when place % 31 = 1 then 'queued' else 'succeeded' end as status
        from generate_series(1, 124) place
    ) drawn
) jobs left join demo.tenants t on t.place = jobs.tenant_place and kind in ('domain.check', 'mail.send');

-- Tries to sign in, most of which worked. The addresses behind the hashes are nobody's.
insert into control.login_attempts (id, occurred_at, account_hash, user_id, network_hash, outcome)
select demo.id(at, n, 84), at, sha256(convert_to('demo account ' || coalesce(s.email, n::text), 'UTF8')), s.id,
    sha256(convert_to('demo network ' || n % 23, 'UTF8')), outcome
from (
    select n, now() - make_interval(secs => 7200 + 86400 * 30 * demo.chance(n, 85)) as at,
        case when n % 19 = 3 then 'unknown_account' when n % 11 = 5 then 'wrong_password' when n % 67 = 8 then 'throttled'
            when n % 71 = 9 then 'inactive' else 'success' end as outcome
    from generate_series(1, 400) n
) tries
left join demo.staff s on outcome <> 'unknown_account' and s.place = case outcome when 'inactive' then 8 else 1 + n % 5 end;

insert into audit.security_events (occurred_at, kind, severity, actor_id, network_hash, tenant_id, details)
select at, kind, case kind when 'authn_login_lock' then 'critical' when 'session_ended_by_staff' then 'info' else 'warning' end,
    case when kind in ('authz_fail', 'session_ended_by_staff') then s.id end,
    sha256(convert_to('demo network ' || n % 23, 'UTF8')), null,
    case kind when 'authz_fail' then '{"method": "GET", "path": "/audit", "why": "audit.view", "demo": true}'::jsonb
        when 'malicious_csrf' then '{"method": "POST", "path": "/tenants", "why": "cross-site request", "demo": true}'::jsonb
        else '{"demo": true}'::jsonb end
from (
    select n, now() - make_interval(secs => 3600 + 86400 * 60 * demo.chance(n, 86)) as at,
        demo.pick(array['authn_login_fail', 'authn_login_fail', 'authn_login_fail', 'authz_fail', 'malicious_csrf',
            'authn_login_lock', 'session_ended_by_staff'], n, 87) as kind
    from generate_series(1, 90) n
) drawn left join demo.staff s on s.place = 3 + n % 3;
