//! `castellan worker`: jobs and no pages.

use clap::Args;
use tokio::sync::watch;

use super::serve::asked_to_end;
use crate::app::App;
use crate::auth::password::Cost;
use crate::config::Config;
use crate::db::{Engine, migrate};

/// What the worker does.
#[derive(Debug, Clone, Args)]
pub struct Kinds {
    /// Do these kinds of jobs and leave the others to other workers
    #[arg(long, value_name = "KIND,KIND", value_delimiter = ',')]
    pub only: Vec<String>,
}

/// Runs until a signal asks it to end; running jobs get 20 seconds, the rest is given back.
pub async fn run(config: Config, kinds: Kinds) -> Result<(), String> {
    let engine = Engine::open(&config)?;
    migrate::migrate(engine.url())?;
    let app = App::build(&config, &engine, Cost::default()).map_err(|error| error.to_string())?;
    let handlers = match kinds.only.is_empty() {
        true => app.handlers(),
        false => app.handlers().only(&kinds.only)?,
    };
    let kinds = handlers.kinds().join(", ");
    let worker = app.worker(handlers).map_err(|error| error.to_string())?;
    let asked_to_end = asked_to_end();
    println!("Castellan works as {} on {kinds}", worker.name());
    let (stop, stopped) = watch::channel(false);
    let working = worker.run(stopped);
    let ending = async {
        asked_to_end.await;
        tracing::info!("ending: no new jobs, running ones are finished");
        stop.send_replace(true);
    };
    tokio::join!(working, ending);
    Ok(())
}
