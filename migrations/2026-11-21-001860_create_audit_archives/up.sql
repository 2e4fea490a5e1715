create table audit.archives (
    id uuid not null default gen_random_uuid(),
    log text not null,
    month date not null,
    row_count bigint not null,
    change_count bigint not null,
    erased_count bigint not null,
    first_leaf bigint,
    last_leaf bigint,
    tree_size bigint not null,
    root bytea not null,
    file_name text not null,
    file_size bigint not null,
    sha256 bytea not null,
    event_id uuid not null,
    event jsonb not null,
    archived_at timestamptz not null default clock_timestamp(),
    constraint archives_pkey primary key (id),
    constraint archives_log_month_key unique (log, month),
    constraint archives_log_check check (log in ('events', 'security_events')),
    constraint archives_month_check check (extract(day from month) = 1),
    constraint archives_row_count_check check (row_count >= 0 and change_count >= 0 and erased_count >= 0),
    constraint archives_leaf_check check ((row_count = 0) = (first_leaf is null) and (first_leaf is null) = (last_leaf is null)
        and last_leaf - first_leaf + 1 >= row_count),
    constraint archives_tree_size_check check (tree_size > coalesce(last_leaf, -1)),
    constraint archives_sha256_check check (octet_length(sha256) = 32 and octet_length(root) = 32)
);

comment on table audit.archives is 'Months of the log that were taken out of the database: their rows are in a file, their leaves still in the tree.';
comment on column audit.archives.log is 'events, with their changes, or security_events.';
comment on column audit.archives.month is 'Its first day, in UTC.';
comment on column audit.archives.erased_count is 'Values that had been erased when the file was written.';
comment on column audit.archives.first_leaf is 'Lowest leaf of the month; between it and last_leaf are leaves of other rows too.';
comment on column audit.archives.tree_size is 'Of the checkpoint that the file is proven against.';
comment on column audit.archives.sha256 is 'Of the file.';
comment on column audit.archives.event_id is 'The event that says all of this, and is sealed itself.';
comment on column audit.archives.event is 'That event as a leaf, so that this row can be checked when the event is archived too.';
