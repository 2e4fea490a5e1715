create table control.users (
    id uuid constraint users_pkey primary key,
    kind text not null default 'human'
        constraint users_kind_check check (kind in ('human', 'service')),
    email citext not null
        constraint users_email_check check (
            char_length(email::text) between 3 and 254
            and email::text ~ '^[^@[:space:]]+@[^@[:space:]]+$'
        ),
    name text not null
        constraint users_name_check check (char_length(name) between 1 and 200 and name = btrim(name)),
    -- Lists must come out in one order on every server, whatever its locale.
    name_sort text collate "C" not null generated always as (lower(name collate "C")) stored,
    status text not null default 'pending'
        constraint users_status_check check (
            status in ('pending', 'active', 'locked', 'suspended', 'deactivated')
        ),
    is_staff boolean not null default false,
    locale text not null default 'en'
        constraint users_locale_check check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    time_zone text not null default 'UTC'
        constraint users_time_zone_check check (char_length(time_zone) between 1 and 64),
    email_verified_at timestamptz,
    last_login_at timestamptz,
    failed_login_count integer not null default 0
        constraint users_failed_login_count_check check (failed_login_count >= 0),
    locked_until timestamptz,
    mfa_enabled boolean not null default false,
    authority_epoch integer not null default 1
        constraint users_authority_epoch_check check (authority_epoch >= 1),
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    deleted_at timestamptz,
    deleted_by uuid
);

create unique index users_email_key on control.users (email) where deleted_at is null;
create index users_name_sort_idx on control.users (name_sort, id) where deleted_at is null;
create index users_created_at_idx on control.users (created_at desc, id desc) where deleted_at is null;
create index users_status_idx on control.users (status) where deleted_at is null;
-- Without a list of pending entries, which every search would read to its end.
create index users_name_trgm_idx on control.users using gin (name gin_trgm_ops) with (fastupdate = off);
create index users_email_trgm_idx on control.users using gin ((email::text) gin_trgm_ops) with (fastupdate = off);

comment on table control.users is 'Everybody who can sign in or be named as an actor: staff of the platform, people of tenants and service accounts.';
comment on column control.users.kind is 'A human signs in with a browser; a service acts with tokens only.';
comment on column control.users.email is 'Sign-in name, compared without regard to case and unique among people who are not deleted.';
comment on column control.users.name_sort is 'The name with A to Z folded to small letters, which is what lists sort by.';
comment on column control.users.status is 'Pending has not signed in yet, locked ends by itself or by support, suspended and deactivated end by decision.';
comment on column control.users.is_staff is 'Whether this person may open the console at all; what they may do there is in assignments.';
comment on column control.users.locale is 'Language tag used for formatting.';
comment on column control.users.time_zone is 'IANA zone in which times are shown to this person.';
comment on column control.users.email_verified_at is 'When the person proved that they receive mail at this address.';
comment on column control.users.failed_login_count is 'Failed sign-ins since the last one that worked.';
comment on column control.users.locked_until is 'No sign-in before this moment.';
comment on column control.users.mfa_enabled is 'Whether sign-in asks for a second factor.';
comment on column control.users.authority_epoch is 'Raised to end every session of this person at once; a session that carries a lower number is dead.';

create table control.user_credentials (
    id uuid constraint user_credentials_pkey primary key,
    user_id uuid not null
        constraint user_credentials_user_id_fkey references control.users (id) on delete cascade,
    kind text not null
        constraint user_credentials_kind_check check (
            kind in ('password', 'sign_in_link', 'totp', 'passkey', 'recovery_code')
        ),
    secret_hash text
        constraint user_credentials_secret_hash_check check (
            case when kind in ('password', 'sign_in_link', 'recovery_code')
                then secret_hash is not null and char_length(secret_hash) between 32 and 1000
                else secret_hash is null
            end
        ),
    parameters jsonb not null default '{}'
        constraint user_credentials_parameters_check check (jsonb_typeof(parameters) = 'object'),
    label text not null default ''
        constraint user_credentials_label_check check (char_length(label) <= 200),
    expires_at timestamptz
        constraint user_credentials_expires_at_check check (
            kind <> 'sign_in_link' or expires_at is not null
        ),
    used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid
);

create unique index user_credentials_password_key on control.user_credentials (user_id)
    where kind = 'password' and revoked_at is null;
-- A sign-in link brings its secret and nothing else, so that is how it is found.
create unique index user_credentials_sign_in_link_key on control.user_credentials (secret_hash)
    where kind = 'sign_in_link';
create index user_credentials_user_id_idx on control.user_credentials (user_id, kind);

