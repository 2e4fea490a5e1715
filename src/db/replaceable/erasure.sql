-- Taking values out of the log so that everything still verifies: docs/audit-log.md.

-- Columns that say something about a person, and the column that says about whom: by id, or by a row of theirs or an
-- address that was named in a line before.
create or replace function audit.personal_columns() returns table (table_name text, owner text, columns text[])
language sql immutable parallel safe
as $$
    values
        ('users', 'id', array['email', 'name', 'locale', 'time_zone']),
        ('user_credentials', 'user_id', array['label']),
        ('sessions', 'user_id', array['user_agent_family', 'network_hash', 'device_id']),
        ('user_identities', 'user_id', array['subject', 'label']),
        ('api_tokens', 'user_id', array['name', 'allowed_networks']),
        ('saved_views', 'user_id', array['name', 'query']),
        ('assignments', 'user_id', array['reason']),
        ('delegations', 'grantor_user_id', array['reason']),
        ('delegations', 'delegate_user_id', array['reason']),
        ('impersonation_sessions', 'target_user_id', array['reason', 'ticket']),
        ('access_review_items', 'assignment_id', array['principal_name', 'principal_email', 'granted_reason', 'reason']),
        ('outbox', 'recipient', array['recipient', 'subject', 'payload'])
$$;

-- The values of a row of a log by name, as leaves commit to them.
create or replace function audit.named_values(p_log text, p_row jsonb)
returns table (name text, before jsonb, after jsonb)
language sql immutable parallel safe
as $$
    select key, p_row #> array['before', key], p_row #> array['after', key]
        from jsonb_object_keys(
            case jsonb_typeof(p_row -> 'before') when 'object' then p_row -> 'before' else '{}' end
            || case jsonb_typeof(p_row -> 'after') when 'object' then p_row -> 'after' else '{}' end
        ) key
        where p_log = 'changes'
    union all
    select 'reason', null, p_row -> 'reason' where p_log = 'events' and p_row -> 'reason' <> 'null'
    union all
    -- The column is never null, so that it is empty once it was erased.
    select 'details', null, p_row -> 'details'
        where p_log in ('events', 'security_events') and not (p_row -> 'commitments' ? 'details' and p_row -> 'details' = '{}')
    union all
    select 'network_hash', null, to_jsonb(substr(p_row ->> 'network_hash', 3))
        where p_log = 'security_events' and p_row -> 'network_hash' <> 'null'
$$;

create or replace function audit.own_salt(p_row jsonb, p_name text) returns bytea
language sql immutable
as $$
    select coalesce(decode(p_row -> 'salts' ->> p_name, 'hex'),
        sha256('\x05'::bytea || (p_row ->> 'salt')::bytea || convert_to(p_name, 'UTF8')))
$$;

create or replace function audit.length_and_text(p_text text) returns bytea
language sql immutable
as $$ select int4send(octet_length(convert_to(p_text, 'UTF8'))) || convert_to(p_text, 'UTF8') $$;

-- In PL/pgSQL, whose statements stay planned from one row to the next.
create or replace function audit.value_commitment(p_own_salt bytea, p_before jsonb, p_after jsonb) returns bytea
language plpgsql immutable
as $$
declare
    was bytea := convert_to(p_before::text, 'UTF8');
    becomes bytea := convert_to(p_after::text, 'UTF8');
begin
    return sha256('\x04'::bytea || p_own_salt
        || coalesce('\x01'::bytea || int4send(octet_length(was)) || was, '\x00')
        || coalesce('\x01'::bytea || int4send(octet_length(becomes)) || becomes, '\x00'));
end
$$;

-- What a leaf holds in the place of a row's values; null where a value stands beside its own commitment, which no
-- erasure leaves.
create or replace function audit.row_commitment(p_log text, p_row jsonb) returns bytea
language sql immutable
as $$
    with held as (
        select name, audit.value_commitment(audit.own_salt(p_row, name), before, after) as commitment
            from audit.named_values(p_log, p_row)
        union all
        select key, decode(value, 'hex') from jsonb_each_text(
            case jsonb_typeof(p_row -> 'commitments') when 'object' then p_row -> 'commitments' else '{}' end)
    )
    select case when count(*) = count(distinct name) then sha256('\x03'::bytea || coalesce(
        string_agg(audit.length_and_text(name) || commitment, ''::bytea order by convert_to(name, 'UTF8')), '')) end
    from held
