//! Months that leave the database: written to a file with the proof of each row, read back, recorded in an event, and
//! only then dropped. Their leaves stay in the tree, so that nothing that was signed before stops to hold.

pub mod check;
pub mod file;
pub mod month;
pub mod pages;
pub mod proving;
pub mod recorded;
pub mod rewriting;
mod run;
pub mod store;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use crate::actor::Privilege;
use crate::audit::sealing::leaf::Log;
use crate::config::Config;
use crate::error::AppError;
use crate::jobs::{Every, Handlers};

/// The right to take a month out of the log; no role contains it.
struct Archive;

impl Privilege for Archive {
    const NAME: &'static str = "audit.archive";
    const DESCRIPTION: &'static str = "Move old months of the log to files";
}

/// How long each log stays in the database, and where it goes then.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Whole months after the one that a row is of; none is for ever.
    keep: [(Log, Option<u32>); 2],
    /// Without it nothing leaves.
    folder: Option<PathBuf>,
}

impl Retention {
    /// That of the settings.
    pub fn of(config: &Config) -> Retention {
        let keep = [(Log::Events, config.audit_keep_months), (Log::SecurityEvents, config.security_keep_months)];
        Retention { keep, folder: config.audit_archive.clone() }
    }
}

/// What this resource does by the clock.
pub fn handlers(retention: Retention) -> Handlers {
    let retention = Arc::new(retention);
    Handlers::new()
        .on(Archive::NAME, move |job, db| run::run(job, db, retention.clone()))
        .scheduled(Every::day(1, 30), Archive::NAME)
}

/// Does what waits for a disk where no other request waits for it.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| AppError::Internal(format!("work on an archive ended early: {error}")))
}
