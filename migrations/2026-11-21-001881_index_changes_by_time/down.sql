drop index audit.changes_occurred_at_idx;
