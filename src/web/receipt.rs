//! What became of a list that left the console as a file: how much of it went out, and its hash. The event of the
//! beginning says who asked for what; this one, with the same request id, what they got.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Waker, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::web::{Bytes, Data};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::context::actor;
use crate::action::Action;
use crate::actor::{Actor, Can, Needs, Privilege};
use crate::db::Db;
use crate::token::hex;

/// Whoever took a list may have lost every right to it by the end; that it ended is written down all the same.
struct Receive;

impl Privilege for Receive {
    const NAME: &'static str = "export.finish";
    const DESCRIPTION: &'static str = "Note what became of an export";
    const NEEDS: Needs = Needs::Nothing;
    const IN_ANY_NAME: bool = true;
}

/// Part of an answer that is a file: its name, and the rows that were written so far.
#[derive(Clone)]
pub struct Taken {
    name: Arc<str>,
    rows: Arc<AtomicU64>,
}

impl Taken {
    /// Nothing yet of a file.
    pub fn new(name: &str) -> Taken {
        Taken { name: name.into(), rows: Arc::default() }
    }

    /// Counts what goes out.
    pub fn add_rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

/// Has an answer that is a file leave an event when it ends, however it does.
pub fn follow(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let request = response.request();
    let taken = response.response().extensions().get::<Taken>().cloned();
    let db = request.app_data::<Data<Db>>();
    let (Some(taken), Some(db), false) = (taken, db, request.method() == Method::HEAD) else { return response };
    let receipt = Receipt { taken, db: Db::clone(db), actor: actor(request), hash: Sha256::new(), bytes: 0 };
    response.map_body(|_, body| BoxBody::new(Followed { body, receipt: Some(receipt), end: None }))
}

/// How a file ended.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Whole,
    /// Whoever asked went away.
    Left,
    Failed,
}

struct Receipt {
    taken: Taken,
    db: Db,
    actor: Arc<Actor>,
    hash: Sha256,
    bytes: u64,
}

impl Receipt {
    fn add(&mut self, bytes: &Bytes) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// Leaves the event. The hash of a part is that of what went out.
    async fn write(self, end: End) {
        let mut details = json!({
            "asked_for": self.actor.asked_for, "file": &*self.taken.name, "bytes": self.bytes,
            "rows": self.taken.rows.load(Ordering::Relaxed), "sha256": hex(&self.hash.finalize()),
        });
        match end {
            End::Whole => {}
            End::Left => details["broken_off"] = json!("by whoever asked"),
            End::Failed => details["broken_off"] = json!("by an error"),
        }
        let outcome = if end == End::Whole { "success" } else { "failure" };
        let action = Action::general(Receive::NAME, "list").details(details);
        let noted = match Can::<Receive>::prove(self.actor) {
            Ok(can) => self.db.note(&can, action, outcome).await,
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::error!(%error, file = &*self.taken.name, "the end of an export could not be recorded");
        }
    }
}

/// A body that is counted and hashed as it goes out.
struct Followed {
    body: BoxBody,
    /// None once the event is being written.
    receipt: Option<Receipt>,
    end: Option<Ending>,
}

/// The event that is being written, and what the body ends with after it.
struct Ending {
    writing: Pin<Box<dyn Future<Output = ()>>>,
    last: Option<Box<dyn Error>>,
}

impl MessageBody for Followed {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, waker: &mut Waker<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(ending) = &mut this.end {
                ready!(ending.writing.as_mut().poll(waker));
                return Poll::Ready(this.end.take().and_then(|ending| ending.last).map(Err));
            }
            let (end, last) = match ready!(Pin::new(&mut this.body).poll_next(waker)) {
                Some(Ok(bytes)) => {
                    if let Some(receipt) = &mut this.receipt {
                        receipt.add(&bytes);
                    }
                    return Poll::Ready(Some(Ok(bytes)));
                }
                None => (End::Whole, None),
                Some(Err(error)) => (End::Failed, Some(error)),
            };
            let Some(receipt) = this.receipt.take() else { return Poll::Ready(last.map(Err)) };
            this.end = Some(Ending { writing: Box::pin(receipt.write(end)), last });
        }
    }
}

impl Drop for Followed {
    /// Dropped before its end: the other side has closed the connection.
    fn drop(&mut self) {
        if let (Some(receipt), Ok(runtime)) = (self.receipt.take(), Handle::try_current()) {
            runtime.spawn(receipt.write(End::Left));
        }
    }
}
