//! `castellan serve`: migrate, make ready, listen, and end in order.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{demo, presence, setup};
use crate::app::{App, DRAIN_SECONDS};
use crate::auth::password::Cost;
use crate::config::Config;
use crate::db::{Engine, migrate};
use crate::operations::counts;
use crate::routes;
use crate::web::drain::Drain;

/// What its start and end are noted under.
const NAME: &str = "serve";

/// Runs until a signal asks it to end.
pub async fn run(config: Config) -> Result<(), String> {
    let listener = TcpListener::bind(config.listen).map_err(|error| {
        format!("{} cannot be listened on: {error}. Set CASTELLAN_LISTEN to another one.", config.listen)
    })?;
    let engine = Engine::open(&config)?;
    migrate::migrate(engine.url())?;
    let founder = demo::prepare(&config, &engine).await?;
    if config.wants_demo() && demo::load_if_empty(engine.url())? {
        tracing::info!("the database was empty and got demo data; CASTELLAN_DEMO=0 leaves it empty");
    }
    let app = App::build(&config, &engine, Cost::default()).map_err(explain)?;
    let server = app.serve(listener, workers()).map_err(explain)?;
    let asked_to_end = asked_to_end();
    presence::started(&app.db, NAME).await;
    announce(&app, &config, founder).await?;
    let (stop, stopped) = watch::channel(false);
    let worker = actix_web::rt::spawn(app.worker(app.handlers()).map_err(explain)?.run(stopped.clone()));
    let (close, closed) = watch::channel(false);
    let sealer = actix_web::rt::spawn(app.sealer().map_err(explain)?.run(closed));
    let deliverer = actix_web::rt::spawn(app.deliverer().map_err(explain)?.run(stopped.clone()));
    let every = Duration::from_secs(if engine.is_embedded() { 30 } else { 10 });
    actix_web::rt::spawn(counts::refresh(app.db.clone(), app.site.clone(), routes::counts(), every, stopped));
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    tokio::select! {
        failed = serving => return failed.map_err(explain)?.map_err(explain),
        () = asked_to_end => {}
    }
    stop.send_replace(true);
    end(&app.drain, &handle).await;
    worker.await.map_err(explain)?;
    deliverer.await.map_err(explain)?;
    presence::ends(&app.db, NAME).await;
    // What the last requests and jobs did is sealed with the rest.
    close.send_replace(true);
    sealer.await.map_err(explain)
}

/// The last answers need a moment from us to the network.
const LAST_BYTES: Duration = Duration::from_millis(300);

/// Those who probe are told, running requests end, and idle connections are left: they would be waited for in vain.
async fn end(drain: &Drain, handle: &ServerHandle) {
    tracing::info!("ending: no new requests, running ones are finished");
    drain.begin();
    drain.told().await;
    let closing = handle.stop(true);
    if timeout(Duration::from_secs(DRAIN_SECONDS), drain.settled()).await.is_err() {
        tracing::warn!("requests are still running after {DRAIN_SECONDS} seconds and are broken off");
    }
    let _ = timeout(LAST_BYTES, closing).await;
}

/// One line with the address, and in development a link that signs in, unless the founder was given a password: then
/// nobody needs one, and a log may be read by many.
async fn announce(app: &App, config: &Config, founder: Option<(uuid::Uuid, String)>) -> Result<(), String> {
    let address = config.base();
    match founder {
        Some((id, email)) if !config.is_secure() && config.founder_password.is_none() => {
            let link = setup::sign_in_link(&app.db, config, "serve", id).await.map_err(explain)?;
            println!("Castellan listens on {address} - sign in as {email} within 10 minutes, once: {link}");
        }
        Some(_) => println!("Castellan listens on {address}"),
        None => println!("Castellan listens on {address} - nobody can sign in yet: castellan user add --role founder"),
    }
    Ok(())
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| cores.get().min(8))
}

/// Ends when a signal asks the process to end. Signals count from the call on, not from the first wait.
pub fn asked_to_end() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut term), Ok(mut int)) = signals else { return std::future::pending().await };
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    }
}

fn explain(error: impl std::fmt::Display) -> String {
    error.to_string()
}
