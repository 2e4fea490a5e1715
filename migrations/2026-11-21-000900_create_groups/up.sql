create table control.departments (
    id uuid constraint departments_pkey primary key,
    tenant_id uuid not null
        constraint departments_tenant_id_fkey references control.tenants (id),
    parent_id uuid
        constraint departments_parent_id_check check (parent_id <> id),
    name text not null
        constraint departments_name_check check (char_length(name) between 1 and 200 and name = btrim(name)),
    name_sort text collate "C" not null generated always as (lower(name collate "C")) stored,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid,
    constraint departments_id_tenant_id_key unique (id, tenant_id),
    constraint departments_parent_id_fkey foreign key (parent_id, tenant_id)
        references control.departments (id, tenant_id)
);

create unique index departments_name_key on control.departments (tenant_id, parent_id, name) nulls not distinct
    where deleted_at is null;
create index departments_tenant_id_idx on control.departments (tenant_id, name_sort, id);
create index departments_parent_id_idx on control.departments (parent_id, tenant_id);

comment on table control.departments is 'How a tenant divides its people; a tree.';
comment on column control.departments.parent_id is 'The department it belongs to, of the same tenant; empty at the top. Nothing is inherited from it.';
comment on column control.departments.name is 'Unique among the departments under the same one that are not deleted.';
comment on column control.departments.name_sort is 'The name with A to Z folded to small letters, which is what lists sort by.';
comment on constraint departments_id_tenant_id_key on control.departments is 'Lets rows that name a department and a tenant prove that the two belong together.';

create table control.department_memberships (
    id uuid constraint department_memberships_pkey primary key,
    department_id uuid not null,
    tenant_id uuid not null,
    user_id uuid not null
        constraint department_memberships_user_id_fkey references control.users (id),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid,
    constraint department_memberships_department_id_fkey foreign key (department_id, tenant_id)
        references control.departments (id, tenant_id)
);

create unique index department_memberships_user_id_key on control.department_memberships (department_id, user_id)
    where deleted_at is null;
create index department_memberships_department_id_idx on control.department_memberships (department_id, tenant_id);
create index department_memberships_tenant_id_idx on control.department_memberships (tenant_id, user_id);
create index department_memberships_user_id_idx on control.department_memberships (user_id)
    include (department_id, tenant_id) where deleted_at is null;

comment on table control.department_memberships is 'Who belongs to a department. Counts for rights while the person belongs to the tenant, too.';
comment on column control.department_memberships.tenant_id is 'The tenant of the department, repeated here so that rows can be told apart by tenant.';

create table control.groups (
    id uuid constraint groups_pkey primary key,
    tenant_id uuid
        constraint groups_tenant_id_fkey references control.tenants (id),
    name text not null
        constraint groups_name_check check (char_length(name) between 1 and 200 and name = btrim(name)),
    name_sort text collate "C" not null generated always as (lower(name collate "C")) stored,
    description text not null default ''
        constraint groups_description_check check (char_length(description) <= 2000),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid
);

create unique index groups_name_key on control.groups (tenant_id, name) nulls not distinct where deleted_at is null;
create index groups_name_sort_idx on control.groups (name_sort, id) where deleted_at is null;
create index groups_created_at_idx on control.groups (created_at desc, id desc) where deleted_at is null;
create index groups_tenant_id_idx on control.groups (tenant_id, name_sort, id);
create index groups_deleted_at_idx on control.groups (name_sort, id) where deleted_at is not null;

comment on table control.groups is 'People who get roles together.';
comment on column control.groups.tenant_id is 'The tenant whose people it holds; empty for a group of the platform, which may hold people of several tenants.';
comment on column control.groups.name is 'Unique among the groups of the same tenant, or of the platform, that are not deleted.';
comment on column control.groups.name_sort is 'The name with A to Z folded to small letters, which is what lists sort by.';

create table control.group_memberships (
    id uuid constraint group_memberships_pkey primary key,
    group_id uuid not null
        constraint group_memberships_group_id_fkey references control.groups (id),
    user_id uuid not null
        constraint group_memberships_user_id_fkey references control.users (id),
    expires_at timestamptz,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid
);

create unique index group_memberships_user_id_key on control.group_memberships (group_id, user_id)
    where deleted_at is null;
create index group_memberships_group_id_idx on control.group_memberships (group_id, created_at desc, id desc);
create index group_memberships_user_id_idx on control.group_memberships (user_id)
    include (group_id, expires_at) where deleted_at is null;

comment on table control.group_memberships is 'Who belongs to a group, and until when.';
comment on column control.group_memberships.expires_at is 'The person belongs to the group until this moment; empty means until they are removed.';

alter table control.assignments
    alter column user_id drop not null,
    add column department_id uuid
        constraint assignments_department_id_fkey references control.departments (id),
    add column group_id uuid
        constraint assignments_group_id_fkey references control.groups (id),
    add constraint assignments_principal_check check (num_nonnulls(user_id, department_id, group_id) = 1);

drop index control.assignments_scope_key;
create unique index assignments_scope_key
    on control.assignments (user_id, department_id, group_id, role_id, scope_kind, tenant_id, client_id)
    nulls not distinct
    where revoked_at is null;
create index assignments_department_id_idx on control.assignments (department_id, created_at desc, id desc)
    where department_id is not null;
create index assignments_group_id_idx on control.assignments (group_id, created_at desc, id desc)
    where group_id is not null;

comment on column control.assignments.user_id is 'The person who holds it. Exactly one of person, department and group does.';
comment on column control.assignments.department_id is 'The department whose members hold it; members of departments below do not.';
comment on column control.assignments.group_id is 'The group whose members hold it.';
