drop table control.outbox;
drop table control.idempotency_keys;
drop table control.job_queue;
