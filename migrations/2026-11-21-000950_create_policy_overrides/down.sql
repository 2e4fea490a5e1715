drop table control.policy_overrides;
