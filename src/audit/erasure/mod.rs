//! Taking a person out of the log: values go, their commitments stay, and everything still verifies.

mod store;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::db::Db;
use crate::error::AppError;

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
}

/// Erases what the log holds about somebody, as a job. The event is there before the first value goes; then a thousand
/// rows at a time, so that nobody waits for long. Stopped midway, it may be called again: what is gone stays gone.
///
/// Called after an account was made anonymous, which the log holds as a change too.
pub async fn erase<P: Privilege>(db: &Db, can: &Can<P>, subject: Subject) -> Result<Erased, AppError> {
    let user_id = subject.user_id;
    let batches = db.read(can, move |conn| store::find(conn, &subject)).await?;
    let mut erased = Erased::default();
    for batch in &batches {
        *erased.of(&batch.log) += batch.row_count;
    }
    let counts =
        json!({ "events": erased.events, "changes": erased.changes, "security_events": erased.security_events });
    let action = Action::on("audit.erase", "user", user_id).details(counts);
    let event = db.write(can, action, |tx| Ok(tx.event_id())).await?;
    for batch in batches {
        db.append(can, move |conn| store::erase(conn, event, &batch)).await?;
    }
    Ok(erased)
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
}
