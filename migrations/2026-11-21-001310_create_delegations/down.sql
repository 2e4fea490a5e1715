drop index control.sessions_delegation_id_idx;
alter table control.sessions drop constraint sessions_delegation_id_fkey;
update control.sessions set revoked_at = coalesce(revoked_at, now()), delegation_id = null where delegation_id is not null;
drop table control.delegations;
alter table control.privileges drop column is_delegable;
