create table control.clients (
    id uuid constraint clients_pkey primary key,
    tenant_id uuid not null
        constraint clients_tenant_id_fkey references control.tenants (id),
    slug text collate "C" not null
        constraint clients_slug_check check (
            char_length(slug) between 2 and 63 and slug ~ '^[a-z0-9](-?[a-z0-9])*$'
        ),
    name text not null
        constraint clients_name_check check (char_length(name) between 1 and 200 and name = btrim(name)),
    -- Lists must come out in one order on every server, whatever its locale.
    name_sort text collate "C" not null generated always as (lower(name collate "C")) stored,
    status text not null default 'draft'
        constraint clients_status_check check (status in ('draft', 'active', 'paused', 'archived')),
    industry text
        constraint clients_industry_check check (char_length(industry) between 1 and 100),
    website text
        constraint clients_website_check check (
            char_length(website) <= 2048 and website ~* '^https?://[^[:space:]]+$'
        ),
    contact_name text
        constraint clients_contact_name_check check (char_length(contact_name) between 1 and 200),
    contact_email citext
        constraint clients_contact_email_check check (
            char_length(contact_email::text) between 3 and 254
            and contact_email::text ~ '^[^@[:space:]]+@[^@[:space:]]+$'
        ),
    notes text not null default ''
        constraint clients_notes_check check (char_length(notes) <= 10000),
    last_activity_at timestamptz not null default now(),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid,
    constraint clients_id_tenant_id_key unique (id, tenant_id)
);

create unique index clients_slug_key on control.clients (tenant_id, slug) where deleted_at is null;
create index clients_name_sort_idx on control.clients (name_sort, id) where deleted_at is null;
create index clients_created_at_idx on control.clients (created_at desc, id desc) where deleted_at is null;
create index clients_last_activity_at_idx on control.clients (last_activity_at desc, id desc)
    where deleted_at is null;
-- One state is read in the order of the list; several are filtered out of it.
create index clients_status_idx on control.clients (status, created_at desc, id desc) where deleted_at is null;
create index clients_deleted_at_idx on control.clients (created_at desc, id desc)
    where deleted_at is not null;
create index clients_tenant_id_name_sort_idx on control.clients (tenant_id, name_sort, id)
    where deleted_at is null;
-- Covers deleted rows too, so that it also serves the foreign key.
create index clients_tenant_id_created_at_idx on control.clients (tenant_id, created_at desc, id desc);
create index clients_tenant_id_last_activity_at_idx
    on control.clients (tenant_id, last_activity_at desc, id desc)
    where deleted_at is null;
-- Without a list of pending entries, which every search would read to its end.
create index clients_name_trgm_idx on control.clients using gin (name gin_trgm_ops) with (fastupdate = off);
create index clients_slug_trgm_idx on control.clients using gin (slug gin_trgm_ops) with (fastupdate = off);

comment on table control.clients is 'Customers of a tenant, for whom sites are configured and deployed.';
comment on column control.clients.slug is 'Short name in addresses, unique within the tenant among clients that are not deleted.';
comment on column control.clients.name_sort is 'The name with A to Z folded to small letters, which is what lists sort by.';
comment on column control.clients.status is 'Draft has never been live, paused is offline for a while, archived is kept for reference.';
comment on column control.clients.contact_name is 'Person to talk to at the client.';
comment on column control.clients.notes is 'Remarks by staff that the client does not see.';
comment on column control.clients.last_activity_at is 'Last deployment, edit or visit that counts as a sign of life.';
comment on constraint clients_id_tenant_id_key on control.clients is 'Lets rows that name a client and a tenant prove that the two belong together.';

create table control.client_customizations (
    id uuid constraint client_customizations_pkey primary key,
    client_id uuid not null,
    tenant_id uuid not null,
    template_id text not null
        constraint client_customizations_template_id_check check (
            char_length(template_id) between 1 and 100 and template_id = btrim(template_id)
        ),
    settings jsonb not null default '{}'
        constraint client_customizations_settings_check check (jsonb_typeof(settings) = 'object'),
    brand_primary_color text
        constraint client_customizations_brand_primary_color_check check (
            brand_primary_color ~ '^#[0-9A-Fa-f]{6}$'
        ),
    brand_logo_url text
        constraint client_customizations_brand_logo_url_check check (
            char_length(brand_logo_url) <= 2048 and brand_logo_url ~* '^https://[^[:space:]]+$'
        ),
    status text not null default 'draft'
        constraint client_customizations_status_check check (status in ('draft', 'published')),
    published_at timestamptz
        constraint client_customizations_published_at_check check (
            status <> 'published' or published_at is not null
        ),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid,
    constraint client_customizations_client_id_fkey foreign key (client_id, tenant_id)
        references control.clients (id, tenant_id)
);

create unique index client_customizations_template_id_key
    on control.client_customizations (client_id, template_id)
    where deleted_at is null;
create index client_customizations_client_id_idx
    on control.client_customizations (client_id, created_at desc, id desc);
create index client_customizations_tenant_id_idx
    on control.client_customizations (tenant_id, created_at desc, id desc);

comment on table control.client_customizations is 'What a client changed about a template.';
comment on column control.client_customizations.tenant_id is 'The tenant of the client, repeated here so that rows can be told apart by tenant.';
comment on column control.client_customizations.template_id is 'Name of the template, which the deployment system knows.';
comment on column control.client_customizations.settings is 'Values for the template by name.';
comment on column control.client_customizations.brand_primary_color is 'Six hexadecimal digits after a hash sign.';
comment on column control.client_customizations.status is 'Published means that the next deployment uses it; an edit makes it a draft again.';
comment on column control.client_customizations.published_at is 'Last time it was published.';
