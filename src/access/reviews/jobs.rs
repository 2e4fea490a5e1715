//! What happens to campaigns by the clock.

use super::actions::action;
use super::model::Review;
use super::store;
use crate::access::Manage;
use crate::access::review_items::store::{self as items, Unanswered};
use crate::action::Action;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::Job;

/// Tells reviewers of campaigns that end soon.
pub async fn remind(job: Job, db: Db) -> Result<(), AppError> {
    let can = job.can::<Manage>()?;
    for review in db.read(&can, store::to_remind).await? {
        let reminder = action("access_review.remind", &review);
        job.write(&db, &can, reminder, move |tx| store::remind(tx, &review)).await?;
    }
    Ok(())
}

/// Closes campaigns whose time is over. What nobody answered ends, each assignment under an event of its own.
pub async fn close_due(job: Job, db: Db) -> Result<(), AppError> {
    let can = job.can::<Manage>()?;
    for review in db.read(&can, store::due).await? {
        expire(&job, &db, &can, &review).await?;
        let closing = action("access_review.close", &review);
        let closed = job.write(&db, &can, closing, move |tx| {
            store::hold_due(tx, review.id)?;
            store::close(tx, &review)
        });
        match closed.await {
            // Somebody closed it by hand, or moved its day, since it was read.
            Ok(()) | Err(AppError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn expire(job: &Job, db: &Db, can: &Can<Manage>, review: &Review) -> Result<(), AppError> {
    let id = review.id;
    let left: Vec<Unanswered> = db.read(can, move |conn| items::undecided(conn, id)).await?;
    let total = left.len() as i64;
    for (done, (item_id, assignment_id, tenant_id, client_id)) in left.into_iter().enumerate() {
        let ending = Action::on("access_review.expire", "assignment", assignment_id);
        let ending = ending.details(serde_json::json!({ "review_id": id, "item_id": item_id }));
        let ending = tenant_id.into_iter().fold(ending, Action::tenant);
        let ending = client_id.into_iter().fold(ending, Action::client);
        job.write(db, can, ending, move |tx| items::expire_one(tx, id, item_id)).await?;
        if (done + 1) % PROGRESS == 0 {
            job.progress(db, done as i64 + 1, Some(total)).await?;
        }
    }
    Ok(())
}

/// Items after which the job says how far it is.
const PROGRESS: usize = 100;
