-- Whom an API token speaks for and what it may do: the owner's grants, of which the caller takes those in scope. Known
-- and unknown tokens cost the same look-up, and a refusal says why to the log alone. Counts the request.
create or replace function control.token_authority(p_token_hash bytea, p_address text) returns jsonb
language plpgsql security definer set search_path = pg_catalog
as $$
declare
    per_minute constant integer := 600;
    token record;
    refusal text;
    in_minute integer;
    has_factor boolean;
begin
    select t.id, t.user_id, t.scopes, t.last_used_at, t.allowed_networks, t.expires_at, t.overlap_ends_at, t.revoked_at,
            u.status = 'active' and u.deleted_at is null and (u.is_staff or u.kind = 'service') as may_act,
            u.kind = 'service' or u.mfa_enabled as has_factor
        into token
        from control.api_tokens t join control.users u on u.id = t.user_id
        where t.token_hash = p_token_hash;
    if not found then
        return jsonb_build_object('refusal', 'unknown');
    end if;
    refusal := case
        when token.revoked_at is not null then 'revoked'
        when token.overlap_ends_at <= now() then 'replaced'
        when token.expires_at <= now() then 'expired'
        when not token.may_act then 'owner'
        when cardinality(token.allowed_networks) > 0
            and not coalesce(p_address::inet <<= any (token.allowed_networks), false) then 'network'
    end;
    insert into control.api_token_usage as u (token_id, hour, requests, refused, minute, minute_requests)
        values (token.id, date_trunc('hour', now()), (refusal is null)::integer, (refusal is not null)::integer,
            date_trunc('minute', now()), 1)
        on conflict (token_id, hour) do update set
            minute = excluded.minute,
            minute_requests = case when u.minute = excluded.minute then u.minute_requests else 0 end + 1,
            requests = u.requests + case
                when u.minute = excluded.minute and u.minute_requests >= per_minute then 0 else excluded.requests end,
            refused = u.refused + case
                when u.minute = excluded.minute and u.minute_requests >= per_minute then 1 else excluded.refused end
        returning minute_requests into in_minute;
    if refusal is null and in_minute > per_minute then
        -- The first one too many is written down; the others would only fill the log.
        refusal := case when in_minute = per_minute + 1 then 'rate' else 'rate, again' end;
    end if;
    if refusal is not null then
        return jsonb_build_object('refusal', refusal, 'token_id', token.id);
    end if;
    if token.last_used_at is null or token.last_used_at < now() - interval '1 minute' then
        update control.api_tokens set last_used_at = now() where id = (select t.id from control.api_tokens t
            where t.id = token.id for no key update skip locked);
    end if;
    -- What a provider vouched for counts as a factor, as it does for the sessions that it began.
    has_factor := token.has_factor or exists (select from control.sessions s
        join control.user_identities i on i.id = s.identity_id and i.revoked_at is null
        where s.user_id = token.user_id and 'provider_factor' = any (s.factors));
    return jsonb_build_object('token_id', token.id, 'user_id', token.user_id, 'scopes', to_jsonb(token.scopes),
        'has_factor', has_factor, 'factor_wanted', not has_factor and control.factor_wanted(token.user_id))
        || control.authority_of(token.user_id);
end
$$;

-- The token that somebody pasted. Its hash is read by nobody else.
create or replace function control.token_of(p_token_hash bytea) returns uuid
language sql stable security definer set search_path = pg_catalog
as $$ select id from control.api_tokens where token_hash = p_token_hash $$;
