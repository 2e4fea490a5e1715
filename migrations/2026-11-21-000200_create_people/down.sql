drop table control.login_attempts;
drop table control.sessions;
drop table control.user_credentials;
drop table control.users;
