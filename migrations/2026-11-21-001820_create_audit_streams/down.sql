drop table control.audit_streams;
