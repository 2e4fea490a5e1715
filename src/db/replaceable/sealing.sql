-- An event and its place in the queue to be sealed are written together, whoever writes it and however.
create or replace function audit.await_sealing() returns trigger
language plpgsql security definer set search_path = pg_catalog
as $$
begin
    insert into audit.unsealed (log, event_id, occurred_at) values (tg_argv[0], new.id, new.occurred_at);
    return null;
end
$$;

-- A tile at the right edge grows; what is in it stays.
create or replace function audit.extend_tile() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'DELETE' or new.level <> old.level or new.tile <> old.tile
        or octet_length(new.hashes) <= octet_length(old.hashes)
        or substr(new.hashes, 1, octet_length(old.hashes)) <> old.hashes
    then
        raise exception 'a tile is only ever extended' using errcode = 'CA403';
    end if;
    return new;
end
$$;

-- How soon somebody should look at an event.
create or replace function audit.severity_of(action text, outcome text) returns text
language sql immutable
as $$
    select case
        when action in ('database.write', 'user.recover', 'user.reset_factors', 'impersonation.begin',
            'audit_key.replace') then 'critical'
        when outcome <> 'success' or action in ('audit.archive', 'audit.rewrite') then 'warning'
        when action ~ '^(role|assignment|delegation|impersonation|policy_override|api_token|factor|identity|audit_stream|audit_key|event)\.'
            or action ~ '\.(delete|close|suspend|deactivate|lock)$' then 'warning'
        else 'info'
    end
$$;
