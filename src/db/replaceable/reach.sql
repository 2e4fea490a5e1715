-- Blast radius, first half: what the people whom a change touches hold before it. Roles stand for their privileges,
-- for a million rights are some ten thousand sets of roles and few different ones. Compiling the statements would take
-- longer than they do.
create or replace function control.note_rights(p_kind text, p_id uuid) returns boolean
language plpgsql set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
declare
    asking constant uuid[] := control.asking_roles();
begin
    create temporary table rights_touched on commit drop as
        select distinct t.user_id from (
            select p_id as user_id where p_kind = 'user'
            union all
            select m.user_id from control.group_memberships m
                where p_kind = 'group' and m.group_id = p_id and m.deleted_at is null
            union all
            select m.user_id from control.department_memberships m
                where p_kind = 'department' and m.department_id = p_id and m.deleted_at is null
            union all
            select h.user_id from control.held_assignments h where p_kind = 'role' and h.role_id = p_id
        ) t;
    -- On its own, for people with a row scope may not look at reviews, not even in a branch that finds nothing.
    if p_kind = 'review' then
        insert into pg_temp.rights_touched
            select distinct coalesce(a.user_id, g.user_id, d.user_id) from control.access_review_items i
            join control.assignments a on a.id = i.assignment_id
            left join control.group_memberships g on g.group_id = a.group_id and g.deleted_at is null
            left join control.department_memberships d on d.department_id = a.department_id and d.deleted_at is null
            where i.review_id = p_id and i.outcome = 'undecided'
                and (a.user_id is not null or g.user_id is not null or d.user_id is not null);
    end if;
    create temporary table rights_before on commit drop as
        select t.user_id, t.tenant_id, t.client_id, t.role_ids from control.touched_rights() t;
    create temporary table privileges_before on commit drop as
        select p.role_id, p.privilege_name from control.role_privileges p
        join control.roles r on r.id = p.role_id and r.deleted_at is null;
    create temporary table asked_before on commit drop as
        select distinct b.user_id from pg_temp.rights_before b where b.role_ids && asking;
    return true;
end
$$;

-- Roles whose holders must have a second factor.
create or replace function control.asking_roles() returns uuid[]
language plpgsql stable set search_path = pg_catalog
as $$
begin
    return array(select r.id from control.roles r where r.mfa_required and r.deleted_at is null);
end
$$;

-- The roles of the touched people by place, deleted roles too; the nil id stands for everywhere. Few people are looked
-- up by index and many are read through, which the planner cannot choose by itself across a union.
create or replace function control.touched_rights()
returns table (user_id uuid, tenant_id uuid, client_id uuid, role_ids uuid[])
language plpgsql set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
declare
    everywhere constant uuid := '00000000-0000-0000-0000-000000000000';
    few uuid[] := array(select t.user_id from pg_temp.rights_touched t limit 101);
begin
    if cardinality(few) <= 100 then
        return query
            select h.user_id, coalesce(h.tenant_id, everywhere), coalesce(h.client_id, everywhere), array_agg(h.role_id)
            from control.held_assignments h where h.user_id = any (few) group by 1, 2, 3;
    else
        analyze pg_temp.rights_touched;
        return query
            select h.user_id, coalesce(h.tenant_id, everywhere), coalesce(h.client_id, everywhere), array_agg(h.role_id)
            from control.held_assignments h join pg_temp.rights_touched t on t.user_id = h.user_id group by 1, 2, 3;
    end if;
end
$$;

-- Blast radius, second half: who gains and who loses what since `note_rights`. A right that somebody holds on more
-- than the place anyway is neither gained nor lost there. Spells the first `p_shown` out and counts all.
create or replace function control.compare_rights(p_kind text, p_shown integer) returns jsonb
language plpgsql set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
declare
    everywhere constant uuid := '00000000-0000-0000-0000-000000000000';
    asking constant uuid[] := control.asking_roles();
    enrolling bigint;