$$;

-- The row as it is once these values have been erased.
create or replace function audit.erased(p_log text, p_row jsonb, p_names text[]) returns jsonb
language plpgsql immutable
as $$
declare
    salt bytea := (p_row ->> 'salt')::bytea;
    salts jsonb := '{}';
    gone jsonb := case jsonb_typeof(p_row -> 'commitments') when 'object' then p_row -> 'commitments' else '{}' end;
    held record;
    own bytea;
begin
    for held in select v.name, v.before, v.after from audit.named_values(p_log, p_row) v loop
        own := coalesce(decode(p_row -> 'salts' ->> held.name, 'hex'),
            sha256('\x05'::bytea || salt || convert_to(held.name, 'UTF8')));
        if held.name = any (p_names) then
            gone := gone || jsonb_build_object(held.name, encode(audit.value_commitment(own, held.before, held.after), 'hex'));
        else
            salts := salts || jsonb_build_object(held.name, encode(own, 'hex'));
        end if;
    end loop;
    p_row := p_row || jsonb_build_object('salt', null, 'salts', salts, 'commitments', gone);
    if p_log = 'changes' then
        return p_row || jsonb_build_object(
            'before', case jsonb_typeof(p_row -> 'before') when 'object' then (p_row -> 'before') - p_names end,
            'after', case jsonb_typeof(p_row -> 'after') when 'object' then (p_row -> 'after') - p_names end);
    end if;
    return p_row || case when 'reason' = any (p_names) then '{"reason": null}' else '{}' end::jsonb
        || case when 'details' = any (p_names) then '{"details": {}}' else '{}' end::jsonb
        || case when 'network_hash' = any (p_names) then '{"network_hash": null}' else '{}' end::jsonb;
end
$$;

-- The only change a log lets through, whoever makes it: values give way to their commitments, and nothing else moves.
-- How many rows that may be is said by audit.only_announced().
create or replace function audit.only_erase() returns trigger
language plpgsql
as $$
declare
    names text[];
begin
    if tg_op = 'UPDATE' and jsonb_typeof(new.commitments) = 'object' then
        names := array(select jsonb_object_keys(new.commitments)
            except select jsonb_object_keys(coalesce(old.commitments, '{}')));
        if names <> '{}' and to_jsonb(new) = audit.erased(tg_argv[0], to_jsonb(old), names) then
            return new;
        end if;
    end if;
    raise exception '% is append-only: % is not allowed', tg_table_name, tg_op using errcode = 'CA403';
end
$$;

-- How many rows of a log an erasure announced that has not long begun; null where there is none. The event is there, and
-- waits to be sealed or is, before the first value goes.
create or replace function audit.announced(p_event uuid, p_log text) returns bigint
language sql stable
as $$
    select case when details ->> p_log ~ '^[0-9]{1,15}$' then (details ->> p_log)::bigint else 0 end
    from audit.events e
    where e.id = p_event and e.action = 'audit.erase' and e.outcome = 'success'
        and e.occurred_at between now() - interval '1 day' and now() + interval '1 day'
$$;

-- Writes down how many rows a statement erased from, whoever made it. Settings are anybody's; this one only names the
-- event, which has to have announced as much.
create or replace function audit.note_erasure() returns trigger
language plpgsql security definer set search_path = pg_catalog
as $$
begin
    insert into audit.erasures (event_id, log, row_count)
    select nullif(current_setting('castellan.erasure_id', true), '')::uuid, tg_argv[0], count(*) from erased having count(*) > 0;
    return null;
end
$$;

-- No erasure goes further than it said.
create or replace function audit.only_announced() returns trigger
language plpgsql set search_path = pg_catalog
as $$
declare
    announced bigint := audit.announced(new.event_id, new.log);
    done bigint;
