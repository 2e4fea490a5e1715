create table control.audit_streams (
    id uuid constraint audit_streams_pkey primary key,
    name text not null
        constraint audit_streams_name_check check (char_length(name) between 1 and 100)
        constraint audit_streams_name_key unique,
    kind text not null
        constraint audit_streams_kind_check check (kind in ('https', 'syslog', 'file')),
    address text not null
        constraint audit_streams_address_check check (char_length(address) between 1 and 2048),
    state text not null default 'active'
        constraint audit_streams_state_check check (state in ('active', 'paused', 'dead')),
    secret_number integer not null default 1
        constraint audit_streams_secret_number_check check (secret_number > 0),
    overlap_ends_at timestamptz,
    next_leaf bigint not null default 0
        constraint audit_streams_next_leaf_check check (next_leaf >= 0),
    checkpoint_size bigint not null default 0,
    checkpoint_at timestamptz not null default 'epoch',
    delivered_at timestamptz,
    failures integer not null default 0,
    failing_since timestamptz,
    next_attempt_at timestamptz,
    last_error text,
    lease_token uuid,
    lease_until timestamptz,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid
);

comment on table control.audit_streams is 'Where the sealed log is sent on to as it grows: an HTTPS endpoint, a syslog server, a file.';
comment on column control.audit_streams.address is 'An https:// address, tcp:// or tls:// with host and port, or the name of a file in the folder for streams.';
comment on column control.audit_streams.state is 'active, paused by a person, or dead after a day of failures.';
comment on column control.audit_streams.secret_number is 'Which of its secrets signs; they are derived from the secret key and stored nowhere.';
comment on column control.audit_streams.overlap_ends_at is 'Until when the secret before signs as well.';
comment on column control.audit_streams.next_leaf is 'The first leaf that was not delivered yet.';
comment on column control.audit_streams.checkpoint_size is 'Tree size of the last checkpoint that was delivered.';
comment on column control.audit_streams.checkpoint_at is 'When that one was signed.';
comment on column control.audit_streams.failures is 'Attempts that failed since the last that did not.';
comment on column control.audit_streams.failing_since is 'Since when no attempt has succeeded.';
comment on column control.audit_streams.next_attempt_at is 'Nothing is tried before.';
comment on column control.audit_streams.last_error is 'Why the last attempt failed.';
comment on column control.audit_streams.lease_token is 'Who delivers at the moment.';
comment on column control.audit_streams.lease_until is 'When others may take over from whoever delivers.';
