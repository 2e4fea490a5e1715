-- Work that is done, given up or planned for later. Nothing is due, so no worker picks up what was made up; but what
-- was given up is real enough to be tried again.
insert into control.job_queue (id, kind, payload, status, run_at, attempts, last_error, progress_done, progress_total,
    tenant_id, created_at, updated_at, started_at, finished_at)
select demo.id(at, j.place, 80), kind,
    case when d.id is not null then jsonb_build_object('domain_id', d.id) else '{}' end, j.status,
    case j.status when 'queued' then now() + interval '20 hours' when 'failed' then now() + interval '6 hours' else at end,
    case j.status when 'dead' then 10 when 'failed' then 3 when 'queued' then 0 else 1 end,
    case when j.status not in ('dead', 'failed') then null
        when d.id is not null then 'the name server did not answer within 5 seconds'
        else 'canceling statement due to lock timeout' end,
    case when j.status = 'succeeded' then 100 else 0 end, case when j.status in ('succeeded', 'dead') then 100 end,
    d.tenant_id, at, coalesce(finished_at, at), case when j.status <> 'queued' then at end, finished_at
from (
    select place, now() - make_interval(mins => (9 + 37 * place)::integer) as at,
        case when place % 31 = 4 then 'dead' when place % 31 = 12 then 'failed' when place % 31 = 20 then 'cancelled'
            when place % 31 = 1 then 'queued' else 'succeeded' end as status,
        case when place % 3 = 1 then 'tenancy.verify_domain'
            else demo.pick(array['auth.sweep', 'audit.ensure_partitions', 'jobs.sweep'], place, 83) end as kind
    from generate_series(1, 124) place
) j
cross join lateral (select case when j.status in ('succeeded', 'dead', 'cancelled')
    then at + make_interval(secs => 1 + 40 * demo.chance(j.place, 82)) end as finished_at) f
left join demo.tenants t on kind = 'tenancy.verify_domain'
    and t.place = 1 + j.place * 7 % (select greatest(count(*), 1) from demo.tenants)
left join lateral (select id, tenant_id from control.tenant_domains where tenant_id = t.id order by id limit 1) d on true;

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
select at, kind, case when kind in ('malicious_burst', 'authz_fail') then 'critical' else 'warning' end,
    case when kind = 'authz_fail' then s.id end,
    sha256(convert_to('demo network ' || n % 23, 'UTF8')), null,
    case kind when 'authz_fail' then '{"method": "GET", "path": "/audit", "why": "audit.view", "demo": true}'::jsonb
        when 'malicious_csrf' then '{"method": "POST", "path": "/tenants", "why": "cross-site request", "demo": true}'::jsonb
        when 'malicious_burst' then '{"burst": "sign_in_failures_from_one_network", "demo": true,
            "said": "61 failed sign-ins from one network within 5 minutes"}'::jsonb
        else '{"demo": true}'::jsonb end
from (
    select n, now() - make_interval(secs => 3600 + 86400 * 60 * demo.chance(n, 86)) as at,
        demo.pick(array['authn_login_fail', 'authn_login_fail', 'authn_login_fail', 'authz_fail', 'malicious_csrf',
            'authn_login_lock', 'malicious_burst'], n, 87) as kind
    from generate_series(1, 90) n
) drawn left join demo.staff s on s.place = 3 + n % 3;
