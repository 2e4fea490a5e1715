//! What the console does for itself by the clock: throwing away what is old, and making room for what comes.

mod store;

use crate::action::Action;
use crate::actor::Privilege;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::{Every, Handlers, Job};

/// The right to do this; no role contains it.
struct Upkeep;

impl Privilege for Upkeep {
    const NAME: &'static str = "operations.maintain";
    const DESCRIPTION: &'static str = "Throw away what is old and make room for what comes";
}

/// Upkeep that every database needs.
pub fn handlers() -> Handlers {
    Handlers::new()
        .on("audit.ensure_partitions", ensure_partitions)
        .scheduled(Every::day(0, 10), "audit.ensure_partitions")
        .on("auth.sweep", sweep_sign_ins)
        .scheduled(Every::hour(20), "auth.sweep")
        .on("jobs.sweep", sweep_jobs)
        .scheduled(Every::hour(40), "jobs.sweep")
}

/// Upkeep that the embedded engine cannot do by itself.
pub fn embedded_handlers() -> Handlers {
    Handlers::new()
        .on("db.checkpoint", |_, db: Db| async move { db.checkpoint().await })
        .scheduled(Every::minutes(10), "db.checkpoint")
        .on("db.vacuum", vacuum)
        .scheduled(Every::day(3, 0), "db.vacuum")
}

async fn ensure_partitions(job: Job, db: Db) -> Result<(), AppError> {
    let made = db.append(&job.can::<Upkeep>()?, store::ensure_partitions).await?;
    if made > 0 {
        tracing::info!(made, "months of the log were made");
    }
    Ok(())
}

/// Sign-in attempts, keys of forms that were sent, use of tokens, old alerts, sessions that ended long ago. Only sessions are rows that leave
/// a trace when they go.
async fn sweep_sign_ins(job: Job, db: Db) -> Result<(), AppError> {
    let can = job.can::<Upkeep>()?;
    while db.append(&can, store::sweep_login_attempts).await? {}
    while db.append(&can, store::sweep_idempotency_keys).await? {}
    while db.append(&can, store::sweep_token_usage).await? {}
    while db.append(&can, store::sweep_alerts).await? {}
    while db.read(&can, store::has_old_sessions).await? {
        job.write(&db, &can, Action::general("session.sweep", "session"), store::sweep_sessions).await?;
    }
    Ok(())
}

async fn sweep_jobs(job: Job, db: Db) -> Result<(), AppError> {
    let can = job.can::<Upkeep>()?;
    while db.append(&can, store::sweep_jobs).await? {}
    while db.append(&can, store::sweep_letters).await? {}
    Ok(())
}

/// One table at a time, so that pages get their turn in between.
async fn vacuum(job: Job, db: Db) -> Result<(), AppError> {
    let tables = db.tables().await?;
    let total = tables.len() as i64;
    for (done, table) in tables.into_iter().enumerate() {
        db.vacuum(table).await?;
        job.progress(&db, done as i64 + 1, Some(total)).await?;
    }
    Ok(())
}