comment on table control.user_credentials is 'The ways in which a person can prove who they are.';
comment on column control.user_credentials.secret_hash is 'Hash of what the person knows; empty for kinds that keep a key in parameters instead.';
comment on column control.user_credentials.parameters is 'What the kind needs besides a hash, such as a public key or an encrypted seed with its last used step; treated as secret.';
comment on column control.user_credentials.label is 'Name the person gave it, to tell two devices apart.';
comment on column control.user_credentials.expires_at is 'Not accepted from this moment on; always set for sign-in links.';
comment on column control.user_credentials.used_at is 'Last use; for links and recovery codes the only one.';

-- Every request moves last_seen_at; free room in the page and no index on it keep that cheap.
create table control.sessions (
    id uuid constraint sessions_pkey primary key,
    user_id uuid not null
        constraint sessions_user_id_fkey references control.users (id) on delete cascade,
    token_hash bytea not null
        constraint sessions_token_hash_key unique
        constraint sessions_token_hash_check check (octet_length(token_hash) = 32),
    user_epoch integer not null,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    idle_expires_at timestamptz not null,
    absolute_expires_at timestamptz not null
        constraint sessions_absolute_expires_at_check check (absolute_expires_at > created_at),
    authenticated_at timestamptz not null default now(),
    user_agent_family text
        constraint sessions_user_agent_family_check check (char_length(user_agent_family) <= 100),
    network_hash bytea,
    device_id uuid,
    rotated_from uuid
        constraint sessions_rotated_from_fkey references control.sessions (id) on delete set null,
    revoked_at timestamptz,
    revoked_reason text
        constraint sessions_revoked_reason_check check (
            revoked_reason in (
                'signed_out', 'rotated', 'ended_by_owner', 'ended_by_staff',
                'too_many', 'credential_changed', 'account_changed'
            )
        ),
    revoked_by uuid,
    constraint sessions_revocation_check check ((revoked_at is null) = (revoked_reason is null))
) with (fillfactor = 80);

create index sessions_user_id_idx on control.sessions (user_id, created_at desc, id desc);
create index sessions_rotated_from_idx on control.sessions (rotated_from);
create index sessions_absolute_expires_at_idx on control.sessions (absolute_expires_at);

comment on table control.sessions is 'Signed-in browsers; a session is alive while it is not revoked, neither expiry has passed and its epoch is the current one of the person.';
comment on column control.sessions.token_hash is 'SHA-256 of the token in the cookie; the token itself is stored nowhere.';
comment on column control.sessions.user_epoch is 'The authority epoch of the person when the session began.';
comment on column control.sessions.idle_expires_at is 'Moves forward with use.';
comment on column control.sessions.absolute_expires_at is 'Never moves; signing in again is then required.';
comment on column control.sessions.authenticated_at is 'When a credential was last given, which decides whether a dangerous action asks for it again.';
comment on column control.sessions.user_agent_family is 'Browser and system in words, for the person to recognise the session.';
comment on column control.sessions.network_hash is 'Keyed hash of the network the session was last seen on, never the bare address.';
comment on column control.sessions.device_id is 'Identifier in the long-lived device cookie.';
comment on column control.sessions.rotated_from is 'The session that this one replaced when its token was renewed.';
comment on column control.sessions.revoked_by is 'Who ended it; empty when the system did.';

create table control.login_attempts (
    id uuid constraint login_attempts_pkey primary key,
    occurred_at timestamptz not null default now(),
    account_hash bytea not null,
    user_id uuid,
    network_hash bytea,
    device_id uuid,
    outcome text not null
        constraint login_attempts_outcome_check check (
            outcome in ('success', 'wrong_password', 'unknown_account', 'throttled', 'inactive')
        ),
    request_id uuid
);

create index login_attempts_occurred_at_idx on control.login_attempts (occurred_at desc, id desc);
create index login_attempts_account_hash_idx on control.login_attempts (account_hash, occurred_at desc);
create index login_attempts_network_hash_idx on control.login_attempts (network_hash, occurred_at desc);
create index login_attempts_user_id_idx on control.login_attempts (user_id, occurred_at desc)
    where user_id is not null;

comment on table control.login_attempts is 'Log of sign-in attempts, which slows down guessing and feeds the failure count on the overview.';
comment on column control.login_attempts.account_hash is 'Keyed hash of the address that was typed, so that addresses of strangers are not collected.';
comment on column control.login_attempts.user_id is 'The person meant, when there is one; not a reference, so that the log outlives the account.';
comment on column control.login_attempts.network_hash is 'Keyed hash of the network the attempt came from.';
comment on column control.login_attempts.device_id is 'Device cookie sent along; a known device is not slowed down by the failures of others.';
