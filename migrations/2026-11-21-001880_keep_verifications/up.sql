create table audit.verifications (
    id uuid not null,
    job_id uuid not null,
    asked_by uuid,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    verdict text not null,
    tree_size bigint not null,
    checkpoint_count bigint not null,
    unsealed_count bigint not null,
    first_bad_leaf bigint,
    findings jsonb not null,
    finding_count bigint not null,
    constraint verifications_pkey primary key (id),
    constraint verifications_verdict_check check (verdict in ('good', 'stale', 'incomplete', 'mismatch')),
    constraint verifications_tree_size_check check (tree_size >= 0)
);

create index verifications_finished_at_idx on audit.verifications (finished_at desc);

comment on table audit.verifications is 'What each verification of the log by a job found.';
comment on column audit.verifications.asked_by is 'The person who asked for it; none where the clock did.';
comment on column audit.verifications.verdict is 'good, stale (nobody seals), incomplete (not all could be checked) or mismatch.';
comment on column audit.verifications.findings is 'The first twenty sentences of what is wrong; finding_count has all.';

create table audit.receipts (
    id uuid not null,
    witness text not null,
    outcome text not null,
    tree_size bigint not null,
    received_at timestamptz not null default clock_timestamp(),
    answer text,
    constraint receipts_pkey primary key (id),
    constraint receipts_outcome_check check (outcome in ('accepted', 'failed', 'conflict')),
    constraint receipts_tree_size_check check (tree_size >= 0)
);

create index receipts_witness_idx on audit.receipts (witness, received_at desc);
create index receipts_accepted_idx on audit.receipts (witness, tree_size desc) where outcome = 'accepted';

comment on table audit.receipts is 'Checkpoints that witnesses were shown. A failure is there once, however often it comes again.';
comment on column audit.receipts.witness is 'Where it is, as the setting names it.';
comment on column audit.receipts.outcome is 'accepted, failed (it could not be reached) or conflict (it has seen another tree).';
comment on column audit.receipts.tree_size is 'Of the checkpoint that it was shown.';
comment on column audit.receipts.answer is 'Its cosignatures, or why it did not take the checkpoint.';
