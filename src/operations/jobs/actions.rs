//! What can be done to a job.

use super::model::Job;
use super::store;
use crate::action::{Action, Effect};
use crate::db::Tx;
use crate::error::AppError;
use crate::operations::ManageJobs;
use crate::web::page::Crumb;
use crate::web::row_action::{Input, RowAction, Words, on_row};

fn action(name: &'static str, job: &Job) -> Action {
    Action { tenant_id: job.tenant_id, client_id: job.client_id, ..Action::on(name, "job", job.id) }
}

fn words(job: &Job, noun: &str, title: String, done: String) -> Words {
    Words {
        title,
        done,
        post_to: format!("{}/{noun}", job.url()),
        back_to: job.url(),
        trail: vec![
            Crumb { label: "Jobs".into(), href: "/jobs".into() },
            Crumb { label: job.kind.clone(), href: job.url() },
            Crumb { label: noun.into(), href: String::new() },
        ],
        typed: None,
    }
}

/// Begins anew.
pub struct Retry;

impl RowAction for Retry {
    on_row!(Job, ManageJobs, store::find);

    fn action(job: &Job) -> Action {
        action("job.retry", job)
    }
    fn words(job: &Job) -> Words {
        words(job, "retry", format!("Try {} again", job.kind), format!("{} is in the queue again.", job.kind))
    }
    fn sentence(job: &Job, _: &Effect) -> String {
        format!("The job is done as soon as a worker is free, with {} new attempts.", job.max_attempts)
    }
    fn apply(tx: &mut Tx<'_, ManageJobs>, job: &Job, _: &Input) -> Result<(), AppError> {
        store::retry(tx, job.id)
    }
}

/// Takes it out of the queue.
pub struct Cancellation;

impl RowAction for Cancellation {
    on_row!(Job, ManageJobs, store::find);
    const DANGEROUS: bool = true;

    fn action(job: &Job) -> Action {
        action("job.cancel", job)
    }
    fn words(job: &Job) -> Words {
        words(job, "cancellation", format!("Cancel {}", job.kind), format!("{} is cancelled.", job.kind))
    }
    fn sentence(job: &Job, _: &Effect) -> String {
        let stays = "You can try it again later.";
        match job.status.as_str() {
            "running" => format!("The worker stops within seconds; what it has changed already stays. {stays}"),
            _ => format!("The job is not done. {stays}"),
        }
    }
    fn apply(tx: &mut Tx<'_, ManageJobs>, job: &Job, _: &Input) -> Result<(), AppError> {
        store::cancel(tx, job.id)
    }
}
