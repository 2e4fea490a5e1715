//! The SQL functions that transactions call, typed so that diesel keeps them prepared.

use diesel::define_sql_function;
use diesel::sql_types::{Array, Binary, Bool, Citext, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid};

define_sql_function! {
    /// `text(x)`, which is `x::text`: what trigram indexes on case-insensitive columns are made on.
    fn text(value: Citext) -> Text;
}

diesel::postfix_operator!(IsTrouble, " <> 'success'", Bool, backend: diesel::pg::Pg);
diesel::postfix_operator!(IsFailure, " = 'failure'", Bool, backend: diesel::pg::Pg);
diesel::postfix_operator!(IsRaised, " <> 'info'", Bool, backend: diesel::pg::Pg);

define_sql_function! {
    /// `text(x)` of JSON: what the index of words in details is made on.
    #[sql_name = "text"]
    fn text_of(value: Jsonb) -> Text;
}

define_sql_function! {
    /// A text without capitals.
    fn lower(value: Nullable<Text>) -> Nullable<Text>;
}

define_sql_function! {
    /// Where a text has another in it, from 1; 0 where it has not.
    fn strpos(value: Nullable<Text>, sought: Nullable<Text>) -> Nullable<Integer>;
}

define_sql_function! {
    /// Sets a parameter, for this transaction when `is_local`.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// `audit.record`: the event that row changes of this transaction belong to.
    #[sql_name = "audit.record"]
    #[allow(clippy::too_many_arguments)]
    fn record(
        action: Text,
        outcome: Text,
        is_read: Bool,
        reason: Nullable<Text>,
        target_kind: Text,
        target_id: Nullable<Uuid>,
        tenant_id: Nullable<Uuid>,
        client_id: Nullable<Uuid>,
        details: Jsonb,
    ) -> Uuid;

    /// `audit.record_security`: a refusal or sign-in trouble.
    #[sql_name = "audit.record_security"]
    fn record_security(
        kind: Text,
        severity: Text,
        network_hash: Nullable<Binary>,
        tenant_id: Nullable<Uuid>,
        details: Jsonb,
    ) -> Bool;

    /// `audit.ensure_partitions`: makes this many months ahead and returns how many partitions were new.
    #[sql_name = "audit.ensure_partitions"]
    fn ensure_partitions(months_ahead: Integer) -> Integer;

    /// `audit.known_actions`: every action of this month and the last, once.
    #[sql_name = "audit.known_actions"]
    fn known_actions() -> Array<Text>;

    /// `audit.known_actions_in_scope`: those of the newest events in the scope of this transaction, once.
    #[sql_name = "audit.known_actions_in_scope"]
    fn known_actions_in_scope() -> Array<Text>;

    /// `control.actor_id`: who acts in this transaction.
    #[sql_name = "control.actor_id"]
    fn actor_id() -> Nullable<Uuid>;

    /// `control.factor_wanted`: whether a tenant or a role of somebody asks for a second factor.
    #[sql_name = "control.factor_wanted"]
    fn factor_wanted(user_id: Uuid) -> Bool;

    /// `control.session_ends`: until when a session is alive that is used now.
    #[sql_name = "control.session_ends"]
    fn session_ends(user_id: Uuid, began: Timestamptz, ends: Timestamptz) -> Timestamptz;

    /// `control.note_rights`: begins measuring whose rights a change touches.
    #[sql_name = "control.note_rights"]
    fn note_rights(kind: Text, id: Uuid) -> Bool;

    /// `control.compare_rights`: who gained and lost what since.
    #[sql_name = "control.compare_rights"]
    fn compare_rights(kind: Text, shown: Integer) -> Jsonb;

    /// `control.is_founder`: whether somebody is an active founder.
    #[sql_name = "control.is_founder"]
    fn is_founder(user_id: Uuid) -> Bool;

    /// `control.lasting_founders`: founders who stay, counted one after the other by all who ask.
    #[sql_name = "control.lasting_founders"]
    fn lasting_founders() -> BigInt;

    /// `control.founders_without`: the same, as if an assignment were not there.
    #[sql_name = "control.founders_without"]
    fn founders_without(assignment_id: Uuid) -> BigInt;

    /// `control.session_authority`: who a session token belongs to and what they may do; null when it is not alive.
    #[sql_name = "control.session_authority"]
    fn session_authority(token_hash: Binary) -> Nullable<Jsonb>;

    /// `control.ended_session`: which session a token belonged to that is not alive, and why it ended; null when none.
    #[sql_name = "control.ended_session"]
    fn ended_session(token_hash: Binary) -> Nullable<Jsonb>;

    /// `control.token_authority`: the same for an API token, used from an address.
    #[sql_name = "control.token_authority"]
    fn token_authority(token_hash: Binary, address: Nullable<Text>) -> Jsonb;

    /// `control.note_use`: that somebody used a right, at the assignments by which they hold it.
    #[sql_name = "control.note_use"]
    fn note_use(user_id: Uuid, privilege: Text) -> Bool;

    /// `control.token_of`: the API token with this hash, which nobody may read.
    #[sql_name = "control.token_of"]
    fn token_of(token_hash: Binary) -> Nullable<Uuid>;

    /// `control.impersonated_authority`: what somebody may do in an impersonation, and why it is over.
    #[sql_name = "control.impersonated_authority"]
    fn impersonated_authority(impersonation_id: Uuid, user_id: Uuid) -> Jsonb;

    /// `control.impersonated_grants`: what is open to whoever impersonates somebody in a tenant.
    #[sql_name = "control.impersonated_grants"]
    fn impersonated_grants(target: Uuid, tenant: Uuid, mode: Text, runs_it: Bool) -> Jsonb;

    /// `control.whereabouts`: what the ids and slugs are of, whoever may see it.
    #[sql_name = "control.whereabouts"]
    fn whereabouts(ids: Array<Uuid>, slugs: Array<Text>) -> Jsonb;

    /// `control.thing_as_of`: what something of a table was at a moment, as far as that says who may see it.
    #[sql_name = "control.thing_as_of"]
    fn thing_as_of(table_name: Text, id: Uuid, at: Timestamptz) -> Nullable<Jsonb>;

    /// `control.table_of`: which of these tables has the row with this id, or had it.
    #[sql_name = "control.table_of"]
    fn table_of(table_names: Array<Text>, id: Uuid) -> Nullable<Text>;

    /// `control.authority_of`: the rights of a person or service, spelled as for a session.
    #[sql_name = "control.authority_of"]
    fn authority_of(user_id: Uuid) -> Jsonb;
}