begin
    -- A role that changes is held by the same people as before.
    if p_kind = 'role' then
        create temporary table rights_both on commit drop as
            select b.user_id, b.tenant_id, b.client_id, b.role_ids as was, b.role_ids as becomes
            from pg_temp.rights_before b;
    else
        create temporary table rights_both on commit drop as
            select user_id, tenant_id, client_id, coalesce(b.role_ids, '{}') as was, coalesce(a.role_ids, '{}') as becomes
            from pg_temp.rights_before b full join control.touched_rights() a using (user_id, tenant_id, client_id);
    end if;
    -- What somebody holds on more than the place: everywhere, and on the tenant of a client.
    create temporary table rights_compared on commit drop as
        select b.user_id, b.tenant_id, b.client_id, b.was, b.becomes, '{}'::uuid[] as wide_was, '{}'::uuid[] as wide_becomes
        from pg_temp.rights_both b where b.tenant_id = everywhere
        union all
        select b.user_id, b.tenant_id, b.client_id, b.was, b.becomes,
            coalesce(p.was, '{}') || coalesce(t.was, '{}'), coalesce(p.becomes, '{}') || coalesce(t.becomes, '{}')
        from pg_temp.rights_both b
        left join pg_temp.rights_both p on p.user_id = b.user_id and p.tenant_id = everywhere
        left join pg_temp.rights_both t on b.client_id <> everywhere
            and t.user_id = b.user_id and t.tenant_id = b.tenant_id and t.client_id = everywhere
        where b.tenant_id <> everywhere;
    -- Few ways in which rights change, however many people they change for.
    create temporary table rights_ways on commit drop as
        with ways as materialized (
            select was, becomes, wide_was, wide_becomes from pg_temp.rights_compared group by 1, 2, 3, 4
        ), privileges_after as materialized (
            select p.role_id, p.privilege_name from control.role_privileges p
            join control.roles r on r.id = p.role_id and r.deleted_at is null
        ), worked_out as materialized (
            select w.*,
                array(select p.privilege_name from privileges_after p where p.role_id = any (w.becomes)
                    except select p.privilege_name from pg_temp.privileges_before p
                        where p.role_id = any (w.was) or p.role_id = any (w.wide_was)
                    except select p.privilege_name from privileges_after p where p.role_id = any (w.wide_becomes)
                    order by 1) as gained,
                array(select p.privilege_name from pg_temp.privileges_before p where p.role_id = any (w.was)
                    except select p.privilege_name from privileges_after p
                        where p.role_id = any (w.becomes) or p.role_id = any (w.wide_becomes)
                    except select p.privilege_name from pg_temp.privileges_before p where p.role_id = any (w.wide_was)
                    order by 1) as lost
            from ways w
        )
        select row_number() over () as way, w.*, hashtextextended(w.gained::text || w.lost::text, 0) as hash
        from worked_out w where w.gained <> '{}' or w.lost <> '{}';
    create temporary table rights_changed on commit drop as
        select c.user_id, c.tenant_id, c.client_id, w.way, uuid_hash_extended(c.user_id,
            uuid_hash_extended(c.tenant_id, uuid_hash_extended(c.client_id, w.hash))) as hash
        from pg_temp.rights_ways w join pg_temp.rights_compared c using (was, becomes, wide_was, wide_becomes);
    -- Who has no second factor and must add one now, which no tenant asked of them before.
    select count(*) into enrolling from (
            select distinct b.user_id from pg_temp.rights_both b where b.becomes && asking
            except select a.user_id from pg_temp.asked_before a
        ) asked
        join control.users u on u.id = asked.user_id and not u.mfa_enabled and u.is_staff and u.kind = 'human'
            and u.status = 'active' and u.deleted_at is null
        where not exists (select from control.workspace_members m
            join control.policies_in_force p on p.tenant_id = m.tenant_id and p.mfa_required
            where m.user_id = asked.user_id and m.deleted_at is null);
    return jsonb_build_object(
        'gains', control.spell_rights(true, p_shown), 'losses', control.spell_rights(false, p_shown),
        'enrolling', enrolling,
        'digest', (select count(*) || ' ' || coalesce(sum(c.hash::numeric), 0) || ' ' || enrolling
            from pg_temp.rights_changed c));
end
$$;

-- One side of `compare_rights`: how many people and rights, and the first of them by name.
create or replace function control.spell_rights(p_gains boolean, p_shown integer) returns jsonb
language plpgsql set search_path = pg_catalog set jit = off set work_mem = '64MB'
as $$
begin
    return (with ways as materialized (
            select w.way, case when p_gains then w.gained else w.lost end as privileges from pg_temp.rights_ways w
            where case when p_gains then w.gained else w.lost end <> '{}'
        ), side as materialized (
            select c.user_id, c.tenant_id, c.client_id, c.way from pg_temp.rights_changed c
            where c.way = any (array(select w.way from ways w))
        ), first as (
            select s.*, u.name, u.email, u.name_sort
            from side s join control.users u on u.id = s.user_id
            order by u.name_sort, s.user_id, s.tenant_id, s.client_id limit p_shown
        )
        select jsonb_build_object(
            'people', (select count(*) from (select from side s group by s.user_id) one),
            'rights', (select coalesce(sum(n.rows * cardinality(w.privileges)), 0)
                from (select s.way, count(*) as rows from side s group by s.way) n join ways w on w.way = n.way),
            'shown', (select coalesce(jsonb_agg(jsonb_build_object('user_id', f.user_id, 'name', f.name,
                    'email', f.email, 'tenant', t.name, 'client', c.name, 'privileges', w.privileges)
                    order by f.name_sort, f.user_id, t.name, c.name), '[]')
                from first f join ways w on w.way = f.way left join control.tenants t on t.id = f.tenant_id
                left join control.clients c on c.id = f.client_id)));
end
$$;
