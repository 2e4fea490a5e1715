-- Sealing and verifying read the log in order of time. This index is a thousandth of another one's size.
create index if not exists changes_occurred_at_idx
    on audit.changes using brin (occurred_at) with (pages_per_range = 32, autosummarize = on);
