drop index audit.events_outcome_idx;
