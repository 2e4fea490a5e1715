alter table audit.unsealed drop column queued_at;
