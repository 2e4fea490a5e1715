create table control.access_reviews (
    id uuid constraint access_reviews_pkey primary key,
    name text not null
        constraint access_reviews_name_check check (char_length(name) between 1 and 200 and name = btrim(name)),
    covers text not null
        constraint access_reviews_covers_check check (covers in ('all', 'role', 'tenant', 'unused')),
    role_id uuid
        constraint access_reviews_role_id_fkey references control.roles (id),
    tenant_id uuid
        constraint access_reviews_tenant_id_fkey references control.tenants (id),
    unused_days integer
        constraint access_reviews_unused_days_check check (unused_days between 1 and 3650),
    note text not null default ''
        constraint access_reviews_note_check check (char_length(note) <= 2000),
    due_at timestamptz not null
        constraint access_reviews_due_at_check check (due_at > created_at),
    reminded_at timestamptz,
    closed_at timestamptz,
    closed_by uuid,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    constraint access_reviews_scope_check check (
        (covers = 'role') = (role_id is not null)
        and (covers = 'tenant') = (tenant_id is not null)
        and (covers = 'unused') = (unused_days is not null)
    )
);

create index access_reviews_created_at_idx on control.access_reviews (created_at desc, id desc);
create index access_reviews_due_at_idx on control.access_reviews (due_at, id);
create index access_reviews_role_id_idx on control.access_reviews (role_id) where role_id is not null;
create index access_reviews_tenant_id_idx on control.access_reviews (tenant_id) where tenant_id is not null;

comment on table control.access_reviews is 'Campaigns in which people look at assignments and say which are still needed; what nobody answers ends with the campaign.';
comment on column control.access_reviews.covers is 'Which assignments it is about: all that were live when it began, those of a role, those on a tenant and its clients, or those nobody used for some days.';
comment on column control.access_reviews.unused_days is 'Set for what was not used: for how many days, counted from when it was given for what was never used.';
comment on column control.access_reviews.note is 'What reviewers are to look at.';
comment on column control.access_reviews.due_at is 'When a job closes it.';
comment on column control.access_reviews.reminded_at is 'When the reviewers were told that it is about to close.';
comment on column control.access_reviews.closed_at is 'From then on nothing of it changes; empty while it is open.';
comment on column control.access_reviews.closed_by is 'Who closed it; empty when the clock did.';

create table control.access_review_items (
    id uuid constraint access_review_items_pkey primary key,
    review_id uuid not null
        constraint access_review_items_review_id_fkey references control.access_reviews (id),
    assignment_id uuid not null
        constraint access_review_items_assignment_id_fkey references control.assignments (id),
    principal_kind text not null
        constraint access_review_items_principal_kind_check check (principal_kind in ('user', 'group', 'department')),
    principal_name text not null,
    principal_email text,
    -- Lists must come out in one order on every server, whatever its locale.
    principal_sort text collate "C" not null generated always as (lower(principal_name collate "C")) stored,
    role_id uuid not null
        constraint access_review_items_role_id_fkey references control.roles (id),
    role_name text not null,
    scope_kind text not null
        constraint access_review_items_scope_kind_check check (scope_kind in ('platform', 'tenant', 'client')),
    tenant_id uuid
        constraint access_review_items_tenant_id_fkey references control.tenants (id),
    tenant_name text,
    client_id uuid,
    client_name text,
    granted_at timestamptz not null,
    granted_by uuid,
    granted_reason text not null,
    last_used_at timestamptz,
    expires_at timestamptz,
    outcome text not null default 'undecided'
        constraint access_review_items_outcome_check check (
            outcome in ('undecided', 'kept', 'reduced', 'removed', 'expired', 'gone', 'last_founder')
        ),
    reason text
        constraint access_review_items_reason_check check (char_length(reason) between 1 and 2000),
    decided_at timestamptz,
    decided_by uuid,
    replacement_id uuid
        constraint access_review_items_replacement_id_fkey references control.assignments (id),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    constraint access_review_items_client_id_fkey foreign key (client_id, tenant_id)
        references control.clients (id, tenant_id),
    constraint access_review_items_assignment_id_key unique (review_id, assignment_id),
    constraint access_review_items_decided_at_check check ((outcome = 'undecided') = (decided_at is null)),
    constraint access_review_items_replacement_id_check check ((outcome = 'reduced') = (replacement_id is not null)),
    constraint access_review_items_why_check check (outcome not in ('reduced', 'removed') or reason is not null)
);

-- Who was never used comes first.
create index access_review_items_last_used_at_idx on control.access_review_items
    (review_id, (coalesce(last_used_at, timestamptz '1970-01-01 00:00:00+00')), id);
create index access_review_items_principal_sort_idx on control.access_review_items (review_id, principal_sort, id);
create index access_review_items_outcome_idx on control.access_review_items (review_id, outcome);
create index access_review_items_assignment_id_idx on control.access_review_items (assignment_id);
create index access_review_items_role_id_idx on control.access_review_items (role_id);
create index access_review_items_tenant_id_idx on control.access_review_items (tenant_id) where tenant_id is not null;
create index access_review_items_client_id_idx on control.access_review_items (client_id, tenant_id)
    where client_id is not null;
create index access_review_items_replacement_id_idx on control.access_review_items (replacement_id)
    where replacement_id is not null;

comment on table control.access_review_items is 'The assignments of a campaign as they were when it began, and what was decided about each; evidence, so that the facts never change and nothing does once the campaign is closed.';
comment on column control.access_review_items.principal_kind is 'Who held it: a person, a group or a department.';
comment on column control.access_review_items.principal_sort is 'The name with A to Z folded to small letters, which is what lists sort by.';
comment on column control.access_review_items.granted_by is 'Who gave it; empty when the program did.';
comment on column control.access_review_items.last_used_at is 'Last use before the campaign began; empty for never.';
comment on column control.access_review_items.outcome is 'Kept, reduced and removed are decisions; expired was not answered in time, gone had ended before anybody answered, last_founder was not answered and stays since somebody must.';
comment on column control.access_review_items.reason is 'Why it was decided so; always there for reduced and removed.';
comment on column control.access_review_items.decided_at is 'When it was decided or closed.';
comment on column control.access_review_items.decided_by is 'Who decided; empty when the clock closed the campaign.';
comment on column control.access_review_items.replacement_id is 'The smaller assignment that was given instead.';
