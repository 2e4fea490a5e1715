-- What people search the log for besides who, what and where.
create index if not exists events_severity_idx
    on audit.events (severity, occurred_at desc, id desc) where severity <> 'info';
create index if not exists events_reason_code_idx
    on audit.events (reason_code, occurred_at desc, id desc) where reason_code is not null;
create index if not exists events_reasoned_idx
    on audit.events (occurred_at desc, id desc) where reason is not null;
create index if not exists events_acting_idx
    on audit.events (occurred_at desc, id desc) where effective_actor_id is not null;
create index if not exists events_reason_trgm_idx
    on audit.events using gin (reason gin_trgm_ops) where reason is not null;
create index if not exists security_events_request_idx
    on audit.security_events (request_id) where request_id is not null;
