//! What happens to people by the clock.

use super::store;
use crate::access::Manage;
use crate::action::Action;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::Job;

/// Ends locks whose time is over, each under an event of its own.
pub async fn finish_locks(job: Job, db: Db) -> Result<(), AppError> {
    let can = job.can::<Manage>()?;
    for id in db.read(&can, store::due_unlocks).await? {
        let action = Action::on("user.finish_lock", "user", id);
        job.write(&db, &can, action, move |tx| store::finish_lock(tx, id)).await?;
    }
    Ok(())
}
