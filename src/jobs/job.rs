//! A job as its handler sees it. The worker that holds it may lose it at any moment: to a cancellation, or to
//! another worker that took this one for dead.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::{Work, store};
use crate::action::Action;
use crate::actor::{Actor, ActorKind, Can, Privilege};
use crate::db::{Db, Tx};
use crate::error::AppError;

/// One run of a job.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: Uuid,
    pub kind: String,
    pub payload: Value,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    /// In whose name it runs; empty for the clock.
    pub actor_id: Option<Uuid>,
    /// 1 for the first.
    pub attempt: i32,
    pub max_attempts: i32,
    pub(super) lease: Uuid,
}

impl Job {
    /// The payload as a type. One that cannot be read is no use trying again, so the job is dead at once.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, AppError> {
        serde_json::from_value(self.payload.clone())
            .map_err(|error| AppError::BadRequest(format!("The payload cannot be read: {error}.")))
    }

    /// The right to do something as this job; its events carry the job's id as their request.
    pub fn can<P: Privilege>(&self) -> Result<Can<P>, AppError> {
        let mut actor = Actor::process(ActorKind::Job, &self.kind);
        actor.request_id = self.id;
        Can::prove(Arc::new(actor))
    }

    /// Changes rows, unless the job was lost. Its row stays locked until then, so nobody takes it in between.
    pub async fn write<P, T, F>(&self, db: &Db, can: &Can<P>, action: Action, work: F) -> Result<T, AppError>
    where
        P: Privilege,
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_, P>) -> Result<T, AppError> + Send + 'static,
    {
        let (id, lease) = (self.id, self.lease);
        db.write(can, action, move |tx| {
            kept(store::hold(tx, id, lease)?)?;
            work(tx)
        })
        .await
    }

    /// Changes rows and ends the job in one transaction: the change is made exactly once, however often the job is
    /// begun.
    pub async fn finish<P, T, F>(&self, db: &Db, can: &Can<P>, action: Action, work: F) -> Result<T, AppError>
    where
        P: Privilege,
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_, P>) -> Result<T, AppError> + Send + 'static,
    {
        let (id, lease) = (self.id, self.lease);
        db.write(can, action, move |tx| {
            kept(store::complete(tx, id, lease)?)?;
            work(tx)
        })
        .await
    }

    /// Shows how far it is, `total` being none while unknown. Refused once the job is lost.
    pub async fn progress(&self, db: &Db, done: i64, total: Option<i64>) -> Result<(), AppError> {
        let (id, lease) = (self.id, self.lease);
        kept(db.append(&self.can::<Work>()?, move |conn| store::progress(conn, id, lease, done, total)).await?)
    }
}

fn kept(kept: bool) -> Result<(), AppError> {
    match kept {
        true => Ok(()),
        false => Err(AppError::Conflict("This run lost its job: it was cancelled or given to another worker.".into())),
    }
}
