//! What of an event goes into the tree, to the byte: docs/audit-log.md. Whoever changes a field here breaks every tree
//! there is.

use std::collections::{BTreeMap, BTreeSet};

use castellan_schema::audit::{changes, events, security_events};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use jiff_diesel::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::commitment::{Secrets, Values};
use super::{Hash, hash_text};

const LEAF: u8 = 0x00;
const RECORD: u8 = 0x02;
/// Of the format; another one would need other checks.
pub const VERSION: u8 = 1;

type Written = SqlLiteral<Text>;
type MaybeWritten = SqlLiteral<Nullable<Text>>;

/// Which table a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Log {
    Events,
    SecurityEvents,
}

impl Log {
    /// As the database names it.
    pub fn name(self) -> &'static str {
        match self {
            Log::Events => "events",
            Log::SecurityEvents => "security_events",
        }
    }

    /// From the name that the database has for it.
    pub fn named(name: &str) -> Option<Log> {
        [Log::Events, Log::SecurityEvents].into_iter().find(|log| log.name() == name)
    }
}

/// Where a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference {
    pub log: Log,
    pub id: Uuid,
    pub occurred_at: jiff::Timestamp,
}

/// A row as the tree sees it.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// What is hashed.
    pub data: String,
    /// What opens the commitment in it.
    pub values: Values,
    /// In their order.
    pub changes: Vec<Record>,
}

impl Leaf {
    /// What stands in the tree.
    pub fn hash(&self) -> Hash {
        hash(&self.data)
    }
}

/// A change as its event's leaf sees it.
#[derive(Debug, Clone)]
pub struct Record {
    pub data: String,
    pub values: Values,
}

/// The hash of a leaf.
pub fn hash(data: &str) -> Hash {
    Sha256::new_with_prefix([LEAF]).chain_update(data).finalize().into()
}

/// The hash over all changes of an event.
pub fn hash_of_changes(records: impl IntoIterator<Item = impl AsRef<str>>) -> Hash {
    let record = |data: &str| Sha256::new_with_prefix([RECORD]).chain_update(data).finalize();
    records.into_iter().fold(Sha256::new(), |all, data| all.chain_update(record(data.as_ref()))).finalize().into()
}

/// A row of `audit.events`.
#[derive(Debug, Serialize, Queryable, Selectable)]
#[diesel(table_name = events, check_for_backend(Pg))]
pub struct Event {
    pub id: Uuid,
    #[serde(serialize_with = "microseconds")]
    pub occurred_at: Timestamp,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_label: Option<String>,
    effective_actor_id: Option<Uuid>,
    delegation_id: Option<Uuid>,
    impersonation_id: Option<Uuid>,
    session_id: Option<Uuid>,
    request_id: Option<Uuid>,
    action: String,
    outcome: String,
    severity: String,
    is_read: bool,
    reason_code: Option<String>,
    target_kind: String,
    target_id: Option<Uuid>,
    tenant_id: Option<Uuid>,
    client_id: Option<Uuid>,
    database_user: String,
    #[serde(skip)]
    #[diesel(select_expression = sql("to_jsonb(reason)::text"), select_expression_type = MaybeWritten)]
    reason: Option<String>,
    #[serde(skip)]
    #[diesel(select_expression = sql("details::text"), select_expression_type = Written)]
    details: String,
    #[serde(skip)]
    #[diesel(embed)]
    secrets: EventSecrets,
}

/// A row of `audit.security_events`.
#[derive(Debug, Serialize, Queryable, Selectable)]
#[diesel(table_name = security_events, check_for_backend(Pg))]
pub struct SecurityEvent {
    pub id: Uuid,
    #[serde(serialize_with = "microseconds")]
    pub occurred_at: Timestamp,
    kind: String,
    severity: String,
    actor_id: Option<Uuid>,
    session_id: Option<Uuid>,
    request_id: Option<Uuid>,
    tenant_id: Option<Uuid>,
    #[serde(skip)]
    #[diesel(select_expression = sql("to_jsonb(encode(network_hash, 'hex'))::text"), select_expression_type = MaybeWritten)]
    network_hash: Option<String>,
    #[serde(skip)]
    #[diesel(select_expression = sql("details::text"), select_expression_type = Written)]
    details: String,
    #[serde(skip)]
    #[diesel(embed)]
    secrets: SecurityEventSecrets,
}

/// A row of `audit.changes`.
#[derive(Debug, Serialize, Queryable, Selectable)]
#[diesel(table_name = changes, check_for_backend(Pg))]
pub struct Change {
    position: i64,
    id: Uuid,
    table_name: String,
    row_id: Option<Uuid>,
    op: String,
    tenant_id: Option<Uuid>,
    client_id: Option<Uuid>,
    #[serde(skip)]
    pub event_id: Uuid,
    #[serde(skip)]
    pub occurred_at: Timestamp,
    #[serde(skip)]
    #[diesel(select_expression = sql("before::text"), select_expression_type = MaybeWritten)]
    before: Option<String>,
    #[serde(skip)]
    #[diesel(select_expression = sql("after::text"), select_expression_type = MaybeWritten)]
    after: Option<String>,
    #[serde(skip)]
    #[diesel(embed)]
    secrets: ChangeSecrets,
}

