-- Rows of this table have no id to be found by. Without an index of their own they would be looked for among all others
-- that have none, such as those of every form that was sent.
create index if not exists changes_role_privileges_idx
    on audit.changes (occurred_at desc, position desc) where table_name = 'role_privileges';
