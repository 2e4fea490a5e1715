create table control.api_tokens (
    id uuid constraint api_tokens_pkey primary key,
    user_id uuid not null
        constraint api_tokens_user_id_fkey references control.users (id) on delete cascade,
    name text not null
        constraint api_tokens_name_check check (char_length(name) between 1 and 100 and name = btrim(name)),
    prefix text collate "C" not null
        constraint api_tokens_prefix_key unique
        constraint api_tokens_prefix_check check (prefix ~ '^[0-9a-f]{12}$'),
    token_hash bytea not null
        constraint api_tokens_token_hash_key unique
        constraint api_tokens_token_hash_check check (octet_length(token_hash) = 32),
    scopes text[] not null
        constraint api_tokens_scopes_check check (
            cardinality(scopes) between 1 and 200 and array_position(scopes, null) is null
        ),
    allowed_networks cidr[] not null default '{}'
        constraint api_tokens_allowed_networks_check check (
            cardinality(allowed_networks) <= 50 and array_position(allowed_networks, null) is null
        ),
    expires_at timestamptz
        constraint api_tokens_expires_at_check check (expires_at > created_at),
    last_used_at timestamptz,
    rotated_from uuid
        constraint api_tokens_rotated_from_fkey references control.api_tokens (id) on delete set null,
    overlap_ends_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid
);

create index api_tokens_user_id_idx on control.api_tokens (user_id, created_at desc, id desc);
create index api_tokens_created_at_idx on control.api_tokens (created_at desc, id desc);
create index api_tokens_rotated_from_idx on control.api_tokens (rotated_from);
-- Without a list of pending entries, which every search would read to its end.
create index api_tokens_name_trgm_idx on control.api_tokens using gin (name gin_trgm_ops) with (fastupdate = off);

comment on table control.api_tokens is 'Means by which programs read lists in the name of a person or a service; a token does what it is scoped to and its owner may do at that moment.';
comment on column control.api_tokens.prefix is 'The part of the token that is shown, to tell one from another.';
comment on column control.api_tokens.token_hash is 'SHA-256 of the token, which holds 256 random bits; the token itself is stored nowhere.';
comment on column control.api_tokens.scopes is 'Names of privileges; what the owner lacks counts for nothing.';
comment on column control.api_tokens.allowed_networks is 'Where it may be used from; empty means from anywhere.';
comment on column control.api_tokens.expires_at is 'Not accepted from this moment on; only tokens of services may have none.';
comment on column control.api_tokens.last_used_at is 'Last request that was let in, to within a minute.';
comment on column control.api_tokens.rotated_from is 'The token that this one replaced.';
comment on column control.api_tokens.overlap_ends_at is 'Set when it was replaced: it works until then, so that programs can be given the new one.';
comment on column control.api_tokens.revoked_at is 'Ends it at once and for good.';

create table control.api_token_usage (
    token_id uuid not null
        constraint api_token_usage_token_id_fkey references control.api_tokens (id) on delete cascade,
    hour timestamptz not null,
    requests integer not null default 0
        constraint api_token_usage_requests_check check (requests >= 0),
    refused integer not null default 0
        constraint api_token_usage_refused_check check (refused >= 0),
    minute timestamptz not null,
    minute_requests integer not null default 0
        constraint api_token_usage_minute_requests_check check (minute_requests >= 0),
    constraint api_token_usage_pkey primary key (token_id, hour)
) with (fillfactor = 80);

create index api_token_usage_hour_idx on control.api_token_usage (hour);

comment on table control.api_token_usage is 'How often each token was used, by the hour; the row of the running hour also says how fast.';
comment on column control.api_token_usage.requests is 'Requests that were let in.';
comment on column control.api_token_usage.refused is 'Requests that were not, because the token had ended, came from elsewhere or was too fast.';
comment on column control.api_token_usage.minute is 'The latest minute with a request.';
comment on column control.api_token_usage.minute_requests is 'All requests in that minute, which the rate limit looks at.';
