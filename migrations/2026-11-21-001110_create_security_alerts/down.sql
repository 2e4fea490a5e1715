drop index audit.security_events_network_idx;
drop table control.security_alerts;
