drop index audit.security_events_details_trgm_idx;
drop index audit.security_events_tenant_idx;
