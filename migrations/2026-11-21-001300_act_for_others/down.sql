alter table audit.events
    drop column delegation_id,
    drop column impersonation_id;
alter table control.sessions
    drop constraint sessions_acting_for_check,
    drop column delegation_id,
    drop column impersonation_id;
