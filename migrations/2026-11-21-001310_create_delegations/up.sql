-- What may be handed to somebody else is declared in the program; nothing may unless it says so.
alter table control.privileges add column is_delegable boolean not null default false;
comment on column control.privileges.is_delegable is 'Whether it can be part of a delegation; the program fills it from its own list.';

create table control.delegations (
    id uuid constraint delegations_pkey primary key,
    grantor_user_id uuid not null
        constraint delegations_grantor_user_id_fkey references control.users (id),
    delegate_user_id uuid not null
        constraint delegations_delegate_user_id_fkey references control.users (id),
    action_scope text[] not null
        constraint delegations_action_scope_check check (
            cardinality(action_scope) between 1 and 200 and array_position(action_scope, null) is null
        ),
    tenant_id uuid
        constraint delegations_tenant_id_fkey references control.tenants (id),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    reason text not null
        constraint delegations_reason_check check (char_length(reason) between 1 and 2000),
    times_used integer not null default 0
        constraint delegations_times_used_check check (times_used >= 0),
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    constraint delegations_people_check check (delegate_user_id <> grantor_user_id),
    constraint delegations_window_check check (ends_at > starts_at and ends_at - starts_at <= interval '90 days')
);

create index delegations_grantor_user_id_idx on control.delegations (grantor_user_id, starts_at desc, id desc);
create index delegations_delegate_user_id_idx on control.delegations (delegate_user_id, starts_at desc, id desc);
create index delegations_tenant_id_idx on control.delegations (tenant_id) where tenant_id is not null;
create index delegations_starts_at_idx on control.delegations (starts_at desc, id desc);
create index delegations_ends_at_idx on control.delegations (ends_at desc, id desc);

comment on table control.delegations is 'Who may act for whom, with which of their rights and when; whether it holds, and what of it, is asked at every request.';
comment on column control.delegations.grantor_user_id is 'In whose name is acted; what they do not hold at the moment counts for nothing.';
comment on column control.delegations.delegate_user_id is 'Who acts.';
comment on column control.delegations.action_scope is 'Names of privileges.';
comment on column control.delegations.tenant_id is 'Limits it to one tenant with its clients; none for wherever the grantor holds the rights.';
comment on column control.delegations.starts_at is 'Nothing is possible before; may lie in the future.';
comment on column control.delegations.ends_at is 'Nothing is possible from this moment on.';
comment on column control.delegations.times_used is 'How often the delegate began to act under it.';
comment on column control.delegations.last_used_at is 'Last request under it, to within a minute.';
comment on column control.delegations.revoked_at is 'Ends it at once and for good.';

alter table control.sessions add constraint sessions_delegation_id_fkey
    foreign key (delegation_id) references control.delegations (id);
create index sessions_delegation_id_idx on control.sessions (delegation_id) where delegation_id is not null;
