drop table control.workspace_members;
drop table control.workspaces;
drop table control.tenant_policies;
drop table control.tenant_domains;
drop table control.tenants;
