-- To whom the rows with these ids belong, whoever may see them: tells somebody out of scope from a typing mistake. What
-- people have themselves is in scope where the person belongs. Tenants and clients may be named by their slugs, which
-- clients of several tenants may share.
drop function if exists control.whereabouts(uuid[]);
create or replace function control.whereabouts(p_ids uuid[], p_slugs text[]) returns jsonb
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
                when a.names @> '{user_id}' and not a.names @> '{tenant_id}' then 'r.user_id' end as person,
            n.nspname = 'control' and c.relname in ('tenants', 'clients') as has_slug
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (select array_agg(x.attname::text) as names from pg_attribute x
            where x.attrelid = c.oid and not x.attisdropped
                and (x.attname <> 'id' or x.atttypid = 'uuid'::regtype)) a
        where (n.nspname = 'control' and c.relkind = 'r' or n.nspname = 'audit' and c.relname in ('events', 'security_events'))
            and a.names @> '{id}'
            and (c.relname in ('tenants', 'users') or a.names && '{tenant_id,user_id}')
    loop
        execute format('select jsonb_agg(jsonb_build_object(''table'', %L, ''tenant_id'', %s, ''client_id'', %s, ''slug'', %s, %s))
            from %I.%I r where r.id = any ($1) %s',
            t.relname, t.tenant, t.client,
            case when t.has_slug then 'case when r.id <> all ($1) then r.slug end' else 'null' end,
            case when t.person is null then '''user_id'', null' else format('''user_id'', %1$s, ''tenant_ids'',
                array(select m.tenant_id from control.workspace_members m
                    where m.user_id = %1$s and m.deleted_at is null)', t.person) end,
            t.nspname, t.relname,
            case when t.has_slug and cardinality(p_slugs) > 0 then 'or r.slug = any ($2) and r.deleted_at is null' end) into rows using p_ids, p_slugs;
        found_rows := found_rows || coalesce(rows, '[]');
    end loop;
    return found_rows;
end
$$;