/// The same three columns of each table.
macro_rules! secrets {
    ($name:ident, $table:ident) => {
        /// What opens the values of a row.
        #[derive(Debug, Default, Queryable, Selectable)]
        #[diesel(table_name = $table, check_for_backend(Pg))]
        pub struct $name {
            salt: Option<Vec<u8>>,
            salts: Option<Json>,
            commitments: Option<Json>,
        }

        impl From<$name> for Secrets {
            fn from(row: $name) -> Secrets {
                Secrets { salt: row.salt, salts: row.salts, commitments: row.commitments }
            }
        }
    };
}
secrets!(EventSecrets, events);
secrets!(SecurityEventSecrets, security_events);
secrets!(ChangeSecrets, changes);

#[derive(Serialize)]
struct EventData<'a> {
    v: u8,
    log: &'static str,
    #[serde(flatten)]
    event: &'a Event,
    #[serde(with = "hash_text")]
    values: Hash,
    changes: Changes,
}

#[derive(Serialize)]
struct Changes {
    count: usize,
    #[serde(with = "hash_text")]
    hash: Hash,
}

#[derive(Serialize)]
struct SecurityEventData<'a> {
    v: u8,
    log: &'static str,
    #[serde(flatten)]
    event: &'a SecurityEvent,
    #[serde(with = "hash_text")]
    values: Hash,
}

#[derive(Serialize)]
struct ChangeData<'a> {
    #[serde(flatten)]
    change: &'a Change,
    #[serde(with = "hash_text")]
    values: Hash,
}

/// The leaf of an event with its changes, in whatever order they come.
pub fn of_event(mut event: Event, mut changes: Vec<Change>) -> Result<Leaf, serde_json::Error> {
    changes.sort_unstable_by_key(|change| (change.position, change.id));
    let changes = changes.into_iter().map(record).collect::<Result<Vec<Record>, _>>()?;
    let secrets = std::mem::take(&mut event.secrets).into();
    let values = columns(&secrets, "reason", event.reason.take(), std::mem::take(&mut event.details));
    let data = EventData {
        v: VERSION,
        log: Log::Events.name(),
        event: &event,
        values: values.commitment(),
        changes: Changes {
            count: changes.len(),
            hash: hash_of_changes(changes.iter().map(|change| change.data.as_str())),
        },
    };
    Ok(Leaf { data: serde_json::to_string(&data)?, values, changes })
}

/// The leaf of a security event.
pub fn of_security_event(mut event: SecurityEvent) -> Result<Leaf, serde_json::Error> {
    let secrets = std::mem::take(&mut event.secrets).into();
    let values = columns(&secrets, "network_hash", event.network_hash.take(), std::mem::take(&mut event.details));
    let data =
        SecurityEventData { v: VERSION, log: Log::SecurityEvents.name(), event: &event, values: values.commitment() };
    Ok(Leaf { data: serde_json::to_string(&data)?, values, changes: Vec::new() })
}

/// A column that may be null, and the details, which are `{}` once they are erased.
fn columns(secrets: &Secrets, name: &str, value: Option<String>, details: String) -> Values {
    let details = Some(details).filter(|details| details != "{}" || !secrets.has_erased("details"));
    let present = [(name, value), ("details", details)];
    let present = present.into_iter().filter(|(_, value)| value.is_some());
    Values::new(secrets, present.map(|(name, value)| (name.to_owned(), None, value)))
}

fn record(mut change: Change) -> Result<Record, serde_json::Error> {
    let (before, after) = (change.before.take(), change.after.take());
    let [before, after] = [members(before.as_deref())?, members(after.as_deref())?];
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let text = |values: &BTreeMap<String, &RawValue>, name: &String| values.get(name).map(|raw| raw.get().to_owned());
    let present = names.into_iter().map(|name| (name.clone(), text(&before, name), text(&after, name)));
    let values = Values::new(&std::mem::take(&mut change.secrets).into(), present);
    let data = ChangeData { change: &change, values: values.commitment() };
    Ok(Record { data: serde_json::to_string(&data)?, values })
}

/// The members of an object with their texts as they stand in it.
fn members(object: Option<&str>) -> Result<BTreeMap<String, &RawValue>, serde_json::Error> {
    object.map_or(Ok(BTreeMap::new()), serde_json::from_str)
}

fn microseconds<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&at.to_jiff().strftime("%Y-%m-%dT%H:%M:%S.%6fZ"))
}