begin
    if announced is null then
        raise exception 'erasing needs its event' using errcode = 'CA001';
    end if;
    -- One after the other, so that each sees what was done before.
    perform pg_advisory_xact_lock(hashtext('audit.erase'));
    select coalesce(sum(row_count), 0) into done from audit.erasures where event_id = new.event_id and log = new.log;
    if done + new.row_count > announced then
        raise exception 'the erasure announced % rows of %, and this would make %', announced, new.log, done + new.row_count
            using errcode = 'CA403';
    end if;
    return new;
end
$$;

-- A value as people read it, for JSON writes a line break as a letter.
create or replace function audit.plain(value jsonb) returns text
language sql immutable parallel safe
as $$
    select replace(replace(regexp_replace(coalesce(value::text, ''), '\\[bfnrt]', ' ', 'g'), '\"', '"'), '\\', '\')
$$;

-- What finds these words where they stand on their own: bob@example.com is not in jimbob@example.com.
create or replace function audit.pattern_of(texts text[]) returns text
language sql immutable
as $$
    select string_agg(
        case when word like '%@%' then '(?<![[:alnum:]_.%+-])' else '(?<![[:alnum:]_])' end
        || regexp_replace(word, '([][\\.^$*+?(){}|])', '\\\1', 'g')
        || case when word like '%@%' then '(?![[:alnum:]_-]|\.[[:alnum:]])' else '(?![[:alnum:]_])' end, '|')
    from unnest(texts) word
$$;

-- The rows of a log that are in lines of archived months, as if they were in its table: what says which values are about
-- a person reads either.
create or replace function audit.events_in(p_lines jsonb) returns setof audit.events
language sql stable
as $$
    select r.* from jsonb_array_elements(p_lines) line, jsonb_populate_record(null::audit.events,
        (line ->> 'data')::jsonb || jsonb_build_object(
            'reason', (line #>> '{values,reason,after}')::jsonb,
            'details', coalesce((line #>> '{values,details,after}')::jsonb, '{}'))) r
        where (line ->> 'data')::jsonb ->> 'log' = 'events'
$$;

create or replace function audit.security_events_in(p_lines jsonb) returns setof audit.security_events
language sql stable
as $$
    select r.* from jsonb_array_elements(p_lines) line, jsonb_populate_record(null::audit.security_events,
        (line ->> 'data')::jsonb || jsonb_build_object(
            'network_hash', '\x' || ((line #>> '{values,network_hash,after}')::jsonb #>> '{}'),
            'details', coalesce((line #>> '{values,details,after}')::jsonb, '{}'))) r
        where (line ->> 'data')::jsonb ->> 'log' = 'security_events'
$$;

create or replace function audit.changes_in(p_lines jsonb) returns setof audit.changes
language sql stable
as $$
    select r.* from jsonb_array_elements(p_lines) line, jsonb_array_elements(line -> 'changes') change,
        lateral (
            select jsonb_object_agg(key, (value ->> 'before')::jsonb) filter (where value ->> 'before' is not null) as before,
                jsonb_object_agg(key, (value ->> 'after')::jsonb) filter (where value ->> 'after' is not null) as after
            from jsonb_each(change -> 'values')
        ) held,
        jsonb_populate_record(null::audit.changes,
            (change ->> 'data')::jsonb || jsonb_build_object('before', held.before, 'after', held.after)) r
$$;

-- What is known of a person goes from one look at the log to the next: the id of the `user`, the `given` texts and the
-- `placeholders`; and what a look adds, namely the `rows` that are or were theirs, the `addresses` and `names` that are on
-- record, and which of those names others bear or bore (`borne`).
create or replace function audit.known(p_known jsonb, p_member text) returns text[]
language sql immutable
as $$ select array(select jsonb_array_elements_text(p_known -> p_member)) $$;

-- What is searched for. A name that others bear too, that is one word, or that the account was given when it was made
-- anonymous, says nothing about whom it means, and is searched for only where it is given.
create or replace function audit.texts_of(p_known jsonb) returns text[]
language sql immutable
as $$
    select coalesce(array_agg(distinct lower(btrim(word))), '{}') from (
        select unnest(audit.known(p_known, 'addresses') || audit.known(p_known, 'given')) as word
        union all
        select name from unnest(audit.known(p_known, 'names')) name where name like '% %'
            and name <> all (audit.known(p_known, 'borne')) and name <> all (audit.known(p_known, 'placeholders'))
    ) words where btrim(word) <> ''
$$;

-- What is known once the log has been looked at as well, or these lines of archived months. A row of a row of theirs is
-- found by the next look, so that the log is read about twice.
create or replace function audit.known_by(p_known jsonb, p_lines jsonb) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog set plan_cache_mode = force_custom_plan
as $$
declare
    changes constant text := case when p_lines is null then 'audit.changes' else 'audit.changes_in($1)' end;
    subject constant uuid := p_known ->> 'user';
    own uuid[] := audit.known(p_known, 'rows')::uuid[] || subject;
    addresses text[];
    names text[];
    borne text[];
    personal record;
    known text[];
    found uuid[];
    more uuid[];
begin
    execute format($query$
        with recorded as materialized (
            select u.email::text, u.name from control.users u where u.id = $2
            union
            select state ->> 'email', state ->> 'name' from %s c, unnest(array[c.before, c.after]) state
                where c.row_id = $2 and c.table_name = 'users'
        )
        select array(select lower(email) from recorded where email is not null union select unnest($3) order by 1),
            array(select name from recorded where name is not null union select unnest($4) order by 1)
        $query$, changes)
        into addresses, names using p_lines, subject, audit.known(p_known, 'addresses'), audit.known(p_known, 'names');
    execute format($query$
        select array(
            select u.name from control.users u where $1 is null and u.id <> $2 and u.name = any ($3)
            union
            select state ->> 'name' from control.users u join %s c on c.row_id = u.id, unnest(array[c.before, c.after]) state
                where u.id <> $2 and c.table_name = 'users' and state ->> 'name' = any ($3)
            union select unnest($4) order by 1)
        $query$, changes)
        into borne using p_lines, subject, names, audit.known(p_known, 'borne');
    loop
        known := own::text[] || addresses || audit.known(p_known, 'given');
        execute format($query$
            select array_agg(distinct c.row_id) from %s c join audit.personal_columns() p on p.table_name = c.table_name
                where c.op in ('insert', 'delete') and lower(coalesce(c.after, c.before) ->> p.owner) = any ($2)
            $query$, changes) into found using p_lines, known;
        -- Which lines these are changes nothing about the tables themselves.
        for personal in select * from audit.personal_columns() where p_lines is null loop
            execute format('select array_agg(id) from control.%I where lower(%I::text) = any ($1)',
                personal.table_name, personal.owner) into more using known;
            found := found || more;
        end loop;
        more := array(select distinct id from unnest(found) id where id <> all (own));
        exit when more = '{}';
        own := own || more;
    end loop;
    return p_known || jsonb_build_object('addresses', addresses, 'names', names, 'borne', borne,
        'rows', array(select distinct unnest(own) order by 1));
end
$$;

-- Where the log, or these lines of archived months, have values about a person of whom this is known: in rows of theirs,
-- in what was done to them, in security events of theirs, and wherever an address or name of theirs stands, or one of the
-- given texts. In batches of a thousand rows, in order of time.
drop function if exists audit.values_about(uuid, text[]);
drop function if exists audit.values_about(uuid, text[], text[]);
drop function if exists audit.rows_of(uuid[], text[]);
drop function if exists audit.telling_names(uuid, text[]);
create or replace function audit.values_about(p_known jsonb, p_lines jsonb)
returns table (log text, row_count bigint, batch text)
language plpgsql stable security definer
set search_path = pg_catalog set plan_cache_mode = force_custom_plan
as $$
declare
    texts constant text[] := audit.texts_of(p_known);
    likes text[];
begin
    -- Quicker than the pattern, and finds no less.
    likes := array(select '%' || replace(replace(replace(btrim(to_json(word)::text, '"'), '\', '\\'), '%', '\%'), '_', '\_') || '%'
        from unnest(texts) word);

    return query execute format($query$
        with changed as materialized (
            select c.* from %2$s c
            where c.row_id = any ($2) or lower(concat(c.before, c.after) collate %1$s) like any ($3)
        ),
        happened as materialized (
            select e.* from %3$s e
            where e.action <> 'audit.erase' and (e.reason is not null or e.details <> '{}') and (e.target_id = any ($2)
                or lower(concat(to_json(e.reason), e.details) collate %1$s) like any ($3))
        ),
        about as (
            select 'changes' as log, c.id, c.occurred_at, array(
                select v.name from audit.named_values('changes', to_jsonb(c)) v
                where audit.plain(v.before) ~* $4 or audit.plain(v.after) ~* $4
                    or c.row_id = any ($2) and exists (select from audit.personal_columns() p
                        where p.table_name = c.table_name and v.name = any (p.columns))
            ) as names
            from changed c
            union all
            select 'events', e.id, e.occurred_at, array(
                select v.name from audit.named_values('events', to_jsonb(e)) v
                where v.after <> '{}' and (audit.plain(v.after) ~* $4 or e.target_id = any ($2))
            )
            from happened e
            union all
            select 'security_events', s.id, s.occurred_at, array(
                select v.name from audit.named_values('security_events', to_jsonb(s)) v
                where v.after <> '{}' and (s.actor_id = $1 or audit.plain(v.after) ~* $4)
            )
            from %4$s s
            where s.actor_id = $1 or lower(s.details::text collate %1$s) like any ($3)
        ),
        numbered as (
            select a.*, (row_number() over (partition by a.log order by a.occurred_at, a.id) - 1) / 1000 as part
            from about a where a.names <> '{}'
        )
        select n.log, count(*), jsonb_agg(jsonb_build_object('id', n.id, 'occurred_at', n.occurred_at, 'names', n.names))::text
            from numbered n group by n.log, n.part order by n.log, n.part
        $query$,
        -- Without letters whose capitals only a language knows, bytes are compared, which is three times as quick.
        case when array_to_string(texts, '') ~ '^[\x01-\x7f]*$' then '"C"' else '"default"' end,
        case when p_lines is null then 'audit.changes' else 'audit.changes_in($5)' end,
        case when p_lines is null then 'audit.events' else 'audit.events_in($5)' end,
        case when p_lines is null then 'audit.security_events' else 'audit.security_events_in($5)' end)
        using (p_known ->> 'user')::uuid, audit.known(p_known, 'rows')::uuid[], likes, audit.pattern_of(texts), p_lines;
end
$$;

-- Erases one batch, under the event that says so and of no more rows than it says. What was erased meanwhile is left out.
-- Not with custom plans, or each row would be planned anew.
create or replace function audit.erase(p_event uuid, p_log text, p_rows jsonb) returns bigint
language plpgsql security definer
set search_path = pg_catalog
as $$
declare
    done bigint;
begin
    if audit.announced(p_event, p_log) is null then
        raise exception 'erasing needs its event' using errcode = 'CA001';
    end if;
    if p_log not in ('events', 'changes', 'security_events') then
        raise exception 'there is no log %', p_log using errcode = 'CA001';
    end if;
    -- One after the other, so that nobody erases a value twice.
    perform pg_advisory_xact_lock(hashtext('audit.erase'));
    perform set_config('castellan.erasure_id', p_event::text, true);
    execute format(
        'with due as materialized (
            select l.id, l.occurred_at, audit.erased(%1$L, to_jsonb(l), r.names) as becomes
            from jsonb_to_recordset($1) r (id uuid, occurred_at timestamptz, names text[])
            join audit.%1$I l on l.id = r.id and l.occurred_at = r.occurred_at
            where not coalesce(l.commitments ?| r.names, false)
        )
        update audit.%1$I l set salt = null, salts = becomes -> ''salts'', commitments = becomes -> ''commitments'', %2$s
        from due where l.id = due.id and l.occurred_at = due.occurred_at',
        p_log,
        case p_log
            when 'changes' then 'before = nullif(becomes -> ''before'', ''null''), after = nullif(becomes -> ''after'', ''null'')'
            when 'events' then 'reason = becomes ->> ''reason'', details = becomes -> ''details'''
            else 'network_hash = (becomes ->> ''network_hash'')::bytea, details = becomes -> ''details'''
        end) using p_rows;
    get diagnostics done = row_count;
    return done;
end
$$;
