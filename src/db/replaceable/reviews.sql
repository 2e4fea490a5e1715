-- A campaign is evidence: its items keep the facts they began with, and once it is closed nothing of it changes.
create or replace function control.keep_evidence() returns trigger
language plpgsql
as $$
declare
    decided text[] := array['outcome', 'reason', 'decided_at', 'decided_by', 'replacement_id', 'version', 'updated_at',
        'updated_by', 'principal_sort'];
begin
    if tg_op = 'DELETE' or to_jsonb(new) - decided <> to_jsonb(old) - decided then
        raise exception 'what a campaign is about does not change' using errcode = 'CA403';
    end if;
    if exists (select from control.access_reviews r where r.id = old.review_id and r.closed_at is not null) then
        raise exception 'the campaign is closed' using errcode = 'CA403';
    end if;
    return new;
end
$$;

create or replace function control.keep_closed() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'DELETE' or old.closed_at is not null then
        raise exception 'the campaign is closed' using errcode = 'CA403';
    end if;
    return new;
end
$$;
