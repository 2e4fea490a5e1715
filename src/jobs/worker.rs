//! Takes jobs from the queue, does them, and reports. Any number of workers in any number of processes may run.
//! A worker never holds a database connection while it waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval_at, sleep, timeout};
use uuid::Uuid;

use super::handlers::Handlers;
use super::job::Job;
use super::schedule::Clock;
use super::{Work, store};
use crate::actor::{Actor, ActorKind, Can};
use crate::db::Db;
use crate::error::AppError;

/// How a worker paces itself.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Jobs at the same time.
    pub at_once: usize,
    /// The shortest and the longest pause between two looks at the queue.
    pub pause: (Duration, Duration),
    /// How long a job stays with a worker that does not report.
    pub lease: Duration,
    /// How often a worker reports.
    pub report: Duration,
    /// How long running jobs may take to end once the worker is asked to.
    pub grace: Duration,
}

impl Pace {
    /// For a server with this many connections. With a single one, pages go first: one job at a time, and a look at
    /// the queue no more than once a second.
    pub fn of(connections: u32) -> Pace {
        let usual = Pace {
            at_once: (connections as usize / 2).max(1),
            pause: (Duration::from_millis(200), Duration::from_secs(5)),
            lease: Duration::from_secs(60),
            report: Duration::from_secs(15),
            grace: Duration::from_secs(20),
        };
        match connections {
            1 => Pace { pause: (Duration::from_secs(1), Duration::from_secs(5)), ..usual },
            _ => usual,
        }
    }
}

/// One worker of this process.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    handlers: Arc<Handlers>,
    clock: Arc<Mutex<Clock>>,
    pace: Pace,
    name: Arc<str>,
    can: Can<Work>,
    done: Arc<AtomicUsize>,
}

impl Worker {
    /// A worker that does what there are handlers for.
    pub fn new(db: Db, handlers: Handlers, pace: Pace) -> Result<Worker, AppError> {
        Ok(Worker {
            db,
            clock: Arc::new(Mutex::new(Clock::of(handlers.schedule()))),
            handlers: Arc::new(handlers),
            pace,
            name: name().into(),
            can: Can::prove(Arc::new(Actor::process(ActorKind::Job, "worker")))?,
            done: Arc::default(),
        })
    }

