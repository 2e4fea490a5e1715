-- What may have to be erased is hashed with a salt, so that its hash can stay when the value goes.
alter table audit.events
    add column severity text not null default 'info',
    add column reason_code text,
    add column salt bytea default uuid_send(gen_random_uuid()),
    add column salts jsonb,
    add column commitments jsonb,
    add constraint events_severity_check check (severity in ('info', 'warning', 'critical')),
    add constraint events_reason_code_check check (reason_code in ('customer_request', 'support_case', 'privacy_request',
        'security_investigation', 'billing', 'legal', 'incident', 'maintenance'));
alter table audit.changes
    add column salt bytea default uuid_send(gen_random_uuid()),
    add column salts jsonb,
    add column commitments jsonb;
alter table audit.security_events
    add column salt bytea default uuid_send(gen_random_uuid()),
    add column salts jsonb,
    add column commitments jsonb;

comment on column audit.events.severity is 'info, warning or critical: how soon somebody should look at it.';
comment on column audit.events.reason_code is 'Why a page with personal data was read, where a role asks for it.';
comment on column audit.events.salt is 'Hides reason and details in their commitment; null once one of them was erased. docs/audit-log.md.';
comment on column audit.events.salts is 'Salts of the values that stayed when others were erased: name to hex.';
comment on column audit.events.commitments is 'Commitments of erased values: name to hex.';
comment on column audit.changes.salt is 'Hides the values in their commitment; null once one of them was erased. docs/audit-log.md.';
comment on column audit.changes.salts is 'Salts of the values that stayed when others were erased: column to hex.';
comment on column audit.changes.commitments is 'Commitments of erased values: column to hex.';
comment on column audit.security_events.salt is 'Hides network and details in their commitment; null once one of them was erased. docs/audit-log.md.';
comment on column audit.security_events.salts is 'Salts of the values that stayed when others were erased: name to hex.';
comment on column audit.security_events.commitments is 'Commitments of erased values: name to hex.';

create table audit.unsealed (
    log text not null,
    event_id uuid not null,
    occurred_at timestamptz not null,
    constraint unsealed_pkey primary key (occurred_at, event_id),
    constraint unsealed_log_check check (log in ('events', 'security_events'))
);

comment on table audit.unsealed is 'Events that have no leaf yet, written with them by a trigger: an event that vanishes leaves its place here.';
comment on column audit.unsealed.log is 'The table that event_id is in: events or security_events.';

create table audit.leaves (
    leaf bigint not null,
    log text not null,
    event_id uuid not null,
    occurred_at timestamptz not null,
    constraint leaves_pkey primary key (leaf),
    constraint leaves_event_id_key unique (event_id),
    constraint leaves_leaf_check check (leaf >= 0),
    constraint leaves_log_check check (log in ('events', 'security_events'))
);

comment on table audit.leaves is 'The place of each sealed event in the Merkle tree, without gaps. Its hash is in tiles of level 0.';
comment on column audit.leaves.leaf is '0 for the first.';
comment on column audit.leaves.log is 'The table that event_id is in: events or security_events.';
comment on column audit.leaves.occurred_at is 'The time of the event, which names its partition.';

create table audit.tiles (
    level integer not null,
    tile bigint not null,
    hashes bytea not null,
    constraint tiles_pkey primary key (level, tile),
    constraint tiles_hashes_check check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
    constraint tiles_level_check check (level between 0 and 7 and tile >= 0)
);

comment on table audit.tiles is 'The Merkle tree in tiles of 256 hashes as in C2SP tlog-tiles. A tile only ever grows.';
comment on column audit.tiles.level is '0 holds hashes of leaves; each hash of level n + 1 is the root of a full tile of level n.';
comment on column audit.tiles.hashes is '32 bytes each, side by side.';

create table audit.checkpoints (
    id uuid not null default gen_random_uuid(),
    tree_size bigint not null,
    root bytea not null,
    note text not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint checkpoints_pkey primary key (id),
    constraint checkpoints_tree_size_check check (tree_size >= 0),
    constraint checkpoints_root_check check (octet_length(root) = 32)
);

create index checkpoints_tree_size_idx on audit.checkpoints (tree_size desc, created_at desc);

comment on table audit.checkpoints is 'Signed states of the tree: every minute when it grew, every hour when it did not.';
comment on column audit.checkpoints.note is 'The checkpoint as it is handed out: a C2SP signed note, Ed25519.';

-- What was written before is sealed by the first run.
insert into audit.unsealed select 'events', id, occurred_at from audit.events;
insert into audit.unsealed select 'security_events', id, occurred_at from audit.security_events;
