drop table control.assignments;
drop table control.role_privileges;
drop table control.roles;
drop table control.privileges;