    /// How it is called in the queue.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Works until `stop` becomes true, then lets running jobs end and gives the rest back.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        let (least, most) = self.pace.pause;
        let mut pause = least;
        while !*stop.borrow() {
            let free = self.pace.at_once.saturating_sub(running.len());
            let begun = self.look(free).await;
            pause = if begun.is_empty() { (pause * 2).min(most) } else { least };
            for job in begun {
                running.spawn(self.clone().perform(job));
            }
            tokio::select! {
                _ = stop.changed() => {}
                _ = self.db.work_added(), if running.len() < self.pace.at_once => pause = least,
                Some(_) = running.join_next(), if !running.is_empty() => pause = least,
                () = sleep(pause), if running.len() < self.pace.at_once => {}
            }
        }
        self.wind_down(running).await;
    }

    /// Does everything that is due now and returns how many jobs that were. For tests and for the command line.
    pub async fn drain(&self) -> Result<usize, AppError> {
        let before = self.done.load(Ordering::Relaxed);
        loop {
            let claimed = self.claim(self.pace.at_once).await?;
            if claimed.is_empty() {
                return Ok(self.done.load(Ordering::Relaxed) - before);
            }
            let mut running: JoinSet<()> = claimed.into_iter().map(|job| self.clone().perform(job)).collect();
            while running.join_next().await.is_some() {}
        }
    }

    /// Adds what the clock wants at `now`; returns how many jobs were added by this process.
    pub async fn plan(&self, now: Timestamp) -> Result<usize, AppError> {
        let slots = self.clock.lock().map(|clock| clock.due(now)).unwrap_or_default();
        if slots.is_empty() {
            return Ok(0);
        }
        let planned = slots.clone();
        let added = self
            .db
            .append(&self.can, move |conn| {
                let mut added = 0;
                for (kind, slot) in slots {
                    added += usize::from(store::insert_slot(conn, kind, slot.into())?);
                }
                Ok(added)
            })
            .await?;
        if let Ok(mut clock) = self.clock.lock() {
            clock.planned(&planned);
        }
        Ok(added)
    }

    /// One look at the clock and the queue. A database that is away is looked for again after the usual pause.
    async fn look(&self, free: usize) -> Vec<Job> {
        if free == 0 {
            return Vec::new();
        }
        let looked = async {
            self.plan(Timestamp::now()).await?;
            self.claim(free).await
        };
        looked.await.unwrap_or_else(|error| {
            tracing::warn!(worker = %self.name, %error, "the queue cannot be read");
            Vec::new()
        })
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Job>, AppError> {
        let (kinds, name, lease) = (self.handlers.kinds(), self.name.clone(), self.pace.lease);
        self.db.append(&self.can, move |conn| store::claim(conn, &kinds, &name, lease, limit)).await
    }

    /// Does one job and reports how it ended, unless it was lost meanwhile.
    async fn perform(self, job: Job) {
        let Some(doing) = self.handlers.begin(job.clone(), self.db.clone()) else { return };
        let mut doing = tokio::spawn(doing);
        let _ends_with_us = AbortOnDrop(doing.abort_handle());
        let mut report = interval_at(tokio::time::Instant::now() + self.pace.report, self.pace.report);
        report.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = loop {
            tokio::select! {
                ended = &mut doing => break ended,
                _ = report.tick() => if !self.still_holds(&job).await {
                    // A job may end itself, with its effect, while it is reported on.
                    if doing.is_finished() {
                        break (&mut doing).await;
                    }
                    tracing::info!(job = %job.id, kind = job.kind, "a job was cancelled or given to another worker");
                    return;
                },
            }
        };
        if let Err(error) = self.report_end(&job, outcome(ended)).await {
            tracing::error!(job = %job.id, kind = job.kind, %error, "how a job ended could not be reported");
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// False once the job is lost. While the database is away nobody else can take it either.
    async fn still_holds(&self, job: &Job) -> bool {
        let (id, token, lease) = (job.id, job.lease, self.pace.lease);
        let renewed = self.db.append(&self.can, move |conn| store::renew(conn, id, token, lease)).await;
        renewed.unwrap_or_else(|error| {
            tracing::warn!(job = %id, %error, "a running job could not be reported");
            true
        })
    }

    async fn report_end(&self, job: &Job, ended: Result<(), Failure>) -> Result<(), AppError> {
        let (id, token) = (job.id, job.lease);
        let Err(failure) = ended else {
            self.db.append(&self.can, move |conn| store::complete(conn, id, token)).await?;
            return Ok(());
        };
        let again = !failure.for_good && job.attempt < job.max_attempts;
        let pause = again.then(|| backoff(job.attempt));
        tracing::warn!(job = %id, kind = job.kind, attempt = job.attempt, again, error = failure.why, "a job failed");
        self.db.append(&self.can, move |conn| store::fail(conn, id, token, &failure.why, pause)).await?;
        Ok(())
    }

    async fn wind_down(&self, mut running: JoinSet<()>) {
        let ended = timeout(self.pace.grace, async { while running.join_next().await.is_some() {} }).await;
        if ended.is_ok() {
            return;
        }
        running.shutdown().await;
        let name = self.name.clone();
        match self.db.append(&self.can, move |conn| store::release(conn, &name)).await {
            Ok(released) => tracing::info!(worker = %self.name, released, "jobs that did not end were given back"),
            Err(error) => tracing::warn!(worker = %self.name, %error, "jobs are given back when their lease ends"),
        }
    }
}

/// Why an attempt came to nothing.
struct Failure {
    why: String,
    /// It would fail in the same way again.
    for_good: bool,
}

fn outcome(ended: Result<Result<(), AppError>, JoinError>) -> Result<(), Failure> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            Err(Failure { for_good: matches!(error, AppError::BadRequest(_)), why: short(&error.to_string()) })
        }
        Err(error) => Err(Failure { for_good: false, why: short(&panic_message(error)) }),
    }
}

fn panic_message(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "The run was broken off.".into() };
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("The program failed: {}", text.unwrap_or("no message"))
}

fn short(text: &str) -> String {
    const MOST: usize = 2000;
    text.chars().filter(|c| *c != '\0').take(MOST).collect()
}

/// 5 seconds, doubled with each attempt up to an hour, and a fifth more or less, so that jobs that failed together
/// do not come back together.
fn backoff(attempt: i32) -> Duration {
    let doubled = 5.0 * 2f64.powi((attempt - 1).clamp(0, 20));
    Duration::from_secs_f64(doubled.min(3600.0) * rand::random_range(0.8..1.2))
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Host, process, and something random, since in containers every process has the same number.
fn name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.trim().chars().take(100).collect();
    let random = Uuid::new_v4().simple().to_string();
    format!("{host}:{}:{}", std::process::id(), &random[..8])
}
