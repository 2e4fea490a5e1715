//! `castellan worker`: jobs, sealing, and no pages.

use clap::Args;
use tokio::sync::watch;

use super::presence;
use super::serve::asked_to_end;
use crate::app::App;
use crate::auth::password::Cost;
use crate::config::Config;
use crate::db::{Engine, migrate};
use crate::jobs::Handlers;

/// What `--only` calls the sealing of the audit log and the delivery of its streams, which are no jobs.
const SEALER: &str = "sealer";
const STREAMS: &str = "streams";

/// What the worker does.
#[derive(Debug, Clone, Args)]
pub struct Kinds {
    /// Do these kinds of jobs and leave the others to other workers; `sealer` seals the audit log, `streams` sends it on
    #[arg(long, value_name = "KIND,KIND", value_delimiter = ',')]
    pub only: Vec<String>,
}

/// Runs until a signal asks it to end; running jobs get 20 seconds, the rest is given back.
pub async fn run(config: Config, kinds: Kinds) -> Result<(), String> {
    let engine = Engine::open(&config)?;
    migrate::migrate(engine.url())?;
    let app = App::build(&config, &engine, Cost::default()).map_err(explain)?;
    let Parts { jobs, seals, streams } = kinds.parts(app.handlers())?;
    let mut names = jobs.as_ref().map(Handlers::kinds).unwrap_or_default();
    names.extend(seals.then_some(SEALER));
    names.extend(streams.then_some(STREAMS));
    let worker = jobs.map(|jobs| app.worker(jobs)).transpose().map_err(explain)?;
    let sealer = seals.then(|| app.sealer()).transpose().map_err(explain)?;
    let deliverer = streams.then(|| app.deliverer()).transpose().map_err(explain)?;
    let asked_to_end = asked_to_end();
    let other = if seals { SEALER } else { STREAMS };
    let name = worker.as_ref().map_or_else(|| other.to_owned(), |worker| worker.name().to_owned());
    presence::started(&app.db, &name).await;
    println!("Castellan works as {name} on {}", names.join(", "));
    let (stop, stopped) = watch::channel(false);
    let (close, closed) = watch::channel(false);
    let delivering = async {
        if let Some(deliverer) = deliverer {
            deliverer.run(stopped.clone()).await;
        }
    };
    let working = async {
        match worker {
            Some(worker) => worker.run(stopped.clone()).await,
            None => asked(stopped.clone()).await,
        }
        presence::ends(&app.db, &name).await;
        // What the last jobs did is sealed with the rest.
        close.send_replace(true);
    };
    let sealing = async {
        if let Some(sealer) = sealer {
            sealer.run(closed).await;
        }
    };
    let ending = async {
        asked_to_end.await;
        tracing::info!("ending: no new jobs, running ones are finished");
        stop.send_replace(true);
    };
    tokio::join!(working, delivering, sealing, ending);
    Ok(())
}

/// What a worker does.
struct Parts {
    jobs: Option<Handlers>,
    seals: bool,
    streams: bool,
}

impl Kinds {
    fn parts(&self, handlers: Handlers) -> Result<Parts, String> {
        if self.only.is_empty() {
            return Ok(Parts { jobs: Some(handlers), seals: true, streams: true });
        }
        let has = |name: &str| self.only.iter().any(|kind| kind == name);
        let jobs: Vec<String> =
            self.only.iter().filter(|kind| ![SEALER, STREAMS].contains(&kind.as_str())).cloned().collect();
        let jobs = (!jobs.is_empty()).then(|| handlers.only(&jobs)).transpose()?;
        Ok(Parts { jobs, seals: has(SEALER), streams: has(STREAMS) })
    }
}

async fn asked(mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if stop.changed().await.is_err() {
            return;
        }
    }
}

fn explain(error: impl std::fmt::Display) -> String {
    error.to_string()
}
