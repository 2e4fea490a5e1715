alter table control.sessions
    add column identity_id uuid
        constraint sessions_identity_id_fkey references control.user_identities (id) on delete set null,
    add column oidc_sid text
        constraint sessions_oidc_sid_check check (char_length(oidc_sid) between 1 and 255),
    drop constraint sessions_factors_check,
    add constraint sessions_factors_check check (
        factors <@ array['password', 'link', 'totp', 'passkey', 'recovery_code', 'oidc', 'provider_factor']
    ),
    drop constraint sessions_revoked_reason_check,
    add constraint sessions_revoked_reason_check check (
        revoked_reason in (
            'signed_out', 'rotated', 'ended_by_owner', 'ended_by_staff',
            'too_many', 'credential_changed', 'account_changed', 'ended_by_provider'
        )
    );

-- Most sessions have none, and a provider's logout looks for those that are alive.
create index sessions_identity_id_idx on control.sessions (identity_id) where identity_id is not null;

comment on column control.sessions.identity_id is 'With which identity the person signed in; empty for a password or a link.';
comment on column control.sessions.oidc_sid is 'What the provider calls its own session, by which its logout finds this one.';

alter table control.login_attempts
    drop constraint login_attempts_outcome_check,
    add constraint login_attempts_outcome_check check (
        outcome in (
            'success', 'wrong_password', 'unknown_account', 'throttled', 'inactive', 'wrong_factor', 'wrong_token'
        )
    );

alter table control.ceremonies
    alter column session_id drop not null,
    add column bound_to bytea
        constraint ceremonies_bound_to_check check (octet_length(bound_to) = 32),
    add column used_at timestamptz,
    drop constraint ceremonies_kind_check,
    add constraint ceremonies_kind_check check (
        kind in ('registration', 'assertion', 'oidc_sign_in', 'oidc_link', 'oidc_confirmation', 'oidc_logout')
    ),
    add constraint ceremonies_binding_check check (
        case when kind in ('oidc_sign_in', 'oidc_logout') then bound_to is not null else session_id is not null end
    );

-- A provider's logout counts once.
create unique index ceremonies_logout_key on control.ceremonies (bound_to) where kind = 'oidc_logout';

comment on table control.ceremonies is 'What a browser was asked, by a passkey''s page or on its way to an identity provider, until the answer comes; each is used once.';
comment on column control.ceremonies.session_id is 'The only session whose answer counts, complete or not; empty while nobody is signed in.';
comment on column control.ceremonies.kind is 'Registration makes a passkey known, assertion uses one; the others are of sign-in, linking and logout with an identity provider.';
comment on column control.ceremonies.state is 'What the answer has to fit: a passkey''s challenge, or the nonce and verifier that a provider''s answer is checked with; empty once used.';
comment on column control.ceremonies.bound_to is 'Hash of the cookie of the only browser whose answer counts; of a logout, of the token''s issuer and id.';
comment on column control.ceremonies.used_at is 'When a provider''s answer came, so that a second one is known for a replay.';
