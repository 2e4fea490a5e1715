-- The narrow door of undo. It writes with the rights of whoever calls it, and to the tables named here alone: not to
-- accounts, means to sign in, tokens, mail, jobs, logs, nor to what says how a deployment went.

-- What can be undone, and how a row is taken back that was made: by the column that takes it out of sight, by deleting
-- it (`row`), or with the row that it belongs to (null). Authority is what rights rest on.
create or replace function audit.undoable() returns table (table_name text, removal text, is_authority boolean)
language sql immutable
as $$
    values
        ('tenants', 'deleted_at', false),
        ('tenant_policies', null, false),
        ('tenant_domains', 'deleted_at', false),
        ('policy_overrides', 'deleted_at', true),
        ('workspaces', 'deleted_at', false),
        ('workspace_members', 'deleted_at', false),
        ('clients', 'deleted_at', false),
        ('client_customizations', 'deleted_at', false),
        ('departments', 'deleted_at', true),
        ('department_memberships', 'deleted_at', true),
        ('groups', 'deleted_at', true),
        ('group_memberships', 'deleted_at', true),
        ('roles', 'deleted_at', true),
        ('role_privileges', 'row', true),
        ('assignments', 'revoked_at', true)
$$;

create or replace function audit.removal_of(p_table text) returns text
language plpgsql immutable set search_path = pg_catalog
as $$
declare
    known record;
begin
    select u.removal into known from audit.undoable() u where u.table_name = p_table;
    if not found then
        raise exception 'a change to % cannot be undone', p_table using errcode = 'CA403';
    end if;
    return known.removal;
end
$$;

-- The row as it is, and the expected values as the columns' types spell them now. A locked row stays so until the end.
create or replace function audit.compare_row(p_table text, p_key jsonb, p_expected jsonb, p_lock boolean) returns jsonb
language plpgsql set search_path = pg_catalog
as $$
declare
    ignored text := audit.removal_of(p_table);
    is_it text := (select string_agg(format('t.%1$I = k.%1$I', key), ' and ') from jsonb_object_keys(p_key) key);
    found_row jsonb;
    expected jsonb;
begin
    execute format('select to_jsonb(t) from jsonb_populate_record(null::control.%1$I, $1) k join control.%1$I t on %2$s %3$s',
        p_table, is_it, case when p_lock then 'for update of t' else '' end) into found_row using p_key;
    execute format('select to_jsonb(e) from jsonb_populate_record(null::control.%I, $1) e', p_table)
        into expected using p_expected;
    return jsonb_build_object('now', found_row, 'expected',
        (select coalesce(jsonb_object_agg(e.key, e.value), '{}') from jsonb_each(expected) e where p_expected ? e.key));
end
$$;

-- Takes one change back: an `update` by setting the values of before, an `insert` by taking the row out of sight, a
-- `delete` by making the row again. Version and stamps go on. Returns how many rows it changed.
create or replace function audit.take_back(p_table text, p_key jsonb, p_op text, p_before jsonb) returns bigint
language plpgsql set search_path = pg_catalog
as $$
declare
    removal text := audit.removal_of(p_table);
    is_it text := (select string_agg(format('t.%1$I = k.%1$I', key), ' and ') from jsonb_object_keys(p_key) key);
    columns text[] := array(select a.attname::text from pg_attribute a
        where a.attrelid = format('control.%I', p_table)::regclass and a.attnum > 0 and not a.attisdropped
            and a.attgenerated = '' and p_before ? a.attname::text order by a.attnum);
    again jsonb := p_before || jsonb_build_object('version', coalesce((p_before ->> 'version')::integer, 0) + 1,
        'updated_at', now(), 'updated_by', control.actor_id());
    done bigint;
begin
    if p_op = 'update' then
        execute format('update control.%1$I t set %2$s from jsonb_populate_record(null::control.%1$I, $1) k,
                jsonb_populate_record(null::control.%1$I, $2) b where %3$s',
            p_table, (select string_agg(format('%1$I = b.%1$I', c), ', ') from unnest(columns) c), is_it)
            using p_key, p_before;
    elsif p_op = 'insert' and removal = 'row' then
        execute format('delete from control.%1$I t using jsonb_populate_record(null::control.%1$I, $1) k where %2$s',
            p_table, is_it) using p_key;
    elsif p_op = 'insert' and removal is not null then
        execute format('update control.%1$I t set %3$I = now(), %4$I = control.actor_id()
                from jsonb_populate_record(null::control.%1$I, $1) k where %2$s',
            p_table, is_it, removal, replace(removal, '_at', '_by')) using p_key;
    elsif p_op = 'delete' then
        execute format('insert into control.%1$I (%2$s) select %2$s from jsonb_populate_record(null::control.%1$I, $1)',
            p_table, (select string_agg(format('%I', c), ', ') from unnest(columns) c)) using again;
    else
        return 0;
    end if;
    get diagnostics done = row_count;
    return done;
end
$$;

-- What does not fit together once a row was taken back: living rows that were made since and refer to it when it is out
-- of sight now (`child`), and rows that it refers to and that are out of sight when it is not (`parent`).
create or replace function audit.loose_ends(p_table text, p_id uuid, p_since timestamptz)
returns table (kind text, other text, row_count bigint)
language plpgsql set search_path = pg_catalog
as $$
declare
    life text := audit.removal_of(p_table);
    is_living boolean;
    k record;
    n bigint;
begin
    if life is null or life = 'row' then
        life := null;
        is_living := true;
    else
        execute format('select t.%I is null from control.%I t where t.id = $1', life, p_table) into is_living using p_id;
    end if;
    for k in
        select f.conrelid, f.confrelid, c.relname as child, p.relname as parent,
            child_column.attname as child_column, parent_column.attname as parent_column
        from pg_constraint f
        join pg_class c on c.oid = f.conrelid and c.relnamespace = 'control'::regnamespace
        join pg_class p on p.oid = f.confrelid and p.relnamespace = 'control'::regnamespace
        join pg_attribute parent_column on parent_column.attrelid = f.confrelid and parent_column.attname = 'id'
        join pg_attribute child_column on child_column.attrelid = f.conrelid
            and child_column.attnum = f.conkey[array_position(f.confkey, parent_column.attnum)]
        where f.contype = 'f' and (not is_living and p.relname = p_table or is_living and c.relname = p_table)
    loop
        if is_living then
            continue when not exists (select from pg_attribute a where a.attrelid = k.confrelid and a.attname = 'deleted_at');
            execute format('select count(*) from control.%I t join control.%I p on p.id = t.%I
                    where t.id = $1 and p.deleted_at is not null', p_table, k.parent, k.child_column) into n using p_id;
            if n > 0 then
                return query select 'parent', k.parent::text, n;
            end if;
        else
            select u.removal into life from audit.undoable() u where u.table_name = k.child and u.removal <> 'row';
            continue when not found;
            execute format('select count(*) from control.%I t where t.%I = $1 and t.%I is null and t.created_at > $2',
                k.child, k.child_column, life) into n using p_id, p_since;
            if n > 0 then
                return query select 'child', k.child::text, n;
            end if;
        end if;
    end loop;
end
$$;
