drop index if exists audit.events_delegation_id_idx;
drop index if exists audit.events_effective_actor_id_idx;
