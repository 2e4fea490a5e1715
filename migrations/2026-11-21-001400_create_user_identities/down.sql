drop table control.user_identities;
