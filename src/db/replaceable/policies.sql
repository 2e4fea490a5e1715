-- Platform-wide staff read by a constant, which keeps trigram indexes usable. Scoped staff are compared with the
-- ids that the transaction's first statement set. The owner needs a policy of its own since security is forced.
do $$
declare
    t record;
    scoped text;
    writable text;
begin
    for t in
        select c.oid, c.relname, n.nspname,
            exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id') as has_tenant,
            exists (select from pg_attribute where attrelid = c.oid and attname = 'client_id') as has_client
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('control', 'audit') and c.relkind in ('r', 'p') and not c.relispartition
    loop
        scoped := case
            when t.relname = 'tenants' then
                'id = any (control.scope_ids(''tenant_ids'')) or id = any (control.scope_ids(''client_tenant_ids''))'
            when t.relname = 'clients' then
                'id = any (control.scope_ids(''client_ids'')) or tenant_id = any (control.scope_ids(''tenant_ids''))'
            when t.relname = 'users' then
                'id = control.actor_id() or exists (select from control.workspace_members m where m.user_id = users.id and m.deleted_at is null)'
            -- What roles there are and what they contain is no secret; who may write them is said in grants.sql.
            when t.relname in ('roles', 'role_privileges', 'privileges') then 'true'
            when t.relname in ('sessions', 'user_credentials', 'idempotency_keys', 'api_tokens', 'user_identities') then 'user_id = control.actor_id()'
            when t.relname = 'group_memberships' then
                'exists (select from control.groups g where g.id = group_memberships.group_id)'
            when t.relname = 'leaves' then
                'exists (select from audit.events e where e.id = leaves.event_id and e.occurred_at = leaves.occurred_at)
                    or exists (select from audit.security_events s where s.id = leaves.event_id and s.occurred_at = leaves.occurred_at)'
            when t.has_tenant and t.has_client then
                'client_id = any (control.scope_ids(''client_ids'')) or tenant_id = any (control.scope_ids(''tenant_ids''))'
            when t.has_tenant then 'tenant_id = any (control.scope_ids(''tenant_ids''))'
        end;
        -- Who has a right on a client sees its tenant's row, but may not write it.
        writable := case when t.relname = 'tenants' then 'id = any (control.scope_ids(''tenant_ids''))' else scoped end;
        execute format('alter table %I.%I enable row level security', t.nspname, t.relname);
        execute format('alter table %I.%I force row level security', t.nspname, t.relname);
        execute format('drop policy if exists whole on %I.%I', t.nspname, t.relname);
        execute format('create policy whole on %I.%I to castellan_owner, castellan_staff, castellan_jobs, castellan_auth, castellan_sealer,
            castellan_streamer
            using (true) with check (true)', t.nspname, t.relname);
        execute format('drop policy if exists scoped on %I.%I', t.nspname, t.relname);
        if scoped is not null then
            execute format('create policy scoped on %I.%I to castellan_scoped, castellan_viewing, castellan_acting using (%s) with check (%s)',
                t.nspname, t.relname, scoped, writable);
        end if;
    end loop;
end
$$;

-- What people keep for themselves is seen by nobody else, and what they share is changed by nobody else.
drop policy if exists seen on control.saved_views;
create policy seen on control.saved_views as restrictive for select to castellan_auth, castellan_staff
    using (is_shared or user_id = control.actor_id());
drop policy if exists made on control.saved_views;
create policy made on control.saved_views as restrictive for insert to castellan_auth
    with check (user_id = control.actor_id());
drop policy if exists changed on control.saved_views;
create policy changed on control.saved_views as restrictive for update to castellan_auth
    using (user_id = control.actor_id()) with check (user_id = control.actor_id());
drop policy if exists deleted on control.saved_views;
create policy deleted on control.saved_views as restrictive for delete to castellan_auth
    using (user_id = control.actor_id());
