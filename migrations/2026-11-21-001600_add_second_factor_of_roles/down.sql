drop index control.roles_mfa_required_idx;
alter table control.roles drop column mfa_required;
