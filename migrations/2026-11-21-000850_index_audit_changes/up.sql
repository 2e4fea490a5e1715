-- The log shows changes unless reads are asked for, and of reads there may be many more.
create index events_changes_idx on audit.events (occurred_at desc, id desc) where not is_read;
