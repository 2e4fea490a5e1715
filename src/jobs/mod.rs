//! Work outside of a request: a queue in the database, workers that take from it, and a schedule that adds to it.
//! Knows no domain; what is done for each kind of job is put together in `app`.

pub mod handlers;
pub mod job;
pub mod queue;
pub mod schedule;
mod store;
pub mod worker;

pub use handlers::{Every, Handlers};
pub use job::Job;
pub use queue::{NewJob, enqueue};
pub use worker::{Pace, Worker};

use crate::actor::Privilege;

/// What a worker holds to mind the queue. No role contains it.
struct Work;

impl Privilege for Work {
    const NAME: &'static str = "jobs.work";
    const DESCRIPTION: &'static str = "Take jobs from the queue and report on them";
}
