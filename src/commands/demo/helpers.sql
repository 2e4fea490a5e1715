-- Schema demo is a room of its own for words, numbers and rows on their way; `finish.sql` removes it again.
-- Everything made up is drawn from a row's number, so two loads of one size are alike whatever the plan.

-- Between 0 and 1, evenly.
create function demo.chance(n bigint, salt integer) returns double precision
language sql immutable parallel safe
as $$ select (hashint8extended(n, salt) & 9007199254740991)::double precision / 9007199254740992 $$;

create function demo.pick(words text[], n bigint, salt integer) returns text
language sql immutable parallel safe
as $$ select words[1 + floor(demo.chance(n, salt) * cardinality(words))::integer] $$;

-- A UUIDv7 of a moment; the rest of it comes from the number.
create function demo.id(at timestamptz, n bigint, salt integer) returns uuid
language sql stable parallel safe
as $$
    select overlay(overlay(overlay(md5(salt || ':' || n)
        placing lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') from 1)
        placing '7' from 13) placing '8' from 17)::uuid
$$;

-- A name in letters that addresses take.
create function demo.plain(name text, joiner text) returns text
language sql immutable parallel safe
as $$
    select btrim(regexp_replace(
        lower(translate(replace(replace(name, 'ß', 'ss'), 'Æ', 'Ae'),
            'ÅÄÁÀÂÃÖØÓÔÕÜÚÉÈÊËÍÎÑÇŁŠŞČŻåäáàâãöøóôõüúéèêëíîñçłšşčżýřğıąęńźễð',
            'AAAAAAOOOOOUUEEEEIINCLSSCZaaaaaaooooouueeeeiinclssczyrgiaenzed')),
        '[^a-z0-9]+', joiner, 'g'), joiner)
$$;

-- A moment between two, more often late than early for a power below one.
create function demo.between(early timestamptz, late timestamptz, share double precision) returns timestamptz
language sql immutable parallel safe
as $$ select early + (late - early) * share $$;

-- What was asked for, and from which number to count on.
create table demo.size as
select current_setting('castellan_demo.tenants')::integer as tenants,
    current_setting('castellan_demo.clients')::integer as clients,
    current_setting('castellan_demo.events')::integer as events,
    (select count(*) from control.tenants) as tenants_before,
    (select count(*) from control.clients) as clients_before,
    (select count(*) from audit.events) as events_before,
    -- A month of the log is three tables with many indexes, which the embedded engine makes slowly.
    date_trunc('month', now()) - make_interval(months => months_back) as log_begins
from (select case when current_setting('castellan_demo.events')::integer > 10000 then 12 else 3 end as months_back) log;
analyze demo.size;

do $$
begin
    perform audit.ensure_partition(parent, month::date)
    from demo.size, unnest(array['events', 'changes', 'security_events']) parent,
        generate_series(log_begins at time zone 'UTC', now() at time zone 'UTC', '1 month') month;
end
$$;
