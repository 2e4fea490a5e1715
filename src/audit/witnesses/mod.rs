//! Witnesses: places outside of this database that are shown each checkpoint. What they have seen nobody here can take
//! back, and one that has seen another tree says so.

mod endpoint;
mod file;
pub mod store;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::auth::oidc::http;
use crate::config::Config;
use crate::config::witness::{Way, Witness};
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::{Every, Handlers, Job};
use crate::mail::{self, Letter};
use endpoint::Endpoint;
use store::Due;

/// The kind of job that shows them checkpoints.
pub const SHOW: &str = "audit.witness";

/// The right to do this; no role contains it.
struct Show;

impl Privilege for Show {
    const NAME: &'static str = "audit.witness";
    const DESCRIPTION: &'static str = "Show checkpoints to witnesses";
}

/// All that are configured.
#[derive(Clone, Default)]
pub struct Witnesses {
    all: Arc<[Witness]>,
    client: Option<reqwest::Client>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// With what it says to that, such as a signature of its own.
    Accepted(Option<String>),
    /// It could not be reached, or did not take it.
    Failed(String),
    /// It has seen another tree.
    Conflict(String),
}

impl Witnesses {
    /// Those of the settings; asks none yet.
    pub fn of(config: &Config) -> Result<Witnesses, AppError> {
        let all: Arc<[Witness]> = config.audit_witnesses.clone().into();
        let is_asked = all.iter().any(|witness| matches!(witness.way, Way::Post(_) | Way::Cosign(_)));
        let client = is_asked.then(http::client).transpose();
        let client = client.map_err(|error| AppError::Internal(format!("no TLS for witnesses: {error}")))?;
        Ok(Witnesses { all, client })
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Witness> {
        self.all.iter()
    }
}

/// Looks each minute whether there is something to show. Who has no witnesses leaves the jobs to who has.
pub fn handlers(witnesses: Witnesses) -> Handlers {
    match witnesses.all.is_empty() {
        true => Handlers::new(),
        false => Handlers::new()
            .on(SHOW, move |job, db| show_all(job, db, witnesses.clone()))
            .scheduled(Every::minutes(1), SHOW),
    }
}

async fn show_all(job: Job, db: Db, witnesses: Witnesses) -> Result<(), AppError> {
    let can = job.can::<Show>()?;
    for witness in witnesses.iter() {
        let (name, way, now) = (witness.name.clone(), witness.way.clone(), Timestamp::now());
        let Some(due) = db.read(&can, move |conn| store::due(conn, &name, &way, now)).await? else { continue };
        let answer = match &witness.way {
            // Its receipt is written with it.
            Way::Mail(_) => {
                post(&job, &db, &can, witness, due).await?;
                continue;
            }
            Way::File(path) => append(&db, &can, path.clone(), &due).await?,
            Way::Post(url) | Way::Cosign(url) => {
                let Some(client) = &witnesses.client else { continue };
                let is_cosigned = matches!(witness.way, Way::Cosign(_));
                Endpoint { db: &db, can: &can, client, url, is_cosigned }.show(&due).await?
            }
        };
        if let Answer::Failed(why) | Answer::Conflict(why) = &answer {
            tracing::warn!(witness = witness.name, why, "a witness did not take a checkpoint");
        }
        let name = witness.name.clone();
        db.append(&can, move |conn| store::keep(conn, &name, due.size, &answer)).await?;
    }
    Ok(())
}

/// The file is a witness of its own: what goes into it goes on from what is in it.
async fn append(db: &Db, can: &Can<Show>, path: PathBuf, due: &Due) -> Result<Answer, AppError> {
    let held = match file::last(&path) {
        Ok(held) => held,
        Err(why) => return Ok(Answer::Failed(why)),
    };
    if let Some((note, held)) = held {
        if note == due.note {
            return Ok(Answer::Accepted(None));
        }
        let (size, root) = (due.size.cast_unsigned(), due.root);
        let said = format!("The file ends with another tree of {} leaves, this one has {size}.", held.size);
        if !db.read(can, move |conn| store::goes_on(conn, size, root, held.size, held.root)).await? {
            return Ok(Answer::Conflict(said));
        }
    }
    Ok(match file::append(&path, &due.note) {
        Ok(()) => Answer::Accepted(None),
        Err(error) => Answer::Failed(error.to_string()),
    })
}

/// Into the outbox, together with its receipt.
async fn post(job: &Job, db: &Db, can: &Can<Show>, witness: &Witness, due: Due) -> Result<(), AppError> {
    let Way::Mail(mailbox) = &witness.way else { return Ok(()) };
    let text = format!(
        "This is the signed state of the audit log. Keep it: with it anybody can show that the log was changed \
         afterwards.\n\ncastellan audit verify --checkpoint FILE --public-key FILE\n\n{}",
        due.note
    );
    let subject = format!("Castellan: the audit log has {} events", due.size);
    let to = mailbox.name.clone().unwrap_or_default();
    let letter = Letter::new(mailbox.email.as_ref(), &to, &subject, text);
    let action = Action::general("audit_checkpoint.mail", "checkpoint").details(json!({ "tree_size": due.size }));
    let name = witness.name.clone();
    job.write(db, can, action, move |tx| {
        mail::post(tx, &letter)?;
        store::keep(tx, &name, due.size, &Answer::Accepted(None))
    })
    .await
}
