create table audit.events (
    id uuid not null default gen_random_uuid(),
    occurred_at timestamptz not null default clock_timestamp(),
    actor_kind text not null,
    actor_id uuid,
    actor_label text,
    effective_actor_id uuid,
    session_id uuid,
    request_id uuid,
    action text not null,
    outcome text not null default 'success',
    is_read boolean not null default false,
    reason text,
    target_kind text not null,
    target_id uuid,
    tenant_id uuid,
    client_id uuid,
    details jsonb not null default '{}',
    database_user text not null default session_user,
    constraint events_pkey primary key (id, occurred_at),
    constraint events_actor_kind_check check (actor_kind in ('person', 'job', 'command', 'anonymous', 'database')),
    constraint events_outcome_check check (outcome in ('success', 'failure', 'denied')),
    constraint events_action_check check (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
    constraint events_reason_check check (char_length(reason) <= 2000)
) partition by range (occurred_at);

create index events_occurred_at_idx on audit.events (occurred_at desc, id desc);
create index events_actor_idx on audit.events (actor_id, occurred_at desc, id desc);
-- Somebody who reads all day has few changes, far apart.
create index events_actor_changes_idx on audit.events (actor_id, occurred_at desc, id desc) where not is_read;
create index events_action_idx on audit.events (action, occurred_at desc, id desc);
create index events_tenant_idx on audit.events (tenant_id, occurred_at desc, id desc) where tenant_id is not null;
create index events_client_idx on audit.events (client_id, occurred_at desc, id desc) where client_id is not null;
create index events_target_idx on audit.events (target_id, occurred_at desc, id desc) where target_id is not null;
create index events_label_idx on audit.events (actor_label, occurred_at desc, id desc) where actor_label is not null;
create index events_request_idx on audit.events (request_id, occurred_at desc, id desc) where request_id is not null;
create index events_reads_idx on audit.events (occurred_at desc, id desc) where is_read;
create index events_trouble_idx on audit.events (occurred_at desc, id desc) where outcome <> 'success';

comment on table audit.events is 'One row per action, logged read, refusal or failure. Append-only, a partition a month.';
comment on column audit.events.occurred_at is 'When the server wrote the row; never taken from the application.';
comment on column audit.events.actor_kind is 'person, job, command (the command line), anonymous (nobody signed in) or database (a hand in psql).';
comment on column audit.events.actor_id is 'The person who acted; a pseudonym once that person is anonymised.';
comment on column audit.events.actor_label is 'Name of the job, the command or the database user, where no person acted.';
comment on column audit.events.effective_actor_id is 'In whose name the person acted, when that is somebody else.';
comment on column audit.events.action is 'The named change, such as tenant.suspend.';
comment on column audit.events.is_read is 'A read that is itself recorded, not a change.';
comment on column audit.events.target_kind is 'What kind of thing target_id is, such as tenant or session.';
comment on column audit.events.database_user is 'The login that held the connection.';

create sequence audit.changes_position_seq;

create table audit.changes (
    id uuid not null default gen_random_uuid(),
    event_id uuid not null,
    occurred_at timestamptz not null,
    position bigint not null default nextval('audit.changes_position_seq'),
    table_name text not null,
    row_id uuid,
    op text not null,
    before jsonb,
    after jsonb,
    tenant_id uuid,
    client_id uuid,
    constraint changes_pkey primary key (id, occurred_at),
    constraint changes_op_check check (op in ('insert', 'update', 'delete'))
) partition by range (occurred_at);

create index changes_event_idx on audit.changes (event_id);
create index changes_row_idx on audit.changes (row_id, occurred_at desc);
create index changes_tenant_idx on audit.changes (tenant_id, occurred_at desc) where tenant_id is not null;

comment on table audit.changes is 'One row per changed row, written by triggers: just the columns that changed, secrets replaced by a mark.';
comment on column audit.changes.occurred_at is 'The time of its event, so that both lie in the same month.';
comment on column audit.changes.position is 'Order of the changes within an event.';
comment on column audit.changes.before is 'Old values of the changed columns; null for an insert.';
comment on column audit.changes.after is 'New values of the changed columns; null for a delete.';

create table audit.security_events (
    id uuid not null default gen_random_uuid(),
    occurred_at timestamptz not null default clock_timestamp(),
    kind text not null,
    severity text not null,
    actor_id uuid,
    session_id uuid,
    request_id uuid,
    network_hash bytea,
    tenant_id uuid,
    details jsonb not null default '{}',
    constraint security_events_pkey primary key (id, occurred_at),
    constraint security_events_severity_check check (severity in ('info', 'warning', 'critical')),
    constraint security_events_kind_check check (kind ~ '^[a-z_]+$')
) partition by range (occurred_at);

create index security_events_occurred_at_idx on audit.security_events (occurred_at desc, id desc);
create index security_events_kind_idx on audit.security_events (kind, occurred_at desc, id desc);
create index security_events_severity_idx on audit.security_events (severity, occurred_at desc, id desc);
create index security_events_actor_idx on audit.security_events (actor_id, occurred_at desc) where actor_id is not null;

comment on table audit.security_events is 'Refusals and sign-in trouble, named after the OWASP logging vocabulary. Append-only, a partition a month.';
comment on column audit.security_events.kind is 'The OWASP name without its parameters: authn_login_fail, authz_fail, ...';
comment on column audit.security_events.network_hash is 'Keyed hash of the network (/24 or /48), never an address.';
