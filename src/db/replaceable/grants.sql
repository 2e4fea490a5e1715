-- Deny by default: castellan_web, which idle connections wear, may look up a session and nothing else.
revoke all on schema control, audit from public;
revoke all on all tables in schema control, audit from public;
revoke all on all functions in schema control, audit from public;

grant usage on schema control, audit to castellan_web, castellan_auth, castellan_staff, castellan_scoped, castellan_jobs;
grant execute on function control.session_authority(bytea), control.token_authority(bytea, text),
    control.note_use(uuid, text), control.whereabouts(uuid[], text[]), control.ended_session(bytea) to castellan_web;
-- Whether the schema is current is asked by the health check.
grant select on public.__diesel_schema_migrations to castellan_web;
grant execute on function control.actor_id(), control.scope_ids(text), control.stamp(), control.stamp_versioned(),
    control.stamp_version(), control.stamp_time()
    to castellan_web, castellan_auth, castellan_staff, castellan_scoped, castellan_jobs;
grant execute on function audit.record(text, text, boolean, text, text, uuid, uuid, uuid, jsonb),
    audit.record_security(text, text, bytea, uuid, jsonb)
    to castellan_web, castellan_auth, castellan_staff, castellan_scoped, castellan_jobs;
grant execute on function audit.ensure_partitions(integer) to castellan_jobs;
-- Only work in the background erases: no page and no command reaches into the log.
grant execute on function audit.known_by(jsonb, jsonb), audit.values_about(jsonb, jsonb), audit.erase(uuid, text, jsonb)
    to castellan_jobs;
grant execute on function control.authority_of(uuid), control.note_rights(text, uuid), control.touched_rights(),
    control.compare_rights(text, integer), control.spell_rights(boolean, integer), control.asking_roles()
    to castellan_staff, castellan_scoped;
-- Whoever has just signed in lands on a page that they may open.
grant execute on function control.authority_of(uuid) to castellan_auth;
grant execute on function control.as_of(anyelement, text, uuid[], timestamptz),
    control.role_privileges_as_of(text[], timestamptz), control.uuids(jsonb), control.able_as_of(timestamptz),
    control.thing_as_of(text, uuid, timestamptz), control.table_of(text[], uuid),
    control.who_could_see(jsonb, text[], text[], timestamptz), control.who_could_see_own(jsonb, timestamptz),
    control.who_could_see_for_others(jsonb, text[], text[], timestamptz)
    to castellan_staff;
grant execute on function control.founders_without(uuid), control.keep_evidence(), control.keep_closed()
    to castellan_staff, castellan_jobs;
grant execute on function control.is_founder(uuid), control.lasting_founders()
    to castellan_staff, castellan_scoped, castellan_jobs, castellan_auth;
grant execute on function control.factor_wanted(uuid), control.session_ends(uuid, timestamptz, timestamptz)
    to castellan_auth;
-- What is done elsewhere is none of the business of people with a row scope.
revoke execute on function audit.known_actions() from castellan_scoped;
grant execute on function audit.known_actions() to castellan_staff, castellan_jobs;
grant execute on function audit.known_actions_in_scope() to castellan_scoped;
-- Undo writes what those may write who are not limited to some rows, and nobody else undoes anything.
grant execute on function audit.undoable() to castellan_staff, castellan_scoped;
grant execute on function audit.removal_of(text), audit.compare_row(text, jsonb, jsonb, boolean),
    audit.take_back(text, jsonb, text, jsonb), audit.loose_ends(text, uuid, timestamptz) to castellan_staff;

grant select, insert, update, delete on all tables in schema control to castellan_staff, castellan_scoped, castellan_jobs;
grant select on audit.events, audit.changes, audit.security_events to castellan_staff, castellan_scoped, castellan_jobs;
-- What can authority rest on may not be written by people with a row scope.
revoke insert, update, delete on control.privileges, control.roles, control.role_privileges, control.assignments,
    control.users, control.user_credentials, control.departments, control.department_memberships, control.groups,
    control.group_memberships, control.policy_overrides, control.delegations, control.user_identities
    from castellan_scoped;
