alter table control.roles add column asks_read_reason boolean not null default false;

alter table control.sessions
    add column read_reason text,
    add column read_ticket text,
    add column read_reason_until timestamptz,
    add constraint sessions_read_reason_check check (read_reason in ('customer_request', 'support_case', 'privacy_request',
        'security_investigation', 'billing', 'legal', 'incident', 'maintenance')),
    add constraint sessions_read_ticket_check check (char_length(read_ticket) <= 100);

comment on column control.roles.asks_read_reason is 'Whether whoever holds it says why before they read personal data, logs or exports.';
comment on column control.sessions.read_reason is 'Why the person reads, as they said; on each event of a read.';
comment on column control.sessions.read_ticket is 'What it is about in the ticket system.';
comment on column control.sessions.read_reason_until is 'Until when it holds.';

-- Hardly any role asks; requests look here first.
create index roles_asks_read_reason_idx on control.roles (id) where asks_read_reason and deleted_at is null;
