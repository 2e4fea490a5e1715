create table control.job_queue (
    id uuid constraint job_queue_pkey primary key,
    kind text collate "C" not null
        constraint job_queue_kind_check check (
            char_length(kind) <= 100 and kind ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'
        ),
    payload jsonb not null default '{}'
        constraint job_queue_payload_check check (jsonb_typeof(payload) = 'object'),
    status text not null default 'queued'
        constraint job_queue_status_check check (
            status in ('queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')
        ),
    priority integer not null default 0,
    run_at timestamptz not null default now(),
    attempts integer not null default 0
        constraint job_queue_attempts_check check (attempts >= 0),
    max_attempts integer not null default 10
        constraint job_queue_max_attempts_check check (max_attempts between 1 and 100),
    lease_until timestamptz,
    lease_token uuid,
    worker text
        constraint job_queue_worker_check check (char_length(worker) <= 200),
    progress_done bigint not null default 0,
    progress_total bigint,
    last_error text,
    idempotency_key text
        constraint job_queue_idempotency_key_key unique
        constraint job_queue_idempotency_key_check check (char_length(idempotency_key) between 1 and 200),
    schedule_slot timestamptz,
    tenant_id uuid
        constraint job_queue_tenant_id_fkey references control.tenants (id),
    client_id uuid,
    actor_id uuid
        constraint job_queue_actor_id_fkey references control.users (id),
    event_id uuid,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    constraint job_queue_kind_schedule_slot_key unique (kind, schedule_slot),
    constraint job_queue_client_id_fkey foreign key (client_id, tenant_id)
        references control.clients (id, tenant_id),
    -- A key of two columns is not checked while one of them is null.
    constraint job_queue_scope_check check (client_id is null or tenant_id is not null),
    constraint job_queue_progress_check check (
        progress_done >= 0 and (progress_total is null or progress_done <= progress_total)
    ),
    constraint job_queue_lease_check check (
        (lease_token is null) = (lease_until is null)
        and (status = 'running') = (lease_token is not null)
    ),
    constraint job_queue_finished_at_check check (
        (status in ('succeeded', 'dead', 'cancelled')) = (finished_at is not null)
    )
);

create index job_queue_ready_idx on control.job_queue (priority desc, run_at, id)
    where status in ('queued', 'failed');
create index job_queue_lease_until_idx on control.job_queue (lease_until) where status = 'running';
create index job_queue_created_at_idx on control.job_queue (created_at desc, id desc);
create index job_queue_status_idx on control.job_queue (status, created_at desc, id desc);
create index job_queue_tenant_id_idx on control.job_queue (tenant_id, created_at desc, id desc)
    where tenant_id is not null;
create index job_queue_client_id_idx on control.job_queue (client_id, created_at desc, id desc)
    where client_id is not null;
create index job_queue_actor_id_idx on control.job_queue (actor_id) where actor_id is not null;

comment on table control.job_queue is 'Work to be done outside a request, and what became of it.';
comment on column control.job_queue.kind is 'Which program part does it, also the name of a schedule entry.';
comment on column control.job_queue.status is 'Failed is tried again at run_at, dead has used up its attempts and waits for a person.';
comment on column control.job_queue.priority is 'Higher goes first.';
comment on column control.job_queue.run_at is 'Not before this moment.';
comment on column control.job_queue.attempts is 'How often it was started.';
comment on column control.job_queue.lease_until is 'A worker that has not reported by then is taken for dead, and the job is given to another.';
comment on column control.job_queue.lease_token is 'Only the holder of this token may finish the job, so a worker that was given up cannot.';
comment on column control.job_queue.worker is 'Which process works on it, or did last.';
comment on column control.job_queue.progress_total is 'Steps in all; empty while unknown.';
comment on column control.job_queue.last_error is 'Why the latest attempt failed, for people.';
comment on column control.job_queue.idempotency_key is 'Two jobs with the same key are the same job, and the second is not added.';
comment on column control.job_queue.schedule_slot is 'The planned moment of a schedule entry, so that several processes add it once.';
comment on column control.job_queue.actor_id is 'The person in whose name it runs; empty for the system.';
comment on column control.job_queue.event_id is 'The audit event that caused it.';

create table control.idempotency_keys (
    user_id uuid not null
        constraint idempotency_keys_user_id_fkey references control.users (id) on delete cascade,
    key uuid not null,
    route text not null
        constraint idempotency_keys_route_check check (char_length(route) between 1 and 500),
    body_hash bytea not null
        constraint idempotency_keys_body_hash_check check (octet_length(body_hash) = 32),
    location text not null
        constraint idempotency_keys_location_check check (char_length(location) <= 2048),
    created_at timestamptz not null default now(),
    constraint idempotency_keys_pkey primary key (user_id, key)
);

create index idempotency_keys_created_at_idx on control.idempotency_keys (created_at);

comment on table control.idempotency_keys is 'Requests already carried out, so that sending a form twice does its work once.';
comment on column control.idempotency_keys.key is 'Made with the form and sent along with it.';
comment on column control.idempotency_keys.route is 'Method and pattern of the address it was sent to.';
comment on column control.idempotency_keys.body_hash is 'SHA-256 of the body; the same key with another body is refused.';
comment on column control.idempotency_keys.location is 'Where the first request was sent on to, and where a repeat is sent as well.';

create table control.outbox (
    id uuid constraint outbox_pkey primary key,
    event_id uuid not null,
    kind text not null
        constraint outbox_kind_check check (kind in ('mail', 'webhook')),
    recipient text not null
        constraint outbox_recipient_check check (char_length(recipient) between 1 and 2048),
    subject text not null default ''
        constraint outbox_subject_check check (char_length(subject) <= 500),
    payload jsonb not null default '{}'
        constraint outbox_payload_check check (jsonb_typeof(payload) = 'object'),
    tenant_id uuid
        constraint outbox_tenant_id_fkey references control.tenants (id),
    status text not null default 'pending'
        constraint outbox_status_check check (status in ('pending', 'sent', 'failed')),
    attempts integer not null default 0
        constraint outbox_attempts_check check (attempts >= 0),
    last_error text,
    created_at timestamptz not null default now(),
    sent_at timestamptz
        constraint outbox_sent_at_check check ((status = 'sent') = (sent_at is not null))
);

create index outbox_pending_idx on control.outbox (created_at, id) where status = 'pending';
create index outbox_created_at_idx on control.outbox (created_at desc, id desc);
create index outbox_event_id_idx on control.outbox (event_id);
create index outbox_tenant_id_idx on control.outbox (tenant_id) where tenant_id is not null;

comment on table control.outbox is 'What leaves the system because of a change, written with the change and sent by a job afterwards.';
comment on column control.outbox.event_id is 'The audit event of the change that caused it.';
comment on column control.outbox.recipient is 'Mail address or web address, according to kind.';
comment on column control.outbox.subject is 'Subject of a mail, or name of the event sent to a webhook.';
comment on column control.outbox.payload is 'What to send; the sender makes the text from it.';
comment on column control.outbox.status is 'Failed has been given up.';
