-- What people search the security events for besides kind, severity and who.
create index if not exists security_events_tenant_idx
    on audit.security_events (tenant_id, occurred_at desc, id desc) where tenant_id is not null;
create index if not exists security_events_details_trgm_idx
    on audit.security_events using gin ((details::text) gin_trgm_ops);
