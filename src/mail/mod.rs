//! Mail: written into the outbox in the transaction that causes it, and sent by a job afterwards. Knows no domain.
//!
//! A letter may hold a link that lets somebody in. Such a link is signed with the process's secret key when the letter
//! is sent, and is stored nowhere: neither outbox nor log nor job holds anything that could be used.

mod store;
pub mod token;
mod transport;

pub use store::{Posted, of_letter, post, withdraw};
pub use transport::Transport;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::actor::Privilege;
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::{Handlers, Job};

/// The kind of job that sends one letter.
pub const SEND: &str = "mail.send";

/// A letter to be sent once the transaction that writes it is committed.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its row in the outbox; also the id that its link is signed for.
    pub id: Uuid,
    pub to: String,
    pub name: String,
    pub subject: String,
    /// Plain text. A line [`LINK`] is replaced by the link.
    pub text: String,
    /// The path that the token of a link is put behind, such as `/invitations/`.
    pub link: Option<&'static str>,
    pub tenant_id: Option<Uuid>,
}

/// Stands for the link in the text of a letter.
pub const LINK: &str = "{link}";

impl Letter {
    /// A letter without a link.
    pub fn new(to: &str, name: &str, subject: &str, text: impl Into<String>) -> Letter {
        Letter {
            id: Uuid::now_v7(),
            to: to.to_owned(),
            name: name.to_owned(),
            subject: subject.to_owned(),
            text: text.into(),
            link: None,
            tenant_id: None,
        }
    }

    /// Lets whoever receives it in, by a link to `path` that is signed for `id`.
    pub fn link(mut self, id: Uuid, path: &'static str) -> Letter {
        self.id = id;
        self.link = Some(path);
        self
    }

    /// Whose affairs it is about.
    pub fn tenant(mut self, id: Uuid) -> Letter {
        self.tenant_id = Some(id);
        self
    }
}

/// What the outbox keeps of a letter besides recipient and subject.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Content {
    #[serde(default)]
    name: String,
    #[serde(default)]
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// The right to send; no role contains it.
struct Sending;

impl Privilege for Sending {
    const NAME: &'static str = "mail.send";
    const DESCRIPTION: &'static str = "Send what lies in the outbox";
}

/// Sends letters. A process without a transport leaves their jobs to those that have one.
pub fn handlers(transport: Option<Transport>) -> Handlers {
    match transport.map(Arc::new) {
        Some(transport) => Handlers::new().on(SEND, move |job, db| send(job, db, transport.clone())),
        None => Handlers::new(),
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    outbox_id: Uuid,
}

/// A letter is sent again when this process ends between the server's answer and the note of it. Its `Message-ID`
/// stays the same, by which receivers tell.
async fn send(job: Job, db: Db, transport: Arc<Transport>) -> Result<(), AppError> {
    let Payload { outbox_id } = job.read()?;
    let can = job.can::<Sending>()?;
    // Withdrawn or sent already.
    let Some(unsent) = db.read(&can, move |conn| store::unsent(conn, outbox_id)).await? else { return Ok(()) };
    match transport.send(&unsent).await {
        Ok(()) => db.append(&can, move |conn| store::sent(conn, outbox_id)).await,
        Err(error) => {
            let for_good = matches!(error, AppError::BadRequest(_)) || job.attempt >= job.max_attempts;
            let why = error.to_string();
            db.append(&can, move |conn| store::failed(conn, outbox_id, &why, for_good)).await?;
            Err(error)
        }
    }
}
