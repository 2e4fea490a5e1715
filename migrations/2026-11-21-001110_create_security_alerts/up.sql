create table control.security_alerts (
    id uuid constraint security_alerts_pkey primary key,
    kind text not null
        constraint security_alerts_kind_check check (kind ~ '^[a-z_]{1,50}$'),
    subject text collate "C" not null
        constraint security_alerts_subject_check check (char_length(subject) between 1 and 100),
    window_at timestamptz not null,
    event_count bigint not null
        constraint security_alerts_event_count_check check (event_count > 0),
    created_at timestamptz not null default now(),
    constraint security_alerts_kind_subject_window_at_key unique (kind, subject, window_at)
);

create index security_alerts_created_at_idx on control.security_alerts (created_at desc, id desc);

comment on table control.security_alerts is 'Bursts of security events that people were told of, each once a window, however many processes look.';
comment on column control.security_alerts.kind is 'What came in a burst.';
comment on column control.security_alerts.subject is 'From where or by whom: the keyed hash of a network, the id of a person, or all.';
comment on column control.security_alerts.window_at is 'The quarter of an hour in which it was noticed.';

-- From a network to its other events.
create index security_events_network_idx on audit.security_events (network_hash, occurred_at desc, id desc)
    where network_hash is not null;
