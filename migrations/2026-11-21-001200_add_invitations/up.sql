alter table control.user_credentials
    drop constraint user_credentials_kind_check,
    add constraint user_credentials_kind_check check (
        kind in ('password', 'sign_in_link', 'totp', 'passkey', 'recovery_code', 'invitation', 'password_reset')
    ),
    drop constraint user_credentials_expires_at_check,
    add constraint user_credentials_expires_at_check check (
        kind not in ('sign_in_link', 'invitation', 'password_reset') or expires_at is not null
    );

-- One that counts at a time, so that the latest mail is the one that works.
create unique index user_credentials_invitation_key on control.user_credentials (user_id)
    where kind = 'invitation' and used_at is null and revoked_at is null;
create unique index user_credentials_password_reset_key on control.user_credentials (user_id)
    where kind = 'password_reset' and used_at is null and revoked_at is null;

comment on column control.user_credentials.expires_at is 'Not accepted from this moment on; always set for links, invitations and password resets.';
comment on column control.user_credentials.secret_hash is 'Hash of what the person knows; empty for kinds that keep a key in parameters instead, and for invitations and password resets, whose links are signed and stored nowhere.';

-- Lists of people by their last sign-in, and of the few who are staff among the many who are not.
create index users_last_login_at_idx on control.users
    ((coalesce(last_login_at, timestamptz '1970-01-01 00:00:00+00')), id) where deleted_at is null;
create index users_staff_idx on control.users (created_at desc, id desc) where is_staff and deleted_at is null;