-- Campaigns are about everybody's rights, and for those who see all of them.
revoke all on control.access_reviews, control.access_review_items from castellan_scoped;
-- Views are kept by each person as themselves; staff may take away what is shared. Which rows is said by the policies.
revoke all on control.saved_views from castellan_scoped, castellan_jobs;
revoke insert, update on control.saved_views from castellan_staff;
grant select, insert, update, delete on control.saved_views to castellan_auth;
-- What a passkey is asked to sign is between a browser and sign-in.
revoke all on control.ceremonies from castellan_staff, castellan_scoped, castellan_jobs;
-- Secrets are read by sign-in alone.
revoke select on control.user_credentials from castellan_staff, castellan_scoped, castellan_jobs;
-- Staff who give a new password put the old one out of use, without seeing it.
grant select (id, user_id, kind, label, expires_at, used_at, revoked_at, created_at, created_by)
    on control.user_credentials to castellan_staff;
-- The hash of an API token is compared in a function and read by nobody.
revoke select on control.api_tokens from castellan_staff, castellan_scoped, castellan_jobs;
grant select (id, user_id, name, prefix, scopes, allowed_networks, expires_at, last_used_at, rotated_from,
    overlap_ends_at, revoked_at, revoked_by, version, created_at, updated_at, created_by, updated_by)
    on control.api_tokens to castellan_staff, castellan_scoped, castellan_jobs, castellan_auth;
grant insert, update on control.api_tokens to castellan_auth;
grant select on control.api_token_usage to castellan_auth;
grant execute on function control.token_of(bytea) to castellan_staff, castellan_scoped, castellan_auth;
-- Logs stay as written.
revoke update, delete on control.login_attempts, control.deployment_tracking_events, control.api_token_usage,
    control.security_alerts from castellan_staff, castellan_scoped;

grant select, insert, update on control.users, control.user_credentials, control.user_identities, control.sessions
    to castellan_auth;
grant select, insert on control.login_attempts, control.assignments to castellan_auth;
grant select, insert, update, delete on control.ceremonies to castellan_auth;
-- Forms that are sent twice, and the mail about a changed factor.
grant select, insert on control.idempotency_keys, control.outbox, control.job_queue to castellan_auth;
grant select on control.roles, control.role_privileges, control.privileges to castellan_auth;
-- People hand out and use delegations of their own, and see the names of the places where they hold. An invitation says
-- where its role holds, and whether that is still there.
grant select, insert, update on control.delegations to castellan_auth;
grant select (id, name, slug, deleted_at) on control.tenants to castellan_auth;
grant select (id, name, deleted_at) on control.clients to castellan_auth;
-- Whoever lets others act in their name sees what was done.
grant select on audit.events to castellan_auth;
grant execute on function control.delegable_rights(uuid, text[], uuid) to castellan_auth, castellan_staff, castellan_scoped;
-- A preview reads what it would change and send, whatever the role, before it is rolled back.
grant select on audit.changes, control.outbox to castellan_auth;

-- The sealer reads the log and gives places in the tree; it changes nothing else, nor does anybody else give places.
grant usage on schema control, audit to castellan_sealer;
grant select on audit.events, audit.changes, audit.security_events, audit.unsealed, audit.leaves, audit.tiles,
    audit.checkpoints to castellan_sealer;
grant delete on audit.unsealed to castellan_sealer;
grant insert on audit.leaves, audit.tiles, audit.checkpoints to castellan_sealer;
grant update (hashes) on audit.tiles to castellan_sealer;
grant execute on function control.actor_id(), audit.record(text, text, boolean, text, text, uuid, uuid, uuid, jsonb),
    audit.record_security(text, text, bytea, uuid, jsonb) to castellan_sealer;
