alter table control.impersonation_sessions add column end_told_at timestamptz;

comment on column control.impersonation_sessions.end_told_at is 'When the person was told by mail that it is over.';

-- Looked at every minute; hardly any waits.
create index impersonation_sessions_untold_idx on control.impersonation_sessions (ended_at)
    where status = 'ended' and end_told_at is null;
