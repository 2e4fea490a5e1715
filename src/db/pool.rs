//! The connection pool: blocking connections used from async code, with an admission limit in front.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::r2d2::R2D2Connection;
use diesel::{Connection, ConnectionError, PgConnection};
use tokio::sync::Semaphore;

use crate::error::AppError;

/// How many connections, and how long to wait for one.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    pub size: u32,
    pub wait: Duration,
}

impl PoolSettings {
    /// `size` connections, five seconds of waiting.
    pub fn of(size: u32) -> Self {
        PoolSettings { size, wait: Duration::from_secs(5) }
    }
}

#[derive(Clone)]
pub(super) struct Pool {
    connections: r2d2::Pool<Manager>,
    /// Without it hundreds of blocking threads would queue inside r2d2.
    admission: Arc<Semaphore>,
    wait: Duration,
}

impl Pool {
    pub(super) fn connect(url: &str, settings: PoolSettings) -> Result<Pool, AppError> {
        let connections = r2d2::Pool::builder()
            .max_size(settings.size)
            .min_idle(Some(1))
            .connection_timeout(settings.wait)
            .build(Manager { url: url.to_owned() })
            .map_err(unavailable)?;
        let admission = Arc::new(Semaphore::new(settings.size as usize));
        Ok(Pool { connections, admission, wait: settings.wait })
    }

    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, AppError> + Send + 'static,
    {
        let admitted = tokio::time::timeout(self.wait, self.admission.clone().acquire_owned())
            .await
            .map_err(|_| AppError::Unavailable("no connection became free in time".into()))?
            .map_err(unavailable)?;
        let connections = self.connections.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _admitted = admitted;
            let mut wired = connections.get().map_err(unavailable)?;
            work(&mut wired.conn)
        });
        done.await.map_err(|error| AppError::Internal(format!("a database task ended early: {error}")))?
    }
}

fn unavailable(error: impl std::fmt::Display) -> AppError {
    AppError::Unavailable(error.to_string())
}

struct Wired {
    conn: PgConnection,
    used_at: Instant,
}

struct Manager {
    url: String,
}

/// A ping at each checkout would cost a tenth of a page; a connection that worked a moment ago is trusted.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// An idle connection may look up a session and nothing else; see `replaceable/grants.sql`. Reads share one plan for all
/// values, which writes undo.
const UNDRESS: &str = "set role castellan_web; set statement_timeout = '10s'; set lock_timeout = '3s'; \
    set idle_in_transaction_session_timeout = '30s'; set jit = off; set timezone = 'UTC'; \
    set plan_cache_mode = force_generic_plan; \
    set application_name = 'castellan'";

impl r2d2::ManageConnection for Manager {
    type Connection = Wired;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Wired, Self::Error> {
        let mut conn = PgConnection::establish(&self.url)?;
        conn.batch_execute(UNDRESS).map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
        Ok(Wired { conn, used_at: Instant::now() })
    }

    fn is_valid(&self, wired: &mut Wired) -> Result<(), Self::Error> {
        if wired.used_at.elapsed() < TRUSTED_FOR {
            return Ok(());
        }
        wired.conn.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, wired: &mut Wired) -> bool {
        wired.used_at = Instant::now();
        std::thread::panicking() || wired.conn.is_broken()
    }
}
