alter table control.roles add column mfa_required boolean not null default false;

comment on column control.roles.mfa_required is 'Whether whoever holds it must have a second factor before anything else.';

-- Hardly any role asks; requests look here first.
create index roles_mfa_required_idx on control.roles (id) where mfa_required and deleted_at is null;
