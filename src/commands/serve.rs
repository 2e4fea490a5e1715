//! `castellan serve`: migrate, make ready, listen, and end in order.

use std::net::TcpListener;

use super::{demo, setup};
use crate::app::App;
use crate::auth::password::Cost;
use crate::config::Config;
use crate::db::{Engine, migrate};

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
    announce(&app, &config, founder).await?;
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        ended().await;
        tracing::info!("ending: no new requests, running ones are finished");
        handle.stop(true).await;
    });
    server.await.map_err(explain)
}

/// One line with the address, and in development a link that signs in.
async fn announce(app: &App, config: &Config, founder: Option<(uuid::Uuid, String)>) -> Result<(), String> {
    let address = config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    match founder {
        Some((id, email)) if !config.is_secure() => {
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

async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

fn explain(error: impl std::fmt::Display) -> String {
    error.to_string()
}
