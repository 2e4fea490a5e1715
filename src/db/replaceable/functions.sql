-- Who acts, as the transaction's first statement set it.
create or replace function control.actor_id() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('castellan.actor_id', true), '')::uuid $$;

-- The setting is '' and not NULL once a transaction on this connection has used it.
create or replace function control.scope_ids(setting text) returns uuid[]
language sql stable parallel safe
as $$ select string_to_array(nullif(current_setting('castellan.' || setting, true), ''), ',')::uuid[] $$;

create or replace function control.stamp() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    new.updated_by := control.actor_id();
    return new;
end
$$;

create or replace function control.stamp_versioned() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    new.updated_by := control.actor_id();
    new.version := old.version + 1;
    return new;
end
$$;

-- For what no person edits, such as a job.
create or replace function control.stamp_version() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    new.version := old.version + 1;
    return new;
end
$$;

create or replace function control.stamp_time() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    return new;
end
$$;
