-- Failures are few, or none, among many refusals.
create index if not exists events_failures_idx on audit.events (occurred_at desc, id desc) where outcome = 'failure';
