-- Failures are few among many refusals.
create index if not exists events_outcome_idx
    on audit.events (outcome, occurred_at desc, id desc) where outcome <> 'success';
