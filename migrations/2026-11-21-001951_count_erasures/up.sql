create table audit.erasures (
    id uuid not null default gen_random_uuid(),
    event_id uuid not null,
    log text not null,
    row_count bigint not null,
    erased_at timestamptz not null default clock_timestamp(),
    constraint erasures_pkey primary key (id),
    constraint erasures_log_check check (log in ('events', 'changes', 'security_events')),
    constraint erasures_row_count_check check (row_count > 0)
);

create index erasures_event_idx on audit.erasures (event_id, log);

comment on table audit.erasures is 'How many rows of a log lost values at a time, written by a trigger. Their event announced at least as many.';
comment on column audit.erasures.event_id is 'The event audit.erase, whose details say how many rows of each log lose values.';
comment on column audit.erasures.row_count is 'Rows of that log that one statement took values from.';
comment on column audit.erasures.erased_at is 'When it did.';
comment on column audit.erasures.log is 'events, changes or security_events.';

-- Erasures that are over have done what they announced.
insert into audit.erasures (event_id, log, row_count, erased_at)
select e.id, log, (e.details ->> log)::bigint, e.occurred_at
from audit.events e cross join unnest(array['events', 'changes', 'security_events']) log
where e.action = 'audit.erase' and e.outcome = 'success' and e.details ->> log ~ '^[1-9][0-9]{0,15}$';
