create table control.tenants (
    id uuid constraint tenants_pkey primary key,
    slug text collate "C" not null
        constraint tenants_slug_check check (
            char_length(slug) between 2 and 63 and slug ~ '^[a-z0-9](-?[a-z0-9])*$'
        ),
    name text not null
        constraint tenants_name_check check (char_length(name) between 1 and 200 and name = btrim(name)),
    -- Lists must come out in one order on every server, whatever its locale.
    name_sort text collate "C" not null generated always as (lower(name collate "C")) stored,
    region text not null
        constraint tenants_region_check check (
            region in ('eu-west', 'eu-central', 'eu-north', 'us-east', 'us-west', 'ap-south', 'ap-east')
        ),
    status text not null default 'active'
        constraint tenants_status_check check (
            status in ('trial', 'active', 'suspended', 'closing', 'closed')
        ),
    isolation text not null default 'row'
        constraint tenants_isolation_check check (isolation in ('row', 'schema', 'database')),
    trial_ends_at timestamptz,
    suspended_at timestamptz,
    suspension_reason text
        constraint tenants_suspension_reason_check check (
            char_length(suspension_reason) between 1 and 2000
        ),
    closing_at timestamptz,
    closed_at timestamptz,
    last_activity_at timestamptz not null default now(),
    notes text not null default ''
        constraint tenants_notes_check check (char_length(notes) <= 10000),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid,
    -- The dates say which state to return to: a tenant that is reactivated, or whose closing
    -- is called off, is suspended if suspended_at is set, else on trial if trial_ends_at is
    -- set, else active.
    constraint tenants_trial_check check (
        case status
            when 'trial' then trial_ends_at is not null
            when 'active' then trial_ends_at is null
            else true
        end
    ),
    constraint tenants_suspension_check check (
        case status
            when 'suspended' then suspended_at is not null
            when 'trial' then suspended_at is null
            when 'active' then suspended_at is null
            else true
        end
        and (suspended_at is null) = (suspension_reason is null)
    ),
    constraint tenants_closing_check check (
        case status
            when 'closing' then closing_at is not null
            when 'closed' then true
            else closing_at is null
        end
        and (status = 'closed') = (closed_at is not null)
    )
);

create unique index tenants_slug_key on control.tenants (slug) where deleted_at is null;
create index tenants_name_sort_idx on control.tenants (name_sort, id) where deleted_at is null;
create index tenants_created_at_idx on control.tenants (created_at desc, id desc) where deleted_at is null;
create index tenants_last_activity_at_idx on control.tenants (last_activity_at desc, id desc)
    where deleted_at is null;
-- One state is read in the order of the list; several are filtered out of it.
create index tenants_status_idx on control.tenants (status, created_at desc, id desc) where deleted_at is null;
create index tenants_deleted_at_idx on control.tenants (created_at desc, id desc)
    where deleted_at is not null;
-- A tenant is closing while it has the one date and not the other.
create index tenants_closing_at_idx on control.tenants (closing_at, id)
    where closing_at is not null and closed_at is null and deleted_at is null;
-- Without a list of pending entries, which every search would read to its end.
create index tenants_name_trgm_idx on control.tenants using gin (name gin_trgm_ops) with (fastupdate = off);
create index tenants_slug_trgm_idx on control.tenants using gin (slug gin_trgm_ops) with (fastupdate = off);

comment on table control.tenants is 'Customer organisations of the platform.';
comment on column control.tenants.slug is 'Short name in addresses, unique among tenants that are not deleted.';
comment on column control.tenants.name_sort is 'The name with A to Z folded to small letters, which is what lists sort by.';
comment on column control.tenants.region is 'Where the data of the tenant lives.';
comment on column control.tenants.status is 'Closing means that the grace period runs and can still be called off; closed cannot.';
comment on column control.tenants.isolation is 'How the data is kept apart: shared tables, a schema or a database of its own.';
comment on column control.tenants.trial_ends_at is 'End of the trial; emptied when the tenant becomes active.';
comment on column control.tenants.suspended_at is 'Since when it is suspended; kept while closing and emptied by reactivation.';
comment on column control.tenants.suspension_reason is 'Why it is suspended, in the words of whoever decided it.';
comment on column control.tenants.closing_at is 'When the grace period ends and the tenant is closed.';
comment on column control.tenants.last_activity_at is 'Last sign of life from its people, to within a few minutes.';
comment on column control.tenants.notes is 'Remarks by staff that the tenant does not see.';

create table control.tenant_domains (
    id uuid constraint tenant_domains_pkey primary key,
    tenant_id uuid not null
        constraint tenant_domains_tenant_id_fkey references control.tenants (id) on delete cascade,
    domain citext not null
        constraint tenant_domains_domain_check check (
            char_length(domain::text) between 4 and 253
            and domain::text ~* '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$'
        ),
    is_primary boolean not null default false,
    status text not null default 'pending'
        constraint tenant_domains_status_check check (status in ('pending', 'verified', 'failed')),
    verification_token text not null
        constraint tenant_domains_verification_token_check check (
            char_length(verification_token) between 16 and 128
        ),
    verified_at timestamptz
        constraint tenant_domains_verified_at_check check (status <> 'verified' or verified_at is not null),
    last_checked_at timestamptz,
    last_error text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid
);

create unique index tenant_domains_domain_key on control.tenant_domains (domain) where deleted_at is null;
create unique index tenant_domains_is_primary_key on control.tenant_domains (tenant_id)
    where is_primary and deleted_at is null;
