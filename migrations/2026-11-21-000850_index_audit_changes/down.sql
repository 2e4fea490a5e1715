drop index audit.events_changes_idx;
