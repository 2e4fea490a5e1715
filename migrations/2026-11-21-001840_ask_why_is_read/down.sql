drop index control.roles_asks_read_reason_idx;
alter table control.sessions
    drop constraint sessions_read_ticket_check,
    drop constraint sessions_read_reason_check,
    drop column read_reason_until,
    drop column read_ticket,
    drop column read_reason;
alter table control.roles drop column asks_read_reason;
