//! The queue as tests use it. A console under test has no worker until the test asks for one.

use std::time::{Duration, Instant};

use castellan::action::Action;
use castellan::commands::setup;
use castellan::jobs::{Handlers, NewJob, Pace, Worker, enqueue};
use serde::Deserialize;
use uuid::Uuid;

use super::TestApp;

/// Quick enough that nobody waits for it.
pub const PACE: Pace = Pace {
    at_once: 2,
    pause: (Duration::from_millis(5), Duration::from_millis(20)),
    lease: Duration::from_secs(60),
    report: Duration::from_millis(20),
    grace: Duration::from_millis(100),
};

/// What became of a job.
#[derive(Debug, Clone, Deserialize)]
pub struct JobState {
    pub status: String,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub lease_token: Option<Uuid>,
    pub actor_id: Option<Uuid>,
    pub event_id: Option<Uuid>,
    pub progress_done: i64,
    pub progress_total: Option<i64>,
}

impl TestApp {
    /// Does every job that is due, as the worker of the console would. Returns how many.
    pub async fn run_jobs(&self) -> usize {
        let worker = self.app.worker(self.app.handlers()).expect("a worker can be made");
        worker.drain().await.expect("the queue can be read")
    }

    /// A worker that does what the test says.
    pub fn worker(&self, handlers: Handlers) -> Worker {
        self.worker_at(handlers, PACE)
    }

    /// The same at another pace.
    pub fn worker_at(&self, handlers: Handlers, pace: Pace) -> Worker {
        Worker::new(self.db().clone(), handlers, pace).expect("a worker can be made")
    }

    /// Adds a job the way a change does.
    pub async fn enqueue(&self, new: NewJob) -> Uuid {
        let can = setup::authority("test").expect("commands may add jobs");
        let action = Action::general("test.enqueue", "job");
        self.db().write(&can, action, move |tx| enqueue(tx, &new)).await.expect("a job can be added")
    }

    /// How a job stands.
    pub async fn job(&self, id: Uuid) -> JobState {
        let row = self.text(&format!("select to_jsonb(j) from control.job_queue j where id = '{id}'")).await;
        serde_json::from_str(&row).expect("a job can be read")
    }

    /// Lets every failed job come due.
    pub async fn skip_backoff(&self) {
        self.execute(
            "set local role castellan_jobs; update control.job_queue set run_at = now() where status = 'failed'",
        )
        .await;
    }

    /// Has every worker be taken for dead.
    pub async fn expire_leases(&self) {
        self.execute(
            "set local role castellan_jobs;
            update control.job_queue set lease_until = now() - interval '1 second' where status = 'running'",
        )
        .await;
    }

    /// Waits until a query finds this number.
    pub async fn until(&self, query: &str, number: i64) {
        let began = Instant::now();
        while self.number(query).await != number {
            assert!(began.elapsed() < Duration::from_secs(20), "{query} does not become {number}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