grant select on audit.unsealed, audit.leaves, audit.tiles, audit.checkpoints to castellan_staff, castellan_jobs;
-- Months that were archived leave the log by a job; of what left, everybody who reads the whole log is told.
grant select on audit.archives, audit.rewrites to castellan_staff, castellan_jobs, castellan_sealer;
grant execute on function audit.drop_archived_month(uuid, jsonb), audit.record_rewrite(uuid, jsonb) to castellan_jobs;
-- What erasures came to is compared with what they announced.
grant select on audit.erasures to castellan_staff, castellan_jobs, castellan_sealer;
-- Who verifies reads what is sealed and nothing else, and says what it found. Witnesses are shown checkpoints by a job.
grant select, insert on audit.verifications to castellan_sealer;
grant select, insert on audit.receipts to castellan_jobs;
grant select on audit.verifications, audit.receipts to castellan_staff, castellan_jobs;
-- Whether an event is sealed is said beside it; which rows is said by the policy.
grant select on audit.leaves to castellan_scoped;

-- Who sends the log on reads it, moves its own bookkeeping, and says that it gives up; jobs tell people of that.
revoke all on control.audit_streams from castellan_scoped;
revoke insert, update, delete on control.audit_streams from castellan_jobs;
grant usage on schema control, audit to castellan_streamer;
grant select on audit.events, audit.changes, audit.security_events, audit.leaves, audit.checkpoints,
    control.audit_streams to castellan_streamer;
grant update (state, next_leaf, checkpoint_size, checkpoint_at, delivered_at, failures, failing_since, next_attempt_at,
    last_error, lease_token, lease_until) on control.audit_streams to castellan_streamer;
grant execute on function control.actor_id(), control.stamp_versioned(),
    audit.record(text, text, boolean, text, text, uuid, uuid, uuid, jsonb) to castellan_streamer;

-- Whoever impersonates a person of a tenant reads what is named here and nothing else: a new table is closed to them
-- until somebody decides otherwise. Which rows is said by the policies of people with a scope.
do $$
declare
    impersonating constant text := 'castellan_viewing, castellan_acting';
    readable text;
begin
    execute format('revoke all on all tables in schema control, audit from %s', impersonating);
    execute format('revoke all on all functions in schema control, audit from %s', impersonating);
    execute format('grant usage on schema control, audit to %s', impersonating);
    execute format('grant execute on function control.actor_id(), control.scope_ids(text) to %s', impersonating);
    execute format('grant execute on function audit.record(text, text, boolean, text, text, uuid, uuid, uuid, jsonb),
        audit.record_security(text, text, bytea, uuid, jsonb) to %s', impersonating);
    foreach readable in array array[
        'tenants', 'tenant_policies', 'policy_overrides', 'workspaces', 'workspace_members', 'users',
        'clients', 'client_customizations', 'client_deployments', 'deployment_tracking_events', 'client_analytics'
    ] loop
        execute format('grant select on control.%I to %s', readable, impersonating);
    end loop;
    -- Without the secret by which a domain is proven.
    execute format('grant select (id, tenant_id, domain, is_primary, status, verified_at, deleted_at)
        on control.tenant_domains to %s', impersonating);
    -- Without what a job works on.
    execute format('grant select (id, kind, status, tenant_id, client_id, created_at) on control.job_queue to %s', impersonating);
    execute format('grant select on audit.events, audit.changes to %s', impersonating);
end
$$;
-- Who acts works for the tenant's clients. Accounts, credentials, sessions, tokens, roles, policies and domains stay out.
grant insert, update on control.clients, control.client_customizations, control.client_deployments to castellan_acting;
grant insert on control.deployment_tracking_events to castellan_acting;
grant execute on function control.stamp(), control.stamp_versioned(), control.stamp_version(), control.stamp_time() to castellan_acting;
-- Forms that are sent twice, and previews, which read what would be sent.
grant select, insert on control.idempotency_keys to castellan_acting;
grant select (id, event_id, kind, recipient, subject, tenant_id) on control.outbox to castellan_acting;
-- Whether one is over by more than the clock.
grant execute on function control.impersonated_authority(uuid, uuid) to castellan_jobs;
-- What the page that begins one shows.
grant execute on function control.impersonated_grants(uuid, uuid, text, boolean) to castellan_staff;
