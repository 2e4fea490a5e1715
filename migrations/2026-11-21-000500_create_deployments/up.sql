create table control.client_deployments (
    id uuid constraint client_deployments_pkey primary key,
    client_id uuid not null,
    tenant_id uuid not null,
    environment text not null
        constraint client_deployments_environment_check check (
            environment in ('production', 'staging', 'development')
        ),
    status text not null default 'queued'
        constraint client_deployments_status_check check (
            status in ('queued', 'building', 'deploying', 'live', 'failed', 'rolled_back', 'cancelled')
        ),
    version_label text
        constraint client_deployments_version_label_check check (char_length(version_label) between 1 and 100),
    url text
        constraint client_deployments_url_check check (
            char_length(url) <= 2048 and url ~* '^https?://[^[:space:]]+$'
        ),
    triggered_by uuid,
    started_at timestamptz
        constraint client_deployments_started_at_check check (
            status in ('queued', 'failed', 'cancelled') or started_at is not null
        ),
    finished_at timestamptz
        constraint client_deployments_finished_at_check check (
            (status in ('live', 'failed', 'rolled_back', 'cancelled')) = (finished_at is not null)
        ),
    duration_ms bigint generated always as (
        (extract(epoch from (finished_at - started_at)) * 1000)::bigint
    ) stored,
    error_message text,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    constraint client_deployments_duration_check check (finished_at >= started_at),
    constraint client_deployments_id_client_id_tenant_id_key unique (id, client_id, tenant_id),
    constraint client_deployments_client_id_fkey foreign key (client_id, tenant_id)
        references control.clients (id, tenant_id)
);

create index client_deployments_created_at_idx on control.client_deployments (created_at desc, id desc);
create index client_deployments_status_idx
    on control.client_deployments (status, created_at desc, id desc);
create index client_deployments_client_id_idx
    on control.client_deployments (client_id, created_at desc, id desc);
create index client_deployments_tenant_id_idx
    on control.client_deployments (tenant_id, created_at desc, id desc);

comment on table control.client_deployments is 'Each time a site of a client was sent to an environment, or is being sent now.';
comment on column control.client_deployments.tenant_id is 'The tenant of the client, repeated here so that rows can be told apart by tenant.';
comment on column control.client_deployments.status is 'Live says how the deployment ended, not that nothing newer has replaced it since.';
comment on column control.client_deployments.version_label is 'Version of the site as people call it, such as a tag.';
comment on column control.client_deployments.url is 'Where the result can be seen.';
comment on column control.client_deployments.triggered_by is 'Who asked for it; empty when a schedule or another system did.';
comment on column control.client_deployments.duration_ms is 'From start to end, reckoned by the database.';
comment on column control.client_deployments.error_message is 'What went wrong, for people.';
comment on constraint client_deployments_id_client_id_tenant_id_key on control.client_deployments is 'Lets events of a deployment prove that their client and tenant are those of the deployment.';

create table control.deployment_tracking_events (
    id uuid constraint deployment_tracking_events_pkey primary key,
    deployment_id uuid not null,
    client_id uuid not null,
    tenant_id uuid not null,
    occurred_at timestamptz not null default now(),
    step text not null
        constraint deployment_tracking_events_step_check check (char_length(step) between 1 and 100),
    status text not null default 'info'
        constraint deployment_tracking_events_status_check check (
            status in ('info', 'success', 'warning', 'error')
        ),
    message text not null,
    details jsonb not null default '{}'
        constraint deployment_tracking_events_details_check check (jsonb_typeof(details) = 'object'),
    constraint deployment_tracking_events_deployment_id_fkey
        foreign key (deployment_id, client_id, tenant_id)
        references control.client_deployments (id, client_id, tenant_id)
);

create index deployment_tracking_events_deployment_id_idx
    on control.deployment_tracking_events (deployment_id, occurred_at, id);
create index deployment_tracking_events_client_id_idx
    on control.deployment_tracking_events (client_id, occurred_at desc, id desc);
create index deployment_tracking_events_tenant_id_idx
    on control.deployment_tracking_events (tenant_id, occurred_at desc, id desc);

comment on table control.deployment_tracking_events is 'Log of what happened during a deployment, step by step; rows are added and never changed.';
comment on column control.deployment_tracking_events.client_id is 'The client of the deployment, repeated here so that rows can be told apart by client.';
comment on column control.deployment_tracking_events.tenant_id is 'The tenant of the client, repeated here so that rows can be told apart by tenant.';
comment on column control.deployment_tracking_events.step is 'Part of the deployment that reported, such as build or health check.';
comment on column control.deployment_tracking_events.status is 'How serious the report is.';
comment on column control.deployment_tracking_events.details is 'Facts from the deployment system that the message leaves out.';

create table control.client_analytics (
    id uuid constraint client_analytics_pkey primary key,
    client_id uuid not null,
    tenant_id uuid not null,
    day date not null,
    page_views bigint not null default 0
        constraint client_analytics_page_views_check check (page_views >= 0),
    visitors bigint not null default 0
        constraint client_analytics_visitors_check check (visitors >= 0),
    conversions bigint not null default 0
        constraint client_analytics_conversions_check check (conversions >= 0),
    errors bigint not null default 0
        constraint client_analytics_errors_check check (errors >= 0),
    avg_load_ms integer
        constraint client_analytics_avg_load_ms_check check (avg_load_ms >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint client_analytics_client_id_day_key unique (client_id, day),
    constraint client_analytics_client_id_fkey foreign key (client_id, tenant_id)
        references control.clients (id, tenant_id)
);

create index client_analytics_tenant_id_idx on control.client_analytics (tenant_id, day);

comment on table control.client_analytics is 'Figures of the sites of a client, one row per day.';
comment on column control.client_analytics.tenant_id is 'The tenant of the client, repeated here so that rows can be told apart by tenant.';
comment on column control.client_analytics.day is 'Calendar day in UTC.';
comment on column control.client_analytics.visitors is 'Different visitors on that day; days cannot be added up.';
comment on column control.client_analytics.conversions is 'Visits that reached the goal of the site.';
comment on column control.client_analytics.errors is 'Requests that the site answered with an error of its own.';
comment on column control.client_analytics.avg_load_ms is 'Mean time until a page was usable; empty on a day without visits.';
