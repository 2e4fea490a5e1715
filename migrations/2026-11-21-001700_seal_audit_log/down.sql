drop table audit.checkpoints;
drop table audit.tiles;
drop table audit.leaves;
drop table audit.unsealed;
alter table audit.security_events drop column salt, drop column salts, drop column commitments;
alter table audit.changes drop column salt, drop column salts, drop column commitments;
alter table audit.events drop column severity, drop column reason_code, drop column salt, drop column salts, drop column commitments;
