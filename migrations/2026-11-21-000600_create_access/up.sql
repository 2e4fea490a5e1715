create table control.privileges (
    name text collate "C" constraint privileges_pkey primary key
        constraint privileges_name_check check (
            char_length(name) <= 100 and name ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'
        ),
    description text not null
        constraint privileges_description_check check (char_length(description) between 1 and 500),
    is_dangerous boolean not null default false,
    log_reads boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

comment on table control.privileges is 'Everything that can be allowed; the program fills it from its own list.';
comment on column control.privileges.name is 'What is acted on and what is done, joined by a dot.';
comment on column control.privileges.is_dangerous is 'Whether its use asks for the credential again and for a reason.';
comment on column control.privileges.log_reads is 'Whether looking at what it protects is itself recorded.';

create table control.roles (
    id uuid constraint roles_pkey primary key,
    name text not null
        constraint roles_name_check check (char_length(name) between 1 and 200 and name = btrim(name)),
    description text not null default ''
        constraint roles_description_check check (char_length(description) <= 2000),
    is_system boolean not null default false,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid
);

create unique index roles_name_key on control.roles (name) where deleted_at is null;

comment on table control.roles is 'Named sets of privileges.';
comment on column control.roles.name is 'Unique among roles that are not deleted.';
comment on column control.roles.is_system is 'Comes with the program, which keeps its privileges up to date; people can assign it but not edit it.';

create table control.role_privileges (
    role_id uuid not null
        constraint role_privileges_role_id_fkey references control.roles (id) on delete cascade,
    privilege_name text collate "C" not null
        constraint role_privileges_privilege_name_fkey references control.privileges (name),
    created_at timestamptz not null default now(),
    created_by uuid,
    constraint role_privileges_pkey primary key (role_id, privilege_name)
);

create index role_privileges_privilege_name_idx on control.role_privileges (privilege_name);

comment on table control.role_privileges is 'Which privileges a role contains.';

create table control.assignments (
    id uuid constraint assignments_pkey primary key,
    user_id uuid not null
        constraint assignments_user_id_fkey references control.users (id),
    role_id uuid not null
        constraint assignments_role_id_fkey references control.roles (id),
    scope_kind text not null
        constraint assignments_scope_kind_check check (scope_kind in ('platform', 'tenant', 'client')),
    tenant_id uuid
        constraint assignments_tenant_id_fkey references control.tenants (id),
    client_id uuid,
    expires_at timestamptz,
    granted_by uuid,
    reason text not null
        constraint assignments_reason_check check (char_length(reason) between 1 and 2000),
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    constraint assignments_scope_check check (
        case scope_kind
            when 'platform' then tenant_id is null and client_id is null
            when 'tenant' then tenant_id is not null and client_id is null
            else tenant_id is not null and client_id is not null
        end
    ),
    constraint assignments_client_id_fkey foreign key (client_id, tenant_id)
        references control.clients (id, tenant_id)
);

create unique index assignments_scope_key
    on control.assignments (user_id, role_id, scope_kind, tenant_id, client_id) nulls not distinct
    where revoked_at is null;
create index assignments_user_id_idx on control.assignments (user_id, created_at desc, id desc);
create index assignments_role_id_idx on control.assignments (role_id, created_at desc, id desc);
create index assignments_tenant_id_idx on control.assignments (tenant_id) where tenant_id is not null;
create index assignments_client_id_idx on control.assignments (client_id) where client_id is not null;
create index assignments_created_at_idx on control.assignments (created_at desc, id desc);

comment on table control.assignments is 'Who holds which role, on what, and until when.';
comment on column control.assignments.scope_kind is 'How far the role reaches: everywhere, one tenant with its clients, or one client.';
comment on column control.assignments.tenant_id is 'Set for the scopes tenant and client.';
comment on column control.assignments.client_id is 'Set for the scope client only, and then a client of that tenant.';
comment on column control.assignments.expires_at is 'The role counts until this moment; empty means until it is revoked.';
comment on column control.assignments.granted_by is 'Who decided it; empty when the program did at its first start.';
comment on column control.assignments.last_used_at is 'Last request that this assignment allowed, to within a few minutes; shows what nobody needs any more.';
comment on column control.assignments.revoked_at is 'Ends the assignment; the row stays, and the same role can be assigned anew.';
