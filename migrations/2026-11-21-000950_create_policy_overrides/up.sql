create table control.policy_overrides (
    id uuid constraint policy_overrides_pkey primary key,
    tenant_id uuid not null
        constraint policy_overrides_tenant_id_fkey references control.tenants (id) on delete cascade,
    policy text not null
        constraint policy_overrides_policy_check check (
            policy in (
                'default_visibility', 'external_sharing_allowed', 'public_links_allowed', 'session_idle_minutes',
                'session_absolute_hours', 'mfa_required', 'allowed_email_domains', 'activity_retention_days',
                'trash_retention_days'
            )
        ),
    value jsonb not null,
    reason text not null
        constraint policy_overrides_reason_check check (char_length(reason) between 1 and 2000),
    expires_at timestamptz not null,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid,
    constraint policy_overrides_expires_at_check check (expires_at > created_at)
);

create unique index policy_overrides_policy_key on control.policy_overrides (tenant_id, policy)
    where deleted_at is null;
create index policy_overrides_tenant_id_idx on control.policy_overrides (tenant_id, created_at desc, id desc);

comment on table control.policy_overrides is 'A policy of a tenant that holds for a while instead of the one the tenant set.';
comment on column control.policy_overrides.policy is 'The column of tenant_policies that it stands in for.';
comment on column control.policy_overrides.value is 'What holds meanwhile, of the type of that column.';
comment on column control.policy_overrides.expires_at is 'From then on the policy of the tenant holds again.';
