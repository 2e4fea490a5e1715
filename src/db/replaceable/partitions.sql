-- What holds for a log holds for each of its months, however it is reached: nobody has a right on a partition, its rows
-- are hidden even from the owner, and its triggers fire in the replica mode of a session too.
create or replace function audit.guard_partition(child regclass) returns void
language plpgsql set search_path = pg_catalog
as $$
declare
    guard text;
begin
    -- Truncate triggers are not inherited.
    if not exists (select from pg_trigger where tgrelid = child and tgname = 'refuse_truncate') then
        execute format('create trigger refuse_truncate before truncate on %s execute function audit.refuse()', child);
    end if;
    for guard in
        select tgname from pg_trigger
        where tgrelid = child and tgname in ('await_sealing', 'refuse_rewrite', 'refuse_truncate') and tgenabled <> 'A'
    loop
        execute format('alter table %s enable always trigger %I', child, guard);
    end loop;
    execute format('alter table %s enable row level security, force row level security', child);
end
$$;

-- LIKE and ATTACH lock the parent less than PARTITION OF.
create or replace function audit.ensure_partition(parent text, month date) returns boolean
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    first_day date := date_trunc('month', month)::date;
    next_month date := (date_trunc('month', month) + interval '1 month')::date;
    child text := parent || '_' || to_char(first_day, 'YYYY_MM');
begin
    if to_regclass(format('audit.%I', child)) is not null then
        return false;
    end if;
    execute format('create table audit.%I (like audit.%I including defaults including constraints)', child, parent);
    execute format('alter table audit.%I attach partition audit.%I for values from (%L) to (%L)',
        parent, child, first_day::text || ' 00:00:00+00', next_month::text || ' 00:00:00+00');
    perform audit.guard_partition(format('audit.%I', child)::regclass);
    return true;
end
$$;

-- Last month to the given number of months ahead. Returns how many partitions were made.
create or replace function audit.ensure_partitions(months_ahead integer) returns integer
language sql security definer set search_path = pg_catalog
as $$
    select coalesce(sum(audit.ensure_partition(parent, (now() at time zone 'UTC' + make_interval(months => step))::date)::integer), 0)::integer
    from unnest(array['events', 'changes', 'security_events']) parent, generate_series(-1, months_ahead) step
$$;
