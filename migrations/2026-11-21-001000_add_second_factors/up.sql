alter table control.sessions
    add column awaits text
        constraint sessions_awaits_check check (awaits = 'factor'),
    add column factors text[] not null default '{}'
        constraint sessions_factors_check check (
            factors <@ array['password', 'link', 'totp', 'passkey', 'recovery_code']
        ),
    add column elevated_until timestamptz,
    add column elevated_by text
        constraint sessions_elevated_by_check check (
            elevated_by in ('password', 'link', 'totp', 'passkey', 'recovery_code')
        ),
    add constraint sessions_elevation_check check (
        (elevated_until is null) = (elevated_by is null) and (awaits is null or elevated_until is null)
    );

comment on column control.sessions.awaits is 'What is still missing before the session carries any authority; empty for a complete one.';
comment on column control.sessions.factors is 'With what the person proved who they are when the session began.';
comment on column control.sessions.elevated_until is 'Dangerous actions are possible until this moment, after the person proved again who they are.';
comment on column control.sessions.elevated_by is 'With what they proved it.';

alter table control.user_credentials
    add column last_step bigint;

comment on column control.user_credentials.last_step is 'For authenticator apps: the thirty seconds whose code was used last; it and earlier ones are not accepted any more.';

alter table control.login_attempts
    drop constraint login_attempts_outcome_check,
    add constraint login_attempts_outcome_check check (
        outcome in ('success', 'wrong_password', 'unknown_account', 'throttled', 'inactive', 'wrong_factor')
    );

create table control.ceremonies (
    id uuid constraint ceremonies_pkey primary key,
    session_id uuid not null
        constraint ceremonies_session_id_fkey references control.sessions (id) on delete cascade,
    kind text not null
        constraint ceremonies_kind_check check (kind in ('registration', 'assertion')),
    state jsonb not null
        constraint ceremonies_state_check check (jsonb_typeof(state) = 'object'),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
        constraint ceremonies_expires_at_check check (expires_at > created_at)
);

create index ceremonies_session_id_idx on control.ceremonies (session_id);
create index ceremonies_expires_at_idx on control.ceremonies (expires_at);

comment on table control.ceremonies is 'What a passkey was asked to sign, between the page that asks and the answer; each is used once and gone.';
comment on column control.ceremonies.session_id is 'The only session whose answer counts, complete or not.';
comment on column control.ceremonies.kind is 'Registration makes a passkey known, assertion uses one.';
comment on column control.ceremonies.state is 'The challenge and what the answer has to fit, as the WebAuthn library writes it.';
comment on column control.ceremonies.expires_at is 'Answers that come later are refused.';
