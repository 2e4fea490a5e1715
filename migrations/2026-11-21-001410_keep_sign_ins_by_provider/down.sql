delete from control.ceremonies where kind not in ('registration', 'assertion');
drop index control.ceremonies_logout_key;
alter table control.ceremonies
    drop constraint ceremonies_binding_check,
    drop constraint ceremonies_kind_check,
    add constraint ceremonies_kind_check check (kind in ('registration', 'assertion')),
    drop column bound_to,
    drop column used_at,
    alter column session_id set not null;
comment on table control.ceremonies is 'What a passkey was asked to sign, between the page that asks and the answer; each is used once and gone.';
comment on column control.ceremonies.session_id is 'The only session whose answer counts, complete or not.';
comment on column control.ceremonies.kind is 'Registration makes a passkey known, assertion uses one.';
comment on column control.ceremonies.state is 'The challenge and what the answer has to fit, as the WebAuthn library writes it.';

delete from control.login_attempts where outcome = 'wrong_token';
alter table control.login_attempts
    drop constraint login_attempts_outcome_check,
    add constraint login_attempts_outcome_check check (
        outcome in ('success', 'wrong_password', 'unknown_account', 'throttled', 'inactive', 'wrong_factor')
    );

delete from control.sessions where 'oidc' = any (factors) or revoked_reason = 'ended_by_provider';
drop index control.sessions_identity_id_idx;
alter table control.sessions
    drop column identity_id,
    drop column oidc_sid,
    drop constraint sessions_factors_check,
    add constraint sessions_factors_check check (
        factors <@ array['password', 'link', 'totp', 'passkey', 'recovery_code']
    ),
    drop constraint sessions_revoked_reason_check,
    add constraint sessions_revoked_reason_check check (
        revoked_reason in (
            'signed_out', 'rotated', 'ended_by_owner', 'ended_by_staff',
            'too_many', 'credential_changed', 'account_changed'
        )
    );
