//! Who does which kind of job, and which kinds are added by the clock.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::job::Job;
use crate::db::Db;
use crate::error::AppError;

type Doing = Pin<Box<dyn Future<Output = Result<(), AppError>> + Send>>;
type Handler = Arc<dyn Fn(Job, Db) -> Doing + Send + Sync>;

/// Handlers by kind, and the schedule. Each domain offers its own; `app` puts them together.
#[derive(Clone, Default)]
pub struct Handlers {
    by_kind: BTreeMap<&'static str, Handler>,
    schedule: Vec<Entry>,
}

/// A kind of job that the clock adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub kind: &'static str,
    pub every: Every,
}

/// How often, counted in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every {
    pub minutes: i64,
    /// Minutes after the hour, or after midnight, at which it comes due.
    pub at: i64,
}

impl Every {
    /// Every so many minutes.
    pub const fn minutes(minutes: i64) -> Every {
        Every { minutes, at: 0 }
    }

    /// Once an hour, so many minutes after it.
    pub const fn hour(at: i64) -> Every {
        Every { minutes: 60, at }
    }

    /// Once a day at this hour and minute.
    pub const fn day(hour: i64, minute: i64) -> Every {
        Every { minutes: 24 * 60, at: hour * 60 + minute }
    }
}

impl Handlers {
    /// None yet.
    pub fn new() -> Self {
        Handlers::default()
    }

    /// Does jobs of this kind with `handler`, which may be called twice for one job: when a worker died, or was
    /// taken for dead. See [`Job::finish`] for effects that happen once.
    pub fn on<F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(Job, Db) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), AppError>> + Send + 'static,
    {
        self.by_kind.insert(kind, Arc::new(move |job, db| Box::pin(handler(job, db))));
        self
    }

    /// Has the clock add jobs of this kind. However many processes there are, each moment adds one.
    pub fn scheduled(mut self, every: Every, kind: &'static str) -> Self {
        self.schedule.push(Entry { kind, every });
        self
    }

    /// These and those.
    pub fn and(mut self, others: Handlers) -> Self {
        self.by_kind.extend(others.by_kind);
        self.schedule.extend(others.schedule);
        self
    }

    /// These kinds alone. The error names a kind that there is no handler for, and those there are.
    pub fn only(mut self, kinds: &[String]) -> Result<Self, String> {
        if let Some(unknown) = kinds.iter().find(|kind| !self.by_kind.contains_key(kind.as_str())) {
            return Err(format!("There is no kind of job {unknown}. There are: {}.", self.kinds().join(", ")));
        }
        self.by_kind.retain(|kind, _| kinds.iter().any(|one| one == kind));
        self.schedule.retain(|entry| kinds.iter().any(|one| one == entry.kind));
        Ok(self)
    }

    /// Every kind that has a handler.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.by_kind.keys().copied().collect()
    }

    /// Every kind that the clock adds.
    pub fn schedule(&self) -> &[Entry] {
        &self.schedule
    }

    /// Begins a job; none when nobody does its kind.
    pub(super) fn begin(&self, job: Job, db: Db) -> Option<Doing> {
        self.by_kind.get(job.kind.as_str()).map(|handler| handler(job, db))
    }
}
