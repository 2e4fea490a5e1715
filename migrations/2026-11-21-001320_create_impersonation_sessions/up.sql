create table control.impersonation_sessions (
    id uuid constraint impersonation_sessions_pkey primary key,
    admin_user_id uuid not null
        constraint impersonation_sessions_admin_user_id_fkey references control.users (id),
    target_user_id uuid not null
        constraint impersonation_sessions_target_user_id_fkey references control.users (id),
    tenant_id uuid not null
        constraint impersonation_sessions_tenant_id_fkey references control.tenants (id),
    mode text not null
        constraint impersonation_sessions_mode_check check (mode in ('read_only', 'acting')),
    reason text not null
        constraint impersonation_sessions_reason_check check (char_length(reason) between 1 and 2000),
    ticket text not null
        constraint impersonation_sessions_ticket_check check (char_length(ticket) between 1 and 100),
    minutes integer not null
        constraint impersonation_sessions_minutes_check check (minutes between 1 and 60),
    status text not null
        constraint impersonation_sessions_status_check check (
            status in ('requested', 'approved', 'refused', 'lapsed', 'active', 'ended')
        ),
    lapses_at timestamptz,
    decided_at timestamptz,
    decided_by uuid,
    decision_reason text
        constraint impersonation_sessions_decision_reason_check check (char_length(decision_reason) between 1 and 2000),
    started_at timestamptz,
    ends_at timestamptz,
    ended_at timestamptz,
    ended_by uuid,
    ended_reason text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    constraint impersonation_sessions_oneself_check check (admin_user_id <> target_user_id),
    constraint impersonation_sessions_four_eyes_check check (decided_by not in (admin_user_id, target_user_id)),
    constraint impersonation_sessions_approved_check check (
        mode = 'read_only' or status in ('requested', 'refused', 'lapsed') or decided_by is not null
    ),
    constraint impersonation_sessions_started_check check ((status in ('active', 'ended')) = (started_at is not null)),
    constraint impersonation_sessions_ends_check check (
        (started_at is null) = (ends_at is null)
        and ends_at <= started_at + make_interval(mins => minutes)
    ),
    constraint impersonation_sessions_ended_check check ((status = 'ended') = (ended_at is not null)),
    constraint impersonation_sessions_lapses_check check (
        lapses_at is not null or status not in ('requested', 'approved')
    )
);

create index impersonation_sessions_created_at_idx on control.impersonation_sessions (created_at desc, id desc);
create index impersonation_sessions_admin_user_id_idx on control.impersonation_sessions (admin_user_id, created_at desc, id desc);
create index impersonation_sessions_target_user_id_idx on control.impersonation_sessions (target_user_id, created_at desc, id desc);
create index impersonation_sessions_tenant_id_idx on control.impersonation_sessions (tenant_id, created_at desc, id desc);
create index impersonation_sessions_open_idx on control.impersonation_sessions (status)
    where status in ('requested', 'approved', 'active');

comment on table control.impersonation_sessions is 'Members of the staff who look at the console, or act in it, as a person of a tenant: who, as whom, how far, and why.';
comment on column control.impersonation_sessions.tenant_id is 'The one tenant it reaches, and in whose history it is.';
comment on column control.impersonation_sessions.mode is 'read_only looks; acting also changes, after a second person has approved.';
comment on column control.impersonation_sessions.ticket is 'Reference of the request for help, in whatever system that is.';
comment on column control.impersonation_sessions.minutes is 'How long it lasts at most once it has begun.';
comment on column control.impersonation_sessions.status is 'As last written; what is over by the clock counts as over before a job writes it down.';
comment on column control.impersonation_sessions.lapses_at is 'Until when a request is decided or an approved one is begun.';
comment on column control.impersonation_sessions.decided_by is 'The second person, who approved or refused.';
comment on column control.impersonation_sessions.ended_reason is 'stopped, time, session ended, ended by others, or why it was no longer allowed.';

alter table control.sessions
    add constraint sessions_impersonation_id_fkey foreign key (impersonation_id)
        references control.impersonation_sessions (id);
create index sessions_impersonation_id_idx on control.sessions (impersonation_id) where impersonation_id is not null;

create index events_impersonation_id_idx on audit.events (impersonation_id, occurred_at desc, id desc)
    where impersonation_id is not null;

alter table control.privileges
    add column while_impersonating text not null default 'closed'
        constraint privileges_while_impersonating_check check (while_impersonating in ('closed', 'looking', 'acting'));
comment on column control.privileges.while_impersonating is 'What it opens to somebody who impersonates: nothing, pages to look at, or changes where acting was approved.';
