//! Sending the log on. Any number of processes may do it; each stream is delivered by one at a time, in the order of
//! leaves. What was not acknowledged is sent again, so that nothing is missing and something may come twice.

mod batch;
mod file;
mod https;
pub mod store;
mod syslog;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use super::model::PATIENCE;
use super::targets::Targets;
use crate::action::Action;
use crate::actor::{Actor, ActorKind, Can, Privilege};
use crate::config::Secret;
use crate::db::Db;
use crate::error::AppError;
use https::Poster;
use store::Work;

/// The right to deliver; no role contains it.
pub struct Deliver;

impl Privilege for Deliver {
    const NAME: &'static str = "audit.deliver";
    const DESCRIPTION: &'static str = "Send the audit log on to its streams";
    const DATABASE_ROLE: Option<&'static str> = Some("castellan_streamer");
}

/// Between two looks when there is nothing to send; with a single connection pages go first.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_EMBEDDED: Duration = Duration::from_secs(3);
/// The same when the database did not answer.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);
/// No attempt takes as long; afterwards others take over.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Between two attempts at most.
const LONGEST_WAIT: i64 = 600;

/// What one look came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// Batches that arrived.
    pub delivered: usize,
    /// Batches that did not.
    pub failed: usize,
}

/// One deliverer of this process.
#[derive(Clone)]
pub struct Deliverer {
    db: Db,
    secret: Secret,
    targets: Targets,
    poster: Poster,
    pause: Duration,
    can: Can<Deliver>,
}

impl Deliverer {
    /// For streams that lead where the settings allow.
    pub fn new(db: Db, secret: Secret, targets: Targets, connections: u32) -> Result<Deliverer, AppError> {
        let can = Can::prove(Arc::new(Actor::process(ActorKind::Job, Deliver::NAME)))?;
        let poster = Poster::new(&targets)?;
        let pause = if connections == 1 { PAUSE_EMBEDDED } else { PAUSE };
        Ok(Deliverer { db, secret, targets, poster, pause, can })
    }

    /// Delivers until `stop` becomes true; what is on its way then is finished.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let pause = match self.turn(Timestamp::now()).await {
                Ok(turn) if turn.delivered > 0 => continue,
                Ok(_) => self.pause,
                Err(error) => {
                    tracing::error!(%error, "streams of the audit log are not looked at; it is tried again");
                    PAUSE_AFTER_FAILURE
                }
            };
            let _ = timeout(pause, stop.changed()).await;
        }
    }

    /// Sends the next batch of every stream that is due at `now`. They go side by side, for some are slow.
    pub async fn turn(&self, now: Timestamp) -> Result<Turn, AppError> {
        let kinds = self.targets.kinds();
        let due = self.db.read(&self.can, move |conn| store::due(conn, &kinds, now)).await?;
        let going: Vec<_> = due.into_iter().map(|id| actix_web::rt::spawn(self.clone().deliver(id, now))).collect();
        let mut turn = Turn::default();
        for one in going {
            match one.await.map_err(|error| AppError::Internal(error.to_string()))?? {
                Some(true) => turn.delivered += 1,
                Some(false) => turn.failed += 1,
                None => {}
            }
        }
        Ok(turn)
    }

    /// Whether a batch of a stream arrived; none when there was nothing to send, or somebody else is at it.
    async fn deliver(self, id: Uuid, now: Timestamp) -> Result<Option<bool>, AppError> {
        let token = Uuid::new_v4();
        let Some(work) = self.db.append(&self.can, move |conn| store::claim(conn, id, token, now, LEASE)).await? else {
            return Ok(None);
        };
        match self.send(&work, now).await {
            Ok(()) => {
                self.db.append(&self.can, move |conn| store::delivered(conn, &work, now)).await?;
                Ok(Some(true))
            }
            Err(why) => self.failed(work, now, why).await.map(|()| Some(false)),
        }
    }

    async fn send(&self, work: &Work, now: Timestamp) -> Result<(), String> {
        let (stream, batch) = (&work.stream, &work.batch);
        match stream.kind.as_str() {
            "https" => {
                let url = self.targets.endpoint(&stream.address)?;
                self.poster.post(url, stream.id, &stream.secrets(&self.secret, now), batch.body(), now).await
            }
            "syslog" => syslog::send(&self.targets, &stream.address, batch).await,
            _ => file::append(self.targets.file(&stream.address)?, batch.body()).await,
        }
    }

    /// Writes down why, and when it is tried again. After a day of that the stream gives up.
    async fn failed(&self, work: Work, now: Timestamp, why: String) -> Result<(), AppError> {
        let stream = &work.stream;
        let since = stream.failing_since.map_or(now, |since| since.to_jiff());
        tracing::warn!(stream = stream.name, why, "a stream of the audit log does not deliver");
        let next = now + wait(stream.failures);
        let is_over = now.duration_since(since) >= PATIENCE;
        let details = json!({ "failing_since": since, "next_leaf": stream.next_leaf, "last_error": why });
        let action = Action::on("audit_stream.give_up", "audit_stream", stream.id).details(details);
        let work = Arc::new(work);
        let noted = work.clone();
        self.db.append(&self.can, move |conn| store::failed(conn, &noted, now, &why, next)).await?;
        if is_over {
            self.db.write(&self.can, action, move |tx| store::give_up(tx, &work)).await?;
        }
        Ok(())
    }
}

/// Twice as long after each failure, and never the same for all, so that a receiver that is back is not run over.
fn wait(failures: i32) -> SignedDuration {
    let longest = 1_i64.checked_shl(failures.unsigned_abs().min(20)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    SignedDuration::from_millis(longest * rand::random_range(500..=1000))
}

#[cfg(test)]
mod tests {
    #[test]
    fn waits_grow_to_ten_minutes() {
        for (failures, from, to) in [(0, 500, 1000), (3, 4000, 8000), (9, 256_000, 512_000), (40, 300_000, 600_000)] {
            let wait = super::wait(failures).as_millis();
            assert!((from..=to).contains(&wait), "{failures}: {wait}");
        }
    }
}
