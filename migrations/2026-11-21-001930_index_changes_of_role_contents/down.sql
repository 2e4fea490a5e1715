drop index audit.changes_role_privileges_idx;
