-- To whom the rows with these ids belong, whoever may see them: tells somebody out of scope from a typing mistake. What
-- people have themselves is in scope where the person belongs.
create or replace function control.whereabouts(p_ids uuid[]) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog
as $$
declare
    t record;
    rows jsonb;
    found_rows jsonb := '[]';
begin
    for t in
        select n.nspname, c.relname,
            case when c.relname = 'tenants' then 'r.id' when a.names @> '{tenant_id}' then 'r.tenant_id' else 'null' end
                as tenant,
            case when c.relname = 'clients' then 'r.id' when a.names @> '{client_id}' then 'r.client_id' else 'null' end
                as client,
            case when c.relname = 'users' then 'r.id'
                when c.relname = 'delegations' then 'r.grantor_user_id'
                when a.names @> '{user_id}' and not a.names @> '{tenant_id}' then 'r.user_id' end as person
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (select array_agg(x.attname::text) as names from pg_attribute x
            where x.attrelid = c.oid and not x.attisdropped
                and (x.attname <> 'id' or x.atttypid = 'uuid'::regtype)) a
        where (n.nspname = 'control' and c.relkind = 'r' or n.nspname = 'audit' and c.relname in ('events', 'security_events'))
            and a.names @> '{id}'
            and (c.relname in ('tenants', 'users') or a.names && '{tenant_id,user_id}')
    loop
        execute format('select jsonb_agg(jsonb_build_object(''table'', %L, ''tenant_id'', %s, ''client_id'', %s, %s))
            from %I.%I r where r.id = any ($1)',
            t.relname, t.tenant, t.client,
            case when t.person is null then '''user_id'', null' else format('''user_id'', %1$s, ''tenant_ids'',
                array(select m.tenant_id from control.workspace_members m
                    where m.user_id = %1$s and m.deleted_at is null)', t.person) end,
            t.nspname, t.relname) into rows using p_ids;
        found_rows := found_rows || coalesce(rows, '[]');
    end loop;
    return found_rows;
end
$$;
