//! The job that takes months out of the log when their time has come. Whatever breaks it off, it begins again where the
//! month is still in the database; what is dropped is recorded, in a file, and read back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::check::{self, Checked, Wrong};
use super::file::{self, Draft, Extent, Header, VERSION, Writer};
use super::month::Month;
use super::rewriting;
use super::store::{self, Plan};
use super::write::{Rows, explain};
use super::{Archive, Retention, blocking};
use crate::action::Action;
use crate::actor::Privilege;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::Job;
use crate::token::hex;

/// Seconds before the next try to be alone with the log for the moment that dropping takes.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 16];

/// Archives every month that is past its time. A month that has to stay keeps no other from leaving.
pub async fn run(job: Job, db: Db, retention: Arc<Retention>) -> Result<(), AppError> {
    let Some(folder) = &retention.folder else { return Ok(()) };
    let Some(_turn) = file::take_turn(folder).map_err(explain)? else {
        tracing::info!("another run takes old months out of the log");
        return Ok(());
    };
    let can = job.can::<Archive>()?;
    let recorded = db.read(&can, store::all).await?;
    let settled = folder.clone();
    blocking(move || rewriting::settle(&settled, &recorded)).await?.map_err(explain)?;
    let mut first = Ok(());
    for (log, keep) in retention.keep {
        let Some(keep) = keep else { continue };
        let due = db.read(&can, move |conn| store::due(conn, log, keep)).await?;
        for month in due {
            let done = archive(&job, &db, folder, month).await;
            if let Err(error) = &done {
                tracing::warn!(log = log.name(), month = month.name(), %error, "a month stays in the log");
            }
            first = first.and(done);
        }
    }
    first
}

async fn archive(job: &Job, db: &Db, folder: &Path, month: Month) -> Result<(), AppError> {
    let can = job.can::<Archive>()?;
    let plan = db.read(&can, move |conn| store::plan(conn, month)).await?;
    let (draft, written) = write(job, db, folder, &plan).await?;
    let draft = Arc::new(draft);
    let checked = read_back(&draft).await?;
    if checked.extent != written {
        return Err(AppError::Internal("The archive of the audit log reads otherwise than it was written.".into()));
    }
    let action = Action::general(Archive::NAME, "log").details(facts(&checked));
    let mut pauses = PAUSES.iter();
    loop {
        let (draft, folder) = (draft.clone(), folder.to_owned());
        let dropped = job.write(db, &can, action.clone(), move |tx| {
            let event = tx.event_id();
            store::drop_month(tx, event)?;
            refuse_others(tx, &folder.join(month.file_name()))?;
            draft.place(&month.file_name()).map_err(explain)
        });
        match (dropped.await, pauses.next()) {
            (Err(AppError::Unavailable(why)), Some(pause)) => {
                tracing::info!(month = month.name(), why, "the log is busy, and its old month is dropped later");
                sleep(Duration::from_secs(*pause)).await;
            }
            (done, _) => return done,
        }
    }
}

async fn write(job: &Job, db: &Db, folder: &Path, plan: &Plan) -> Result<(Draft, Extent), AppError> {
    let can = job.can::<Archive>()?;
    let writer = Writer::begin(folder, &plan.month.file_name(), &header(plan)).map_err(explain)?;
    let mut rows = Rows::of(plan, writer);
    while !rows.are_done() {
        rows = db
            .read(&can, move |conn| {
                rows.step(conn)?;
                Ok(rows)
            })
            .await?;
        let (done, total) = rows.progress();
        job.progress(db, done, Some(total)).await?;
    }
    blocking(move || rows.writer.finish()).await?.map_err(explain)
}

fn header(plan: &Plan) -> Header {
    Header {
        v: VERSION,
        log: plan.month.log.name().to_owned(),
        month: plan.month.name(),
        rows: plan.rows,
        first_leaf: plan.first,
        last_leaf: plan.last,
        checkpoint: plan.note.clone(),
    }
}

async fn read_back(draft: &Arc<Draft>) -> Result<Checked, AppError> {
    let draft = draft.clone();
    let refuse = |wrong: Wrong| AppError::Internal(format!("The archive of the audit log does not hold: {wrong}."));
    blocking(move || check::check(&draft.path, None)).await?.map_err(refuse)
}

/// What the event says, and the record after it.
fn facts(checked: &Checked) -> serde_json::Value {
    let header = &checked.header;
    json!({
        "log": header.log, "month": header.month, "rows": header.rows, "changes": checked.changes,
        "erased": checked.erased, "first_leaf": header.first_leaf, "last_leaf": header.last_leaf,
        "tree_size": checked.checkpoint.size, "root": hex(&checked.checkpoint.root),
        "file": checked.month.file_name(), "file_size": checked.extent.bytes, "sha256": hex(&checked.extent.sha256),
    })
}

/// A file of this name that is there already was left by a run that was broken off, or is of another log, whose only
/// copy it may be.
fn refuse_others(conn: &mut diesel::PgConnection, path: &Path) -> Result<(), AppError> {
    let is_ours = match check::said(path) {
        Err(Wrong::Missing) => true,
        Ok((_, tree)) => store::is_ours(conn, &tree)?,
        Err(_) => false,
    };
    match is_ours {
        true => Ok(()),
        false => Err(AppError::Conflict(format!(
            "{} is there already and is not of this log. Give each log a folder of its own (CASTELLAN_AUDIT_ARCHIVE).",
            path.display()
        ))),
    }
}
