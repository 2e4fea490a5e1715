-- What rights rest on, in the order of time: to tell how it stood at a moment, later changes are undone.
create index changes_access_idx on audit.changes (table_name, occurred_at)
    where op <> 'insert' and table_name in (
        'assignments', 'roles', 'role_privileges', 'groups', 'group_memberships', 'departments', 'department_memberships',
        'workspace_members', 'users'
    );
