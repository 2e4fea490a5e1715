drop index audit.events_undoes_idx;
