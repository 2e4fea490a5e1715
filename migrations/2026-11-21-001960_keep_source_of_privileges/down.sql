alter table control.role_privileges drop column event_id, drop column copied_from;
