-- The vocabulary has names with digits, such as malicious_excess_404.
alter table audit.security_events
    drop constraint security_events_kind_check,
    add constraint security_events_kind_check check (kind ~ '^[a-z][a-z0-9_]*$') not valid;
