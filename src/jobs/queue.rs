//! Adding a job: in the same transaction as the change that asks for it, so that either both happen or neither.

use jiff_diesel::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::store;
use crate::db::Tx;
use crate::error::AppError;

/// A job to be added. The payload is shown to staff and kept for weeks, so it names rows by id and holds no secrets.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub kind: &'static str,
    pub payload: Value,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    /// Not before this moment; at once when empty.
    pub run_at: Option<Timestamp>,
    /// Higher goes first; 0 is usual.
    pub priority: i32,
    pub max_attempts: i32,
    /// Two jobs with the same key are the same job.
    pub idempotency_key: Option<String>,
}

impl NewJob {
    /// A job to be done at once, tried ten times.
    pub fn of(kind: &'static str) -> Self {
        NewJob {
            kind,
            payload: json!({}),
            tenant_id: None,
            client_id: None,
            run_at: None,
            priority: 0,
            max_attempts: 10,
            idempotency_key: None,
        }
    }

    /// What the handler needs to know, a JSON object.
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// On whose behalf; those who may see the tenant's jobs see it.
    pub fn tenant(mut self, id: Uuid) -> Self {
        self.tenant_id = Some(id);
        self
    }

    /// The tenant's client that it is about.
    pub fn client(mut self, tenant_id: Uuid, id: Uuid) -> Self {
        self.client_id = Some(id);
        self.tenant(tenant_id)
    }

    /// Not before this moment.
    pub fn at(mut self, run_at: Timestamp) -> Self {
        self.run_at = Some(run_at);
        self
    }

    /// Higher goes first.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Makes a second one with this key the same job, for as long as the first is kept.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

/// Adds a job that is done once this transaction is committed, in the name of whoever acts. Returns its id, or the
/// id of the job that has the same key already.
pub fn enqueue<P>(tx: &mut Tx<'_, P>, new: &NewJob) -> Result<Uuid, AppError> {
    let (actor_id, event_id) = (tx.actor_id(), tx.event_id());
    tx.adds_work();
    store::insert(tx, new, actor_id, event_id)
}
