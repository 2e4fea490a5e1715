//! What happens to impersonations by the clock. They are over without it; it writes that down.

use super::{Approve, store};
use crate::action::Action;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::Job;

/// Ends what is over and lapses what nobody decided or began, each under an event of its own.
pub async fn finish(job: Job, db: Db) -> Result<(), AppError> {
    let can = job.can::<Approve>()?;
    for due in db.read(&can, store::due).await? {
        let action = Action::on("impersonation.finish", "impersonation", due.id).tenant(due.tenant_id);
        let finished = job.write(&db, &can, action, move |tx| match &due.why {
            Some(why) => store::end(tx, due.id, why),
            None => store::lapse(tx, due.id),
        });
        match finished.await {
            // Somebody stopped it in between.
            Ok(()) | Err(AppError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    tell(&job, &db, &can).await
}

/// Writes to those who were impersonated that it is over, whoever or whatever ended it.
async fn tell(job: &Job, db: &Db, can: &Can<Approve>) -> Result<(), AppError> {
    for (id, tenant_id) in db.read(can, store::untold).await? {
        let action = Action::on("impersonation.tell", "impersonation", id).tenant(tenant_id);
        job.write(db, can, action, move |tx| store::tell(tx, id)).await?;
    }
    Ok(())
}
