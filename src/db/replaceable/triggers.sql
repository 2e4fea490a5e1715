-- Everything in control is watched but for the logs and queues named here, which are records themselves.
do $$
declare
    t record;
    columns text;
    secrets text;
    quiet text[];
    stamp text;
    condition text;
begin
    for t in
        select c.oid, c.relname from pg_class c
        where c.relnamespace = 'control'::regnamespace and c.relkind = 'r'
            and c.relname not in ('login_attempts', 'idempotency_keys', 'deployment_tracking_events', 'client_analytics',
                'api_token_usage', 'ceremonies', 'security_alerts')
    loop
        -- Columns that move by themselves; a statement that sets only these is neither recorded nor a new version.
        quiet := case t.relname
            when 'sessions' then array['last_seen_at', 'idle_expires_at']
            when 'users' then array['last_login_at', 'failed_login_count', 'locked_until']
            when 'assignments' then array['last_used_at']
            when 'api_tokens' then array['last_used_at']
            when 'delegations' then array['last_used_at', 'times_used']
            when 'user_identities' then array['last_used_at']
            when 'audit_streams' then array['next_leaf', 'checkpoint_size', 'checkpoint_at', 'delivered_at', 'failures',
                'failing_since', 'next_attempt_at', 'last_error', 'lease_token', 'lease_until']
            when 'tenants' then array['last_activity_at']
            when 'clients' then array['last_activity_at']
            when 'job_queue' then array['lease_until', 'progress_done', 'progress_total']
            else '{}' end;
        secrets := case t.relname
            when 'sessions' then 'token_hash'
            when 'user_credentials' then 'secret_hash,parameters'
            when 'api_tokens' then 'token_hash'
            when 'tenant_domains' then 'verification_token'
            else '' end;
        select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
            where attrelid = t.oid and attnum > 0 and not attisdropped and attgenerated = '' and attname <> all (quiet);
        -- The worker's own bookkeeping is no change; a person's retry is.
        condition := case when t.relname in ('job_queue', 'outbox')
            then 'when (current_setting(''role'') <> ''castellan_jobs'')' else '' end;

        execute format('drop trigger if exists record_change on control.%I', t.relname);
        execute format('drop trigger if exists record_removal on control.%I', t.relname);
        execute format('create trigger record_change after insert or update of %s or delete on control.%I
            for each row %s execute function audit.record_change(%L)', columns, t.relname, condition, secrets);

        stamp := case
            when not exists (select from pg_attribute where attrelid = t.oid and attname = 'updated_at') then null
            when exists (select from pg_attribute where attrelid = t.oid and attname = 'version') then case
                when exists (select from pg_attribute where attrelid = t.oid and attname = 'updated_by') then 'stamp_versioned'
                else 'stamp_version' end
            when exists (select from pg_attribute where attrelid = t.oid and attname = 'updated_by') then 'stamp'
            else 'stamp_time' end;
        execute format('drop trigger if exists stamp on control.%I', t.relname);
        if stamp is not null then
            execute format('create trigger stamp before update of %s on control.%I
                for each row execute function control.%I()', columns, t.relname, stamp);
        end if;
        if exists (select from pg_attribute where attrelid = t.oid and attname = 'created_by' and not attisdropped) then
            execute format('alter table control.%I alter column created_by set default control.actor_id()', t.relname);
        end if;
    end loop;

    -- However a session ends or goes back to its own person, the impersonation in it ends with it.
    drop trigger if exists end_impersonation on control.sessions;
    create trigger end_impersonation after update of revoked_at, impersonation_id on control.sessions
        for each row
        when (old.impersonation_id is not null
            and (new.impersonation_id is distinct from old.impersonation_id
                or old.revoked_at is null and new.revoked_at is not null))
        execute function control.end_impersonation();

    foreach stamp in array array['events', 'security_events'] loop
        execute format('drop trigger if exists await_sealing on audit.%I', stamp);
        execute format('create trigger await_sealing after insert on audit.%I
            for each row execute function audit.await_sealing(%L)', stamp, stamp);
    end loop;
    foreach stamp in array array['events', 'changes', 'security_events', 'leaves', 'checkpoints', 'tiles', 'unsealed',
        'archives', 'erasures', 'rewrites', 'verifications', 'receipts'] loop
        execute format('drop trigger if exists refuse_rewrite on audit.%I', stamp);
        execute format('create trigger refuse_rewrite before %s on audit.%I for each row execute function audit.%I(%L)',
            -- Sealing takes places out of the queue and extends tiles.
            case stamp when 'unsealed' then 'update' else 'update or delete' end, stamp,
            case when stamp in ('events', 'changes', 'security_events') then 'only_erase'
                when stamp = 'tiles' then 'extend_tile' else 'refuse' end, stamp);
        execute format('drop trigger if exists refuse_truncate on audit.%I', stamp);
        execute format('create trigger refuse_truncate before truncate on audit.%I
            for each statement execute function audit.refuse()', stamp);
    end loop;
    -- Rows of months are out of sight of everybody who is bound by row security, so that whoever erases goes through here.
    foreach stamp in array array['events', 'changes', 'security_events'] loop
        execute format('drop trigger if exists note_erasure on audit.%I', stamp);
        execute format('create trigger note_erasure after update on audit.%I referencing new table as erased
            for each statement execute function audit.note_erasure(%L)', stamp, stamp);
    end loop;
    drop trigger if exists only_announced on audit.erasures;
    create trigger only_announced before insert on audit.erasures
        for each row execute function audit.only_announced();
    -- In the replica mode of a session, too, in which other triggers rest.
    for t in
        select distinct g.tgrelid::regclass as relname, g.tgname from pg_trigger g join pg_class c on c.oid = g.tgrelid
        where c.relnamespace in ('control'::regnamespace, 'audit'::regnamespace) and not c.relispartition
            and g.tgname in ('record_change', 'await_sealing', 'refuse_rewrite', 'refuse_truncate', 'note_erasure',
                'only_announced')
    loop
        execute format('alter table %s enable always trigger %I', t.relname, t.tgname);
    end loop;
    perform audit.guard_partition(inhrelid::regclass) from pg_inherits
        where inhparent in ('audit.events'::regclass, 'audit.changes'::regclass, 'audit.security_events'::regclass);
end
$$;

drop trigger if exists keep_evidence on control.access_review_items;
create trigger keep_evidence before update or delete on control.access_review_items
    for each row execute function control.keep_evidence();
drop trigger if exists keep_closed on control.access_reviews;
create trigger keep_closed before update or delete on control.access_reviews
    for each row execute function control.keep_closed();
