create extension if not exists pg_trgm;
create extension if not exists citext;

create schema control;
create schema audit;

comment on schema control is 'The state of the business: tenants, people, clients and the work done for them.';
comment on schema audit is 'Evidence of who changed what; only ever appended to.';
