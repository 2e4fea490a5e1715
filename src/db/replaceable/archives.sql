-- Takes a month that was archived out of the log. What is said about the file is read from the event that says it, so
-- that the record cannot be another one; and all of it is looked at again, since a program that is wrong, or in the
-- wrong hands, must not lose a row. The youngest month that may go ended three months ago, whatever the settings are.
create or replace function audit.drop_archived_month(p_event uuid, p_sealed jsonb) returns void
language plpgsql security definer
-- A table can only go while nobody else is at its parent. Who waits for that makes all others wait, so nobody waits
-- for long: it is tried again later. DETACH ... CONCURRENTLY would make nobody wait, but not in a transaction with
-- the record, so that a crash could leave a month that is in no table and in no record.
set search_path = pg_catalog set lock_timeout = '1s' set plan_cache_mode = force_custom_plan
as $$
declare
    said jsonb;
    a audit.archives;
    month_begins timestamptz;
    month_ends timestamptz;
    parts text[];
    part text;
    there bigint;
    sealed bigint;
    lowest bigint;
    highest bigint;
begin
    select details into said from audit.events e
        where e.id = p_event and e.action = 'audit.archive' and e.outcome = 'success';
    if not found then
        raise exception 'archiving needs its event' using errcode = 'CA001';
    end if;
    insert into audit.archives (log, month, row_count, change_count, erased_count, first_leaf, last_leaf, tree_size, root,
        file_name, file_size, sha256, event_id, event)
    values (said ->> 'log', to_date(said ->> 'month', 'YYYY-MM'), (said ->> 'rows')::bigint, (said ->> 'changes')::bigint,
        (said ->> 'erased')::bigint, (said ->> 'first_leaf')::bigint, (said ->> 'last_leaf')::bigint,
        (said ->> 'tree_size')::bigint, decode(said ->> 'root', 'hex'), said ->> 'file', (said ->> 'file_size')::bigint,
        decode(said ->> 'sha256', 'hex'), p_event, p_sealed)
    returning * into a;
    month_begins := a.month::timestamp at time zone 'UTC';
    month_ends := (a.month + interval '1 month') at time zone 'UTC';
    if month_ends + interval '3 months' > now() then
        raise exception 'the month % is not old enough to leave the log', a.month using errcode = 'CA403';
    end if;

    parts := array(
        select parent || '_' || to_char(a.month, 'YYYY_MM')
        from unnest(case a.log when 'events' then array['events', 'changes'] else array['security_events'] end) parent
        where to_regclass('audit.' || parent || '_' || to_char(a.month, 'YYYY_MM')) is not null);
    if parts = '{}' then
        raise exception 'the month % is not in the log', a.month using errcode = 'CA403';
    end if;
    -- Nobody adds a row or erases a value from here on.
    foreach part in array parts loop
        execute format('lock table audit.%I in share row exclusive mode', part);
    end loop;
    if exists (select from audit.unsealed u
        where u.log = a.log and u.occurred_at >= month_begins and u.occurred_at < month_ends)
    then
        raise exception 'rows of % wait to be sealed', a.month using errcode = 'CA403';
    end if;
    if not exists (select from audit.checkpoints c where c.tree_size = a.tree_size and c.root = a.root) then
        raise exception 'there is no checkpoint of % leaves with this root', a.tree_size using errcode = 'CA403';
    end if;
    execute format(
        'select count(*), count(l.leaf), min(l.leaf), max(l.leaf) from audit.%I r
            left join audit.leaves l on l.log = %L and l.event_id = r.id and l.occurred_at = r.occurred_at
            where r.occurred_at >= $1 and r.occurred_at < $2', a.log, a.log)
        into there, sealed, lowest, highest using month_begins, month_ends;
    if (there, sealed, lowest, highest) is distinct from (a.row_count, a.row_count, a.first_leaf, a.last_leaf) then
        raise exception 'the archive of % has % rows and leaves % to %, the log % rows and leaves % to %',
            a.month, a.row_count, a.first_leaf, a.last_leaf, there, lowest, highest using errcode = 'CA403';
    end if;
    select count(*) into there from audit.changes c
        where a.log = 'events' and c.occurred_at >= month_begins and c.occurred_at < month_ends;
    if there <> a.change_count then
        raise exception 'the archive of % has % changes and the log %', a.month, a.change_count, there using errcode = 'CA403';
    end if;
    -- What was erased since the file was written would live on in it.
    if audit.erased_values(a.log, month_begins, month_ends) <> a.erased_count then
        raise exception 'values of % were erased since the archive was written', a.month using errcode = 'CA403';
    end if;

    foreach part in array parts loop
        execute format('drop table audit.%I', part);
    end loop;
end
$$;

-- How many values of a stretch of time have been erased.
create or replace function audit.erased_values(p_log text, p_from timestamptz, p_to timestamptz) returns bigint
language sql stable
set search_path = pg_catalog set plan_cache_mode = force_custom_plan
as $$
    select coalesce(sum((select count(*) from jsonb_object_keys(commitments))), 0)::bigint
    from (
        select commitments from audit.events
            where p_log = 'events' and occurred_at >= p_from and occurred_at < p_to and commitments is not null
        union all
        select commitments from audit.changes
            where p_log = 'events' and occurred_at >= p_from and occurred_at < p_to and commitments is not null
        union all
        select commitments from audit.security_events
            where p_log = 'security_events' and occurred_at >= p_from and occurred_at < p_to and commitments is not null
    ) erased
$$;

-- Records the file that takes the place of an archived one. What is said about it is read from the event that says it,
-- and has to go on from a file that is on record, with fewer of its values.
create or replace function audit.record_rewrite(p_event uuid, p_sealed jsonb) returns void
language plpgsql security definer
set search_path = pg_catalog
as $$
declare
    said jsonb;
    r audit.rewrites;
    known integer;
    erased bigint;
begin
    select details into said from audit.events e
        where e.id = p_event and e.action = 'audit.rewrite' and e.outcome = 'success';
    if not found then
        raise exception 'rewriting an archive needs its event' using errcode = 'CA001';
    end if;
    insert into audit.rewrites (archive_id, number, subject_id, erasure_id, erased_count, previous_sha256, file_size, sha256,
        event_id, event)
    select a.id, (said ->> 'number')::integer, (said ->> 'subject')::uuid, (said ->> 'erasure')::uuid,
        (said ->> 'erased')::bigint, decode(said ->> 'previous_sha256', 'hex'), (said ->> 'file_size')::bigint,
        decode(said ->> 'sha256', 'hex'), p_event, p_sealed
    from audit.archives a
        where a.log = said ->> 'log' and a.month = to_date(said ->> 'month', 'YYYY-MM') and a.file_name = said ->> 'file'
    returning * into r;
    if not found then
        raise exception 'there is no such archive' using errcode = 'CA403';
    end if;
    if not exists (select from audit.events e
        where e.id = r.erasure_id and e.action = 'audit.erase' and e.target_id = r.subject_id)
    then
        raise exception 'rewriting an archive needs an erasure' using errcode = 'CA403';
    end if;
    with versions as (
        select 0 as number, sha256, erased_count from audit.archives where id = r.archive_id
        union all
        select w.number, w.sha256, w.erased_count from audit.rewrites w where w.archive_id = r.archive_id and w.id <> r.id
    )
    select max(v.number), max(v.erased_count) filter (where v.sha256 = r.previous_sha256) into known, erased from versions v;
    if r.number <> known + 1 then
        raise exception 'the archive was rewritten % times before', known using errcode = 'CA403';
    end if;
    if erased is null or r.erased_count <= erased then
        raise exception 'the archive does not go on from a file that is on record' using errcode = 'CA403';
    end if;
end
$$;
