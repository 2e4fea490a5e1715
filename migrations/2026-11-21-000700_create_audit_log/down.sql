drop table audit.security_events;
drop table audit.changes;
drop sequence audit.changes_position_seq;
drop table audit.events;
