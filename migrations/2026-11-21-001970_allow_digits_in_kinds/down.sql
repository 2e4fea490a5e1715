-- What was written meanwhile stays, for the log is append-only.
alter table audit.security_events
    drop constraint security_events_kind_check,
    add constraint security_events_kind_check check (kind ~ '^[a-z_]+$') not valid;
