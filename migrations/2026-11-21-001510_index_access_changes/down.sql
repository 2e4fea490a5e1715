drop index audit.changes_access_idx;
