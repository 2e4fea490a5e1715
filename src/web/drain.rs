//! Ending in order: who probes is told first, running requests end, and connections that idle are not waited for.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use tokio::sync::Notify;
use tokio::time::timeout;

/// Whether the process is ending, and what it still does.
#[derive(Default)]
pub struct Drain {
    ending: AtomicBool,
    running: AtomicUsize,
    probes: Mutex<Probes>,
    changed: Notify,
}

#[derive(Default)]
struct Probes {
    last: Option<Instant>,
    told: bool,
}

/// Somebody who asked whether we are ready within this time asks again.
const PROBED_WITHIN: Duration = Duration::from_secs(30);
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

impl Drain {
    /// From now on the process is not ready, and each answer closes its connection.
    pub fn begin(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    /// Answers a probe: whether the process is ending.
    pub fn tell(&self) -> bool {
        let ending = self.ending.load(Ordering::SeqCst);
        if let Ok(mut probes) = self.probes.lock() {
            probes.last = Some(Instant::now());
            probes.told |= ending;
        }
        self.changed.notify_waiters();
        ending
    }

    /// Ends when those who probe know, within five seconds; at once when nobody probes.
    pub async fn told(&self) {
        let _ = timeout(PROBE_PATIENCE, self.until(|drain| drain.nobody_to_tell())).await;
    }

    /// Ends when no request is being answered.
    pub async fn settled(&self) {
        self.until(|drain| drain.running.load(Ordering::SeqCst) == 0).await;
    }

    fn nobody_to_tell(&self) -> bool {
        let Ok(probes) = self.probes.lock() else { return true };
        probes.told || probes.last.is_none_or(|last| last.elapsed() > PROBED_WITHIN)
    }

    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_so(self) {
                return;
            }
            changed.await;
        }
    }
}

/// Counts a request from its head to the end of its answer.
pub async fn track(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let drain = request.app_data::<Data<Drain>>().expect("the app registers its drain").clone().into_inner();
    let running = Running::of(drain.clone());
    let mut response = next.call(request).await?.map_into_boxed_body();
    if drain.ending.load(Ordering::SeqCst) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(match response.response().body().size() {
        // Streams take their time; everything else is handed over whole.
        BodySize::Stream => response.map_body(|_, body| BoxBody::new(Tracked { body, _running: running })),
        _ => response,
    })
}

struct Running(Arc<Drain>);

impl Running {
    fn of(drain: Arc<Drain>) -> Running {
        drain.running.fetch_add(1, Ordering::SeqCst);
        Running(drain)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.changed.notify_waiters();
        }
    }
}

struct Tracked {
    body: BoxBody,
    _running: Running,
}

impl MessageBody for Tracked {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
