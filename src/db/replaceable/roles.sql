-- Roles belong to the whole server, so several databases (and tests) may create them at the same time.
-- None of them can log in: connections take a role on, per transaction.
do $$
declare
    wanted text;
    -- Since PostgreSQL 16 who makes a role belongs to it, but may not take it on.
    belongs text := case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end;
begin
    foreach wanted in array array[
        'castellan_owner', 'castellan_web', 'castellan_auth', 'castellan_staff', 'castellan_scoped', 'castellan_jobs',
        'castellan_viewing', 'castellan_acting', 'castellan_sealer', 'castellan_streamer'
    ] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin noinherit', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
        begin
            if not pg_has_role(current_user, wanted, belongs) then
                execute format('grant %I to current_user', wanted);
            end if;
        exception when unique_violation then
            null;
        end;
    end loop;
    execute format('grant create, connect on database %I to castellan_owner', current_database());
    grant usage, create on schema public to castellan_owner;
end
$$;
