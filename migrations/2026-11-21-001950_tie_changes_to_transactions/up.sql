-- What stands in the queue now was written by transactions that are over, and no change can join it any more.
alter table audit.unsealed add column transaction_number bigint not null default 0;
alter table audit.unsealed alter column transaction_number set default (pg_current_xact_id()::text)::bigint;

comment on column audit.unsealed.transaction_number is 'What wrote the event: changes of no other transaction belong to it. 0 where that was not noted yet.';
