drop index control.users_staff_idx;
drop index control.users_last_login_at_idx;
drop index control.user_credentials_password_reset_key;
drop index control.user_credentials_invitation_key;
delete from control.user_credentials where kind in ('invitation', 'password_reset');
alter table control.user_credentials
    drop constraint user_credentials_expires_at_check,
    add constraint user_credentials_expires_at_check check (kind <> 'sign_in_link' or expires_at is not null),
    drop constraint user_credentials_kind_check,
    add constraint user_credentials_kind_check check (
        kind in ('password', 'sign_in_link', 'totp', 'passkey', 'recovery_code')
    );
comment on column control.user_credentials.expires_at is 'Not accepted from this moment on; always set for sign-in links.';
comment on column control.user_credentials.secret_hash is 'Hash of what the person knows; empty for kinds that keep a key in parameters instead.';
