create table control.saved_views (
    id uuid constraint saved_views_pkey primary key,
    user_id uuid not null
        constraint saved_views_user_id_fkey references control.users (id) on delete cascade,
    list text collate "C" not null
        constraint saved_views_list_check check (list like '/%' and char_length(list) <= 200),
    path text collate "C" not null
        constraint saved_views_path_check check (path like '/%' and char_length(path) <= 500),
    query text not null
        constraint saved_views_query_check check (char_length(query) <= 2000),
    name text not null
        constraint saved_views_name_check check (char_length(name) between 1 and 100 and name = btrim(name)),
    name_sort text collate "C" not null generated always as (lower(name collate "C")) stored,
    is_shared boolean not null default false,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid
);

create unique index saved_views_name_key on control.saved_views (user_id, path, name_sort);
create index saved_views_path_idx on control.saved_views (path, name_sort, id) where is_shared;
create index saved_views_name_sort_idx on control.saved_views (name_sort, id);
create index saved_views_created_at_idx on control.saved_views (created_at desc, id desc);

comment on table control.saved_views is 'Lists with their filters that people come back to by a name. A view holds what was asked for and no rows, so that it shows nobody more than they may see.';
comment on column control.saved_views.user_id is 'Whose it is.';
comment on column control.saved_views.list is 'The address in the route table, such as /tenants/{id}/people; who may open it sees what is shared.';
comment on column control.saved_views.path is 'The address of the list, such as /audit.';
comment on column control.saved_views.query is 'The filters and the order, as they stand in the address; never where in the list somebody was.';
comment on column control.saved_views.name_sort is 'The name with A to Z folded to small letters, which is what lists sort by.';
comment on column control.saved_views.is_shared is 'Whether everybody who may open the list sees it.';
