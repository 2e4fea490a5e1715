//! That a process of the console started, and that it ended in order: where an end is missing, it was killed.

use serde_json::json;

use crate::actor::{Actor, ActorKind};
use crate::db::{Db, SecurityEvent, SecurityKind};

/// It is ready for work.
pub async fn started(db: &Db, process: &str) {
    note(db, SecurityKind::SysStartup, process).await;
}

/// It was asked to end and has done all it had to do.
pub async fn ends(db: &Db, process: &str) {
    note(db, SecurityKind::SysShutdown, process).await;
}

async fn note(db: &Db, kind: SecurityKind, process: &str) {
    let details = json!({ "process": process, "version": env!("CARGO_PKG_VERSION") });
    let actor = Actor::process(ActorKind::Command, process);
    db.note_security(actor.into(), SecurityEvent::of(kind, details)).await;
}
