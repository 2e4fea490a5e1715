-- What a group or department holds has no place in the older table.
delete from control.assignments where user_id is null;
drop index control.assignments_scope_key;
alter table control.assignments
    drop constraint assignments_principal_check,
    drop column department_id,
    drop column group_id,
    alter column user_id set not null;
create unique index assignments_scope_key
    on control.assignments (user_id, role_id, scope_kind, tenant_id, client_id) nulls not distinct
    where revoked_at is null;
comment on column control.assignments.user_id is null;
drop table control.group_memberships;
drop table control.groups;
drop table control.department_memberships;
drop table control.departments;
