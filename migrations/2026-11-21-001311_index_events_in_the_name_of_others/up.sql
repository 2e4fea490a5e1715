-- What was done in somebody's name, and under which delegation. Most events have neither.
create index if not exists events_effective_actor_id_idx
    on audit.events (effective_actor_id, occurred_at desc, id desc) where effective_actor_id is not null;
create index if not exists events_delegation_id_idx
    on audit.events (delegation_id, occurred_at desc, id desc) where delegation_id is not null;
