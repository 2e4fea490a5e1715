-- Takes away what the other files of this folder made, so that migrations can be taken back: a table cannot go while
-- another one's policy reads it, nor a schema while it holds a function. The next start makes it all again.
do $$
declare
    statement text;
begin
    for statement in
        select format('drop policy %I on %I.%I', policyname, schemaname, tablename)
        from pg_policies where schemaname in ('control', 'audit')
    loop
        execute statement;
    end loop;
    for statement in
        select format('drop view if exists %I.%I cascade', schemaname, viewname) from pg_views where schemaname in ('control', 'audit')
    loop
        execute statement;
    end loop;
    -- Triggers and column defaults go with the functions they call.
    for statement in
        select format('drop function %s cascade', oid::regprocedure)
        from pg_proc where pronamespace in ('control'::regnamespace, 'audit'::regnamespace)
    loop
        execute statement;
    end loop;
    -- Remembers what was applied.
    drop table if exists public.castellan_replaceable;
end
$$;
