alter table control.privileges drop column while_impersonating;
drop index audit.events_impersonation_id_idx;
drop index control.sessions_impersonation_id_idx;
alter table control.sessions drop constraint sessions_impersonation_id_fkey;
drop table control.impersonation_sessions;
