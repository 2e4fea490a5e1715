create table audit.rewrites (
    id uuid not null default gen_random_uuid(),
    archive_id uuid not null,
    number integer not null,
    subject_id uuid not null,
    erasure_id uuid not null,
    erased_count bigint not null,
    previous_sha256 bytea not null,
    file_size bigint not null,
    sha256 bytea not null,
    event_id uuid not null,
    event jsonb not null,
    written_at timestamptz not null default clock_timestamp(),
    constraint rewrites_pkey primary key (id),
    constraint rewrites_archive_id_number_key unique (archive_id, number),
    constraint rewrites_number_check check (number > 0),
    constraint rewrites_erased_count_check check (erased_count > 0),
    constraint rewrites_sha256_check check (octet_length(sha256) = 32 and octet_length(previous_sha256) = 32
        and sha256 <> previous_sha256)
);

comment on table audit.rewrites is 'Files of archived months that took the place of those before, because values were erased from them.';
comment on column audit.rewrites.archive_id is 'The month, in audit.archives.';
comment on column audit.rewrites.number is 'From 1 for each archive, without gaps; the highest is the file that counts.';
comment on column audit.rewrites.subject_id is 'Whose values went.';
comment on column audit.rewrites.erasure_id is 'The event of the erasure.';
comment on column audit.rewrites.erased_count is 'Values that have been erased from this file, by all erasures.';
comment on column audit.rewrites.file_size is 'Size of this file in bytes.';
comment on column audit.rewrites.written_at is 'When this file was written.';
comment on column audit.rewrites.previous_sha256 is 'Of the file that this one was made from.';
comment on column audit.rewrites.sha256 is 'Of this file.';
comment on column audit.rewrites.event_id is 'The event that says all of this, and is sealed itself.';
comment on column audit.rewrites.event is 'That event as a leaf, so that this row can be checked when the event is archived too.';