create index tenant_domains_tenant_id_idx on control.tenant_domains (tenant_id, created_at desc, id desc);
create index tenant_domains_domain_trgm_idx on control.tenant_domains using gin ((domain::text) gin_trgm_ops) with (fastupdate = off);

comment on table control.tenant_domains is 'Internet domains that a tenant claims and proves to own.';
comment on column control.tenant_domains.domain is 'Compared without regard to case; one tenant at a time can claim it.';
comment on column control.tenant_domains.is_primary is 'The domain shown for the tenant; at most one.';
comment on column control.tenant_domains.status is 'Failed means that the latest check did not find the token.';
comment on column control.tenant_domains.verification_token is 'What the tenant publishes in a DNS TXT record; not a secret.';
comment on column control.tenant_domains.verified_at is 'Last time the token was found.';
comment on column control.tenant_domains.last_error is 'Why the latest check failed, in words for staff.';

create table control.tenant_policies (
    id uuid constraint tenant_policies_pkey primary key,
    tenant_id uuid not null
        constraint tenant_policies_tenant_id_key unique
        constraint tenant_policies_tenant_id_fkey references control.tenants (id) on delete cascade,
    default_visibility text not null default 'workspace'
        constraint tenant_policies_default_visibility_check check (
            default_visibility in ('private', 'workspace', 'tenant')
        ),
    external_sharing_allowed boolean not null default false,
    public_links_allowed boolean not null default false,
    session_idle_minutes integer not null default 30
        constraint tenant_policies_session_idle_minutes_check check (
            session_idle_minutes between 5 and 1440
        ),
    session_absolute_hours integer not null default 12
        constraint tenant_policies_session_absolute_hours_check check (
            session_absolute_hours between 1 and 720
        ),
    mfa_required boolean not null default false,
    allowed_email_domains text[] not null default '{}'
        constraint tenant_policies_allowed_email_domains_check check (
            cardinality(allowed_email_domains) <= 100
            and array_position(allowed_email_domains, null) is null
        ),
    activity_retention_days integer not null default 90
        constraint tenant_policies_activity_retention_days_check check (
            activity_retention_days between 30 and 3650
        ),
    trash_retention_days integer not null default 30
        constraint tenant_policies_trash_retention_days_check check (
            trash_retention_days between 1 and 365
        ),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid
);

comment on table control.tenant_policies is 'Rules a tenant sets for its own people; one row each.';
comment on column control.tenant_policies.default_visibility is 'Who sees something new unless its maker says otherwise.';
comment on column control.tenant_policies.external_sharing_allowed is 'Whether things may be shared with people of other tenants.';
comment on column control.tenant_policies.public_links_allowed is 'Whether things may be shared by a link that needs no sign-in.';
comment on column control.tenant_policies.session_idle_minutes is 'An unused session ends after this long.';
comment on column control.tenant_policies.session_absolute_hours is 'Every session ends after this long, used or not.';
comment on column control.tenant_policies.mfa_required is 'Whether its people need a second factor.';
comment on column control.tenant_policies.allowed_email_domains is 'Only addresses under these domains can be invited; none listed means any.';
comment on column control.tenant_policies.activity_retention_days is 'How long the activity log of the tenant is kept.';
comment on column control.tenant_policies.trash_retention_days is 'How long deleted things can be restored.';

create table control.workspaces (
    id uuid constraint workspaces_pkey primary key,
    tenant_id uuid not null
        constraint workspaces_tenant_id_fkey references control.tenants (id),
    name text not null
        constraint workspaces_name_check check (char_length(name) between 1 and 200 and name = btrim(name)),
    name_sort text collate "C" not null generated always as (lower(name collate "C")) stored,
    status text not null default 'active'
        constraint workspaces_status_check check (status in ('active', 'archived')),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid,
    constraint workspaces_id_tenant_id_key unique (id, tenant_id)
);

create index workspaces_tenant_id_idx on control.workspaces (tenant_id, name_sort, id);

comment on table control.workspaces is 'Rooms within a tenant in which its people work together.';
comment on column control.workspaces.name_sort is 'The name with A to Z folded to small letters, which is what lists sort by.';
comment on constraint workspaces_id_tenant_id_key on control.workspaces is 'Lets rows that name a workspace and a tenant prove that the two belong together.';

create table control.workspace_members (
    id uuid constraint workspace_members_pkey primary key,
    workspace_id uuid not null,
    tenant_id uuid not null,
    user_id uuid not null
        constraint workspace_members_user_id_fkey references control.users (id),
    role text not null default 'member'
        constraint workspace_members_role_check check (role in ('owner', 'admin', 'member', 'viewer')),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid,
    constraint workspace_members_workspace_id_fkey foreign key (workspace_id, tenant_id)
        references control.workspaces (id, tenant_id)
);

create unique index workspace_members_user_id_key on control.workspace_members (workspace_id, user_id)
    where deleted_at is null;
create index workspace_members_workspace_id_idx on control.workspace_members (workspace_id, tenant_id);
create index workspace_members_tenant_id_idx on control.workspace_members (tenant_id, user_id);
create index workspace_members_user_id_idx on control.workspace_members (user_id, tenant_id);

comment on table control.workspace_members is 'Who belongs to a workspace, and thereby to its tenant.';
comment on column control.workspace_members.tenant_id is 'The tenant of the workspace, repeated here so that rows can be told apart by tenant.';
comment on column control.workspace_members.role is 'What the person may do inside the workspace; it grants nothing in the console.';
