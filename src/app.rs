//! Putting the parts together into a server, the same way for `main` and for the tests.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, PathConfig};
use actix_web::{App as ActixApp, HttpServer};

use crate::audit::archives::{self, Retention};
use crate::audit::events::pages::KnownActions;
use crate::audit::sealer::keys::KeyFile;
use crate::audit::sealer::{self, Sealer};
use crate::audit::streams::delivery::Deliverer;
use crate::audit::streams::targets::Targets;
use crate::audit::witnesses::Witnesses;
use crate::auth::oidc::Providers;
use crate::auth::passkeys::Passkeys;
use crate::auth::password::{Cost, Passwords};
use crate::auth::uses::Uses;
use crate::config::{Config, Secret};
use crate::db::{Db, Engine};
use crate::error::AppError;
use crate::jobs::{Handlers, Pace, Worker};
use crate::web::context::Site;
use crate::web::drain::{self, Drain};
use crate::web::gate::gate;
use crate::web::many::Many;
use crate::web::nav::Nav;
use crate::web::repeats::Repeats;
use crate::{access, audit, mail, operations, routes, tenancy};

/// Everything a running console holds.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub site: Data<Site>,
    pub passwords: Data<Passwords>,
    pub passkeys: Data<Passkeys>,
    pub providers: Data<Providers>,
    /// What ends first when the process is asked to end.
    pub drain: Data<Drain>,
    known_actions: Data<KnownActions>,
    uses: Data<Uses>,
    repeats: Data<Repeats>,
    handlers: Data<Handlers>,
    keys: Data<KeyFile>,
    targets: Data<Targets>,
    connections: u32,
    witnesses: Data<Witnesses>,
    pace: Pace,
    sealing: sealer::Pace,
}

/// Seconds that requests have to end after SIGTERM.
pub const DRAIN_SECONDS: u64 = 25;

impl App {
    /// Connects to a migrated database.
    pub fn build(config: &Config, engine: &Engine, cost: Cost) -> Result<App, AppError> {
        let secret = Secret::load(config).map_err(AppError::Internal)?;
        let transport = mail::Transport::of(config, &secret)?;
        let providers = Providers::of(config)?;
        let (keys, witnesses) = (KeyFile::of(config), Witnesses::of(config)?);
        let site = Site {
            nav: Nav::new(routes::nav()),
            many: Arc::new(Many::default()),
            environment: config.environment(),
            secure: config.is_secure(),
            public_url: config.public_url.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            token_scopes: routes::token_scopes(),
            lists: routes::lists(),
            openings: routes::openings(),
            exposed: access::exposure::pages_of_things(),
            providers: providers.buttons(),
            from_elsewhere: routes::from_elsewhere(),
            personal: routes::personal(),
            secret,
        };
        Ok(App {
            db: Db::connect(engine.url(), engine.pool())?,
            site: Data::new(site),
            passwords: Data::new(Passwords::new(cost)?),
            passkeys: Data::new(Passkeys::new(config.public_url.as_deref(), config.listen.port())),
            providers: Data::new(providers),
            drain: Data::default(),
            known_actions: Data::default(),
            uses: Data::default(),
            repeats: Data::default(),
            handlers: Data::new(handlers(engine, transport, &keys, &witnesses, Retention::of(config))),
            keys: Data::new(keys),
            witnesses: Data::new(witnesses),
            targets: Data::new(Targets::of(config)),
            connections: engine.pool().size,
            pace: Pace::of(engine.pool().size),
            sealing: sealer::Pace::of(engine.pool().size),
        })
    }

    /// Every kind of job there is.
    pub fn handlers(&self) -> Handlers {
        Handlers::clone(&self.handlers)
    }

    /// A worker that does what `handlers` say.
    pub fn worker(&self, handlers: Handlers) -> Result<Worker, AppError> {
        Worker::new(self.db.clone(), handlers, self.pace)
    }

    /// A sealer of the audit log.
    pub fn sealer(&self) -> Result<Sealer, AppError> {
        Sealer::new(self.db.clone(), Some(KeyFile::clone(&self.keys)), self.sealing)
    }

    /// A deliverer of the audit log's streams.
    pub fn deliverer(&self) -> Result<Deliverer, AppError> {
        let (secret, targets) = (self.site.secret.clone(), Targets::clone(&self.targets));
        Deliverer::new(self.db.clone(), secret, targets, self.connections)
    }

    /// Serves on a listener that is bound already.
    pub fn serve(&self, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
        let app = self.clone();
        let db = Data::new(self.db.clone());
        let server = HttpServer::new(move || {
            let site = app.site.clone();
            ActixApp::new()
                .app_data(db.clone())
                .app_data(app.site.clone())
                .app_data(app.passwords.clone())
                .app_data(app.passkeys.clone())
                .app_data(app.providers.clone())
                .app_data(app.handlers.clone())
                .app_data(app.drain.clone())
                .app_data(app.known_actions.clone())
                .app_data(app.uses.clone())
                .app_data(app.repeats.clone())
                .app_data(app.keys.clone())
                .app_data(app.targets.clone())
                .app_data(app.witnesses.clone())
                // An id that is none is an id of nothing.
                .app_data(PathConfig::default().error_handler(|_, _| AppError::NotFound.into()))
                .wrap(from_fn(gate))
                .wrap(from_fn(drain::track))
                .configure(move |config| routes::configure(config, &site))
        })
        .workers(workers)
        .client_request_timeout(Duration::from_secs(10))
        .shutdown_timeout(DRAIN_SECONDS)
        .on_connect(|connection, _| {
            // Without it a compressed answer waits 40 ms for the other side's acknowledgement.
            if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() {
                let _ = stream.set_nodelay(true);
            }
        })
        .disable_signals()
        .listen(listener)?;
        Ok(server.run())
    }
}

/// Who does which kind of job.
fn handlers(
    engine: &Engine,
    transport: Option<mail::Transport>,
    keys: &KeyFile,
    witnesses: &Witnesses,
    retention: Retention,
) -> Handlers {
    let handlers = tenancy::handlers(Arc::new(tenancy::NameServers))
        .and(operations::handlers(witnesses))
        .and(audit::handlers(keys, witnesses))
        .and(access::handlers())
        .and(archives::handlers(retention))
        .and(mail::handlers(transport));
    match engine.is_embedded() {
        true => handlers.and(operations::embedded_handlers()),
        false => handlers,
    }
}
