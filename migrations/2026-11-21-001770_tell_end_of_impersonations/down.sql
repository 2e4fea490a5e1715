drop index control.impersonation_sessions_untold_idx;
alter table control.impersonation_sessions drop column end_told_at;
