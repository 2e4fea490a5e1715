//! One named change, and what it would do or did.

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What is about to happen to what, and why. Its event is the first row that a writing transaction inserts.
#[derive(Debug, Clone)]
pub struct Action {
    pub name: &'static str,
    pub target_kind: &'static str,
    pub target_id: Option<Uuid>,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    pub reason: Option<String>,
    pub details: Value,
    /// The digest of the effect that was shown; another effect is refused.
    pub expected: Option<String>,
    /// Makes a second sending of the same form find the first one's result.
    pub once: Option<Once>,
}

/// A form's idempotency key and where its result will be found.
#[derive(Debug, Clone)]
pub struct Once {
    pub key: Uuid,
    /// Of the form as sent; the same key with other content is refused.
    pub body_hash: [u8; 32],
    pub location: String,
}

impl Action {
    /// `name` as in `tenant.suspend`, on one row.
    pub fn on(name: &'static str, target_kind: &'static str, target_id: Uuid) -> Self {
        Action { target_id: Some(target_id), ..Action::general(name, target_kind) }
    }

    /// An action that has no single target, such as reading a log.
    pub fn general(name: &'static str, target_kind: &'static str) -> Self {
        Action {
            name,
            target_kind,
            target_id: None,
            tenant_id: None,
            client_id: None,
            reason: None,
            details: Value::Object(Map::new()),
            expected: None,
            once: None,
        }
    }

    /// The tenant whose history the event belongs to.
    pub fn tenant(mut self, id: Uuid) -> Self {
        self.tenant_id = Some(id);
        self
    }

    /// The client whose history the event belongs to.
    pub fn client(mut self, id: Uuid) -> Self {
        self.client_id = Some(id);
        self
    }

    /// Why, in the person's own words; blank is none.
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        self
    }

    /// Facts about the action that no row change shows.
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Refuse unless the effect is still the one with this digest; blank checks nothing.
    pub fn expect(mut self, digest: &str) -> Self {
        self.expected = Some(digest.to_owned()).filter(|digest| !digest.is_empty());
        self
    }

    /// Do it once for this key; a repetition is answered with `location`.
    pub fn once(mut self, sent: Option<(Uuid, [u8; 32])>, location: String) -> Self {
        self.once = sent.map(|(key, body_hash)| Once { key, body_hash, location });
        self
    }
}

/// One changed row: only the columns that changed, secrets replaced by a mark.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RowChange {
    pub table_name: String,
    pub row_id: Option<Uuid>,
    pub op: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Something that leaves the system because of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Departure {
    /// `mail` or `webhook`.
    pub kind: String,
    pub recipient: String,
    pub subject: String,
}

/// Who gains and who loses rights by an action.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Reach {
    pub gains: Side,
    pub losses: Side,
    /// People who have no second factor and must add one before anything else.
    pub enrolling: i64,
    /// Equal while it is the same people and rights, also those that are not spelled out.
    pub digest: String,
}

/// The people on one side of a change of rights: all counted, the first few spelled out.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Side {
    pub people: i64,
    pub rights: i64,
    pub shown: Vec<Reached>,
}

/// What one person gains or loses on one place: everywhere, on a tenant, or on a client.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Reached {
    pub user_id: Uuid,
    pub name: String,
    pub email: String,
    pub tenant: Option<String>,
    pub client: Option<String>,
    pub privileges: Vec<String>,
}

impl Side {
    /// People who are counted and not spelled out.
    pub fn others(&self) -> i64 {
        let mut shown: Vec<Uuid> = self.shown.iter().map(|reached| reached.user_id).collect();
        shown.dedup();
        self.people - shown.len() as i64
    }
}

impl Reached {
    /// `Northwind`, `Bakery of Northwind` or `everywhere`.
    pub fn place(&self) -> String {
        match (&self.tenant, &self.client) {
            (Some(tenant), Some(client)) => format!("{client} of {tenant}"),
            (Some(tenant), None) => tenant.clone(),
            _ => "everywhere".to_owned(),
        }
    }
}

/// Everything an action changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effect {
    pub changes: Vec<RowChange>,
    pub departures: Vec<Departure>,
    /// For actions that change who may do what.
    pub reach: Option<Box<Reach>>,
}

impl Effect {
    /// Equal for a preview and its commit unless the rows underneath changed. New ids and times differ between the
    /// two, so of new values only the names of their columns count.
    pub fn digest(&self) -> String {
        let mut lines: Vec<String> = self.changes.iter().map(fingerprint).collect();
        lines.extend(self.departures.iter().map(|d| format!("{} {} {}", d.kind, d.recipient, d.subject)));
        lines.extend(self.reach.iter().map(|reach| reach.digest.clone()));
        lines.sort_unstable();
        let hash = Sha256::digest(lines.join("\n").as_bytes());
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &hash[..16])
    }
}

fn fingerprint(change: &RowChange) -> String {
    let after: Vec<&str> = match &change.after {
        Some(Value::Object(columns)) => columns.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let id = change.row_id.filter(|_| change.op != "insert").unwrap_or_default();
    let before = change.before.as_ref().map(Value::to_string).unwrap_or_default();
    format!("{} {} {id} {before} {}", change.table_name, change.op, after.join(","))
}
