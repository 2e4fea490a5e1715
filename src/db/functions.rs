//! The SQL functions that transactions call, typed so that diesel keeps them prepared.

use diesel::define_sql_function;
use diesel::sql_types::{Array, Binary, Bool, Citext, Integer, Jsonb, Nullable, Text, Uuid};

define_sql_function! {
    /// `text(x)`, which is `x::text`: what trigram indexes on case-insensitive columns are made on.
    fn text(value: Citext) -> Text;
}

diesel::postfix_operator!(IsTrouble, " <> 'success'", Bool, backend: diesel::pg::Pg);

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

    /// `control.actor_id`: who acts in this transaction.
    #[sql_name = "control.actor_id"]
    fn actor_id() -> Nullable<Uuid>;

    /// `control.tenants_want_factor`: whether a tenant that somebody belongs to asks for a second factor.
    #[sql_name = "control.tenants_want_factor"]
    fn tenants_want_factor(user_id: Uuid) -> Bool;
    /// `control.note_rights`: begins measuring whose rights a change touches.
    #[sql_name = "control.note_rights"]
    fn note_rights(kind: Text, id: Uuid) -> Bool;

    /// `control.compare_rights`: who gained and lost what since.
    #[sql_name = "control.compare_rights"]
    fn compare_rights(kind: Text, shown: Integer) -> Jsonb;

    /// `control.lasting_founders`: founders who stay, counted one after the other by all who ask.
    #[sql_name = "control.lasting_founders"]
    fn lasting_founders() -> BigInt;

    /// `control.founders_without`: the same, as if an assignment were not there.
    #[sql_name = "control.founders_without"]
    fn founders_without(assignment_id: Uuid) -> BigInt;

    /// `control.session_authority`: who a session token belongs to and what they may do; null when it is not alive.
    #[sql_name = "control.session_authority"]
    fn session_authority(token_hash: Binary) -> Nullable<Jsonb>;

    /// `control.token_authority`: the same for an API token, used from an address.
    #[sql_name = "control.token_authority"]
    fn token_authority(token_hash: Binary, address: Nullable<Text>) -> Jsonb;

    /// `control.token_of`: the API token with this hash, which nobody may read.
    #[sql_name = "control.token_of"]
    fn token_of(token_hash: Binary) -> Nullable<Uuid>;

    /// `control.whereabouts`: what the ids are of, whoever may see it.
    #[sql_name = "control.whereabouts"]
    fn whereabouts(ids: Array<Uuid>) -> Jsonb;

    /// `control.grants_of`: the rights of a person or service, spelled as for a session.
    #[sql_name = "control.grants_of"]
    fn grants_of(user_id: Uuid) -> Jsonb;
}
