drop schema demo cascade;

do $$
declare
    t record;
begin
    for t in select tgrelid::regclass as watched from pg_trigger where tgname = 'record_change' and tgenabled = 'D' loop
        execute format('alter table %s enable always trigger record_change', t.watched);
    end loop;
    -- The planner would take the new rows for a handful until the server looks at them by itself.
    for t in select oid::regclass as filled from pg_class
        where relnamespace in ('control'::regnamespace, 'audit'::regnamespace) and relkind in ('r', 'p') and not relispartition
    loop
        execute format('analyze %s', t.filled);
    end loop;
end
$$;
