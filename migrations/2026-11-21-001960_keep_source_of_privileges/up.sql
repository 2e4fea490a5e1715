alter table control.role_privileges
    add column copied_from uuid
        constraint role_privileges_copied_from_fkey references control.roles (id) on delete set null,
    add column event_id uuid;

create index role_privileges_copied_from_idx on control.role_privileges (copied_from) where copied_from is not null;

comment on column control.role_privileges.copied_from is 'The role that this one was made as a copy of, when the privilege came with it.';
comment on column control.role_privileges.event_id is 'The event that gave the privilege to the role; empty for what is older than this column, and for what no person gave.';
