-- A session acts in its person's own name, under a delegation, or as an impersonated person.
alter table control.sessions
    add column delegation_id uuid,
    add column impersonation_id uuid,
    add constraint sessions_acting_for_check check (delegation_id is null or impersonation_id is null);

alter table audit.events
    add column delegation_id uuid,
    add column impersonation_id uuid;

comment on column control.sessions.delegation_id is 'The delegation under which the session acts; whether it still holds is asked at every request.';
comment on column control.sessions.impersonation_id is 'The impersonation that the session is in; whether it still lasts is asked at every request.';
comment on column audit.events.delegation_id is 'The delegation under which the person acted for effective_actor_id.';
comment on column audit.events.impersonation_id is 'The impersonation in which the person acted as effective_actor_id.';
