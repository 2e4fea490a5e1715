create table control.user_identities (
    id uuid constraint user_identities_pkey primary key,
    user_id uuid not null
        constraint user_identities_user_id_fkey references control.users (id) on delete cascade,
    issuer text not null
        constraint user_identities_issuer_check check (char_length(issuer) between 1 and 500),
    subject text not null
        constraint user_identities_subject_check check (char_length(subject) between 1 and 255),
    provider_key text not null
        constraint user_identities_provider_key_check check (provider_key ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
    label text not null
        constraint user_identities_label_check check (char_length(label) between 1 and 254),
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid
);

-- One account for each, and for who was unlinked a new start.
create unique index user_identities_subject_key on control.user_identities (issuer, subject) where revoked_at is null;
create index user_identities_user_id_idx on control.user_identities (user_id, created_at);

comment on table control.user_identities is 'Who people are to identity providers: whoever the provider says has signed in there may sign in here.';
comment on column control.user_identities.issuer is 'The provider, as its tokens name it; with the subject the only key.';
comment on column control.user_identities.subject is 'The person, as the provider names them: never an address, which may be given to somebody else.';
comment on column control.user_identities.provider_key is 'The key of the provider in the settings when it was linked.';
comment on column control.user_identities.label is 'An address or a name that the provider gave, to be shown and for nothing else.';
comment on column control.user_identities.last_used_at is 'When somebody last signed in with it.';
comment on column control.user_identities.revoked_at is 'Opens nothing from this moment on.';
