drop index audit.events_failures_idx;
