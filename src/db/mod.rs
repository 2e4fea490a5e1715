//! The only place that sees a connection. Reading and writing go through [`Db`], which opens the transaction,
//! says who acts, and leaves the event.

mod details;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod engine;
pub mod functions;
mod json;
pub mod keyset;
pub mod migrate;
mod pool;
pub mod search;
mod security;
mod transaction;
mod upkeep;

pub use engine::Engine;
pub use json::Json;
pub use keyset::{Cursor, Slice};
pub use pool::PoolSettings;
pub use security::{SecurityEvent, SecurityKind};
pub use transaction::{Preview, Tx};
pub use upkeep::{Health, Room, TableName, room};

use std::sync::Arc;

use diesel::PgConnection;
use tokio::sync::Notify;

use crate::action::Action;
use crate::actor::{About, Actor, Can, Privilege};
use crate::error::AppError;
use pool::Pool;
use transaction::Run;

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    work_added: Arc<Notify>,
}

impl Db {
    /// Opens the pool. Connections wear a role without rights until a transaction says who acts.
    pub fn connect(url: &str, settings: PoolSettings) -> Result<Db, AppError> {
        Ok(Db { pool: Pool::connect(url, settings)?, work_added: Arc::default() })
    }

    /// Reads under `can` in a READ ONLY transaction. Where the privilege asks for it, the read leaves an event first.
    pub async fn read<P, T, F>(&self, can: &Can<P>, work: F) -> Result<T, AppError>
    where
        P: Privilege,
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, AppError> + Send + 'static,
    {
        let can = can.clone();
        self.pool.run(move |conn| transaction::read(conn, &can, work)).await
    }

    /// Leaves the event of a read that goes on in many pieces, such as an export.
    pub async fn note_read<P: Privilege>(&self, can: &Can<P>) -> Result<(), AppError> {
        self.note_read_about(can, About::LOG).await
    }

    /// Leaves the event of a read about something.
    pub async fn note_read_about<P: Privilege>(&self, can: &Can<P>, about: About) -> Result<(), AppError> {
        let can = can.clone();
        self.pool.run(move |conn| transaction::log_read(conn, &can, about)).await
    }

    /// Leaves the event of a read that is more than its beginning, such as the end of an export.
    pub async fn note<P: Privilege>(
        &self,
        can: &Can<P>,
        action: Action,
        outcome: &'static str,
    ) -> Result<(), AppError> {
        let can = can.clone();
        self.pool.run(move |conn| transaction::note(conn, &can, &action, outcome)).await
    }

    /// Changes rows under `can`; the event of `action` is written first, in the same transaction.
    pub async fn write<P, T, F>(&self, can: &Can<P>, action: Action, work: F) -> Result<T, AppError>
    where
        P: Privilege,
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_, P>) -> Result<T, AppError> + Send + 'static,
    {
        let (can, work_added) = (can.clone(), self.work_added.clone());
        self.pool
            .run(move |conn| {
                transaction::write(conn, &can, &action, Run::Commit, &work_added, work).map(|preview| preview.value)
            })
            .await
    }

    /// Writes to tables that are logs or queues themselves, which leave no event. A change to any other table is
    /// refused by its trigger.
    pub async fn append<P, T, F>(&self, can: &Can<P>, work: F) -> Result<T, AppError>
    where
        P: Privilege,
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, AppError> + Send + 'static,
    {
        let can = can.clone();
        self.pool.run(move |conn| transaction::append(conn, &can, work)).await
    }

    /// Does what `write` would do, collects what it changed, and undoes it.
    pub async fn preview<P, T, F>(&self, can: &Can<P>, action: Action, work: F) -> Result<Preview<T>, AppError>
    where
        P: Privilege,
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_, P>) -> Result<T, AppError> + Send + 'static,
    {
        let (can, work_added) = (can.clone(), self.work_added.clone());
        self.pool.run(move |conn| transaction::write(conn, &can, &action, Run::RollBack, &work_added, work)).await
    }

    /// Ends when a transaction of this process has committed work for the worker; see [`Tx::adds_work`].
    pub async fn work_added(&self) {
        self.work_added.notified().await;
    }

    /// Notes a refusal or sign-in trouble in a transaction of its own; that it could not be noted is logged.
    pub async fn note_security(&self, actor: Arc<Actor>, event: SecurityEvent) {
        let kind = event.kind.name();
        if let Err(error) = self.pool.run(move |conn| transaction::note_security(conn, &actor, &event)).await {
            tracing::error!(kind, %error, "a security event could not be recorded");
        }
    }

    /// Calls a function that the idle role may call, outside of any right: session look-up and health.
    pub async fn ask<T, F>(&self, work: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, AppError> + Send + 'static,
    {
        self.pool.run(work).await
    }
}

/// An action whose statement found its row in no fitting state is a conflict, explained by this sentence.
pub fn fitting(rows: usize, otherwise: &str) -> Result<(), AppError> {
    match rows {
        0 => Err(AppError::Conflict(otherwise.to_owned())),
        _ => Ok(()),
    }
}
