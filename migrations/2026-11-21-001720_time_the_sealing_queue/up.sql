-- An event may be older than its place in the queue: clocks are set back, and rows are brought from elsewhere.
alter table audit.unsealed add column queued_at timestamptz not null default clock_timestamp();

comment on column audit.unsealed.queued_at is 'Since when it waits.';
