//! The log is verified each day, and when somebody asks for it, by a job that reads a page's worth of it at a time.

pub mod store;

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::actor::{Can, Privilege};
use crate::audit::sealer::keys::KeyFile;
use crate::audit::sealing::note::PublicKeys;
use crate::audit::sealing::verification::{Report, Verification, rows};
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::{Every, Handlers, Job};

/// The kind of job that verifies.
pub const VERIFY: &str = "audit.verify";
/// Leaves that are compared at once: whole tiles, and few enough that a page waits for them where there is one connection.
const PIECE: u64 = 1024;
/// Progress is shown no more often than this.
const SHOWN: Duration = Duration::from_secs(1);

/// The right to read what is sealed, as who verifies; no role contains it.
struct Check;

impl Privilege for Check {
    const NAME: &'static str = "audit.check";
    const DESCRIPTION: &'static str = "Compare the log with what was sealed";
    const DATABASE_ROLE: Option<&'static str> = Some("castellan_sealer");
}

/// Verifies against the public keys beside the key.
pub fn handlers(keys: KeyFile) -> Handlers {
    Handlers::new().on(VERIFY, move |job, db| verify(job, db, keys.clone())).scheduled(Every::day(2, 30), VERIFY)
}

async fn verify(job: Job, db: Db, keys: KeyFile) -> Result<(), AppError> {
    let (can, started) = (job.can::<Check>()?, Timestamp::now());
    let unreadable = |error| AppError::Internal(format!("The public keys of the audit log cannot be read: {error}."));
    let keys = keys.public()?.map(|text| PublicKeys::read(&text)).transpose().map_err(unreadable)?;
    let report =
        compare(&job, &db, &can, Verification { keys, held: Vec::new(), now: started, archives: None }).await?;
    tracing::info!(verdict = report.verdict.name(), leaves = report.tree_size, "the audit log was verified");
    db.append(&can, move |conn| store::keep(conn, &job, started, &report)).await
}

/// Lets go of its connection after each piece, for there may be no other.
async fn compare(job: &Job, db: &Db, can: &Can<Check>, against: Verification) -> Result<Report, AppError> {
    let mut run = db.read(can, move |conn| against.begin(conn)).await?;
    let (size, archived) = (run.size(), run.archived());
    let total = Some(size.cast_signed());
    let mut shown = Instant::now();
    let mut from = 0;
    while from < size {
        let to = size.min(from + PIECE);
        let archived = archived.clone();
        run.take(db.read(can, move |conn| rows::check(conn, &archived, from, to)).await?);
        from = to;
        if shown.elapsed() > SHOWN {
            job.progress(db, from.cast_signed(), total).await?;
            shown = Instant::now();
        }
    }
    let mut more = true;
    while more {
        (run, more) = db
            .read(can, move |conn| {
                let more = run.grow(conn)?;
                Ok((run, more))
            })
            .await?;
    }
    job.progress(db, size.cast_signed(), total).await?;
    db.read(can, move |conn| run.end(conn)).await
}
