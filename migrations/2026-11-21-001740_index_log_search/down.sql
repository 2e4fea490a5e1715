drop index audit.security_events_request_idx;
drop index audit.events_reason_trgm_idx;
drop index audit.events_acting_idx;
drop index audit.events_reasoned_idx;
drop index audit.events_reason_code_idx;
drop index audit.events_severity_idx;
