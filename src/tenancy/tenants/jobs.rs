//! What happens to tenants by the clock.

use super::store;
use crate::action::Action;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::Job;
use crate::tenancy::Suspend;

/// Closes what has been closing long enough, each tenant under an event of its own.
pub async fn finish_closing(job: Job, db: Db) -> Result<(), AppError> {
    let can = job.can::<Suspend>()?;
    for id in db.read(&can, store::due_closings).await? {
        let action = Action::on("tenant.finish_closing", "tenant", id).tenant(id);
        job.write(&db, &can, action, move |tx| store::finish_closing(tx, id)).await?;
    }
    Ok(())
}
