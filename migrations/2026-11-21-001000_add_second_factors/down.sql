drop table control.ceremonies;

delete from control.login_attempts where outcome = 'wrong_factor';
alter table control.login_attempts
    drop constraint login_attempts_outcome_check,
    add constraint login_attempts_outcome_check check (
        outcome in ('success', 'wrong_password', 'unknown_account', 'throttled', 'inactive')
    );

alter table control.user_credentials drop column last_step;

alter table control.sessions
    drop constraint sessions_elevation_check,
    drop column awaits,
    drop column factors,
    drop column elevated_until,
    drop column elevated_by;
