//! Taking a person out of the log: values go, their commitments stay, and everything still verifies.

mod file;
mod files;
mod lines;
mod store;

use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::db::Db;
use crate::error::AppError;
use files::Files;
use store::Known;

/// Whose values go.
#[derive(Debug, Clone)]
pub struct Subject {
    pub user_id: Uuid,
    /// What else names them, such as former addresses or the id of a client: each value goes in which one of these
    /// stands on its own. The addresses and names that the account has or had are known.
    pub texts: Vec<String>,
    /// Names that the account was given when it was made anonymous, such as `Deleted person`: they say nothing about
    /// anybody, and stay wherever they stand.
    pub placeholders: Vec<String>,
}

/// How many rows lost a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    pub events: i64,
    pub changes: i64,
    pub security_events: i64,
    /// Rows and changes in files of archived months.
    pub archived: i64,
}

/// An erasure that has its event.
struct Erasing<'e, P> {
    db: &'e Db,
    can: &'e Can<P>,
    event: Uuid,
    subject: Uuid,
    known: Known,
}

/// Erases what the log holds about somebody, as a job. The event is there before the first value goes; then a thousand
/// rows at a time, so that nobody waits for long. Stopped midway, it may be called again: what is gone stays gone.
///
/// Called after an account was made anonymous, which the log holds as a change too.
///
/// Files of archived months are in `archives` (`Config::audit_archive`). They are written anew before the first row of
/// the log changes, so that what the log knows is there until nothing needs it. Where one of them cannot be gone through,
/// the others and the log still are, and a conflict says which: that is mended by people, who then have to give addresses
/// and names as `texts`. While months are being archived nothing is done, and it is `Unavailable`.
pub async fn erase<P: Privilege>(
    db: &Db,
    can: &Can<P>,
    archives: Option<&Path>,
    subject: Subject,
) -> Result<Erased, AppError> {
    let user_id = subject.user_id;
    let mut files = Files::open(db, can, archives).await?;
    let known = learn(db, can, &mut files, Known::of(&subject)).await?;
    let (batches, known) = db.read(can, move |conn| Ok((store::find(conn, &known, None)?, known))).await?;
    let mut erased = Erased { archived: files.due(), ..Erased::default() };
    for batch in &batches {
        *erased.of(&batch.log) += batch.row_count;
    }
    let action = Action::on("audit.erase", "user", user_id).details(erased.facts(&files.unreached()));
    let event = db.write(can, action, |tx| Ok(tx.event_id())).await?;
    files.rewrite(&Erasing { db, can, event, subject: user_id, known }).await?;
    for batch in batches {
        db.append(can, move |conn| store::erase(conn, event, &batch)).await?;
    }
    files.finish()?;
    Ok(erased)
}

/// Looks at the log and at the files by turns until neither says anything new.
async fn learn<P: Privilege>(db: &Db, can: &Can<P>, files: &mut Files, mut known: Known) -> Result<Known, AppError> {
    loop {
        known = db.read(can, move |conn| store::learn(conn, &known, None)).await?;
        let learned = files.look(db, can, known.clone()).await?;
        if learned == known {
            return Ok(known);
        }
        known = learned;
    }
}

/// The names of erased values, as a row of the log keeps them beside their commitments.
pub fn names(commitments: Option<&Value>) -> impl Iterator<Item = &str> {
    commitments.and_then(Value::as_object).into_iter().flat_map(|names| names.keys().map(String::as_str))
}

impl Erased {
    fn of(&mut self, log: &str) -> &mut i64 {
        match log {
            "events" => &mut self.events,
            "changes" => &mut self.changes,
            _ => &mut self.security_events,
        }
    }

    fn facts(&self, unreached: &[&str]) -> Value {
        let Erased { events, changes, security_events, archived } = self;
        let mut facts = json!({
            "events": events, "changes": changes, "security_events": security_events, "archived": archived,
        });
        if !unreached.is_empty() {
            facts["unreached"] = json!(unreached);
        }
        facts
    }
}
