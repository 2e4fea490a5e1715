//! PostgreSQL inside the process, for trying out, development and tests.
//!
//! The engine serves one connection at a time, so the pool in front of it has one connection.
//! It ignores every PostgreSQL timeout, cannot cancel a statement, and never calls `fsync`: a
//! killed process loses nothing that was committed, a power failure may. Nothing in the database
//! may catch an error in PL/pgSQL (`exception when`), because that breaks the session.

#[cfg(not(unix))]
compile_error!("the embedded PostgreSQL needs a Unix system: use --no-default-features and DATABASE_URL");

mod cluster;

use std::fmt::Display;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pglite_oxide::PgliteServer;
use pglite_oxide::extensions::{self, Extension};

const EXTENSIONS: [Extension; 4] =
    [extensions::PG_TRGM, extensions::BTREE_GIST, extensions::CITEXT, extensions::UNACCENT];
const DATABASE: &str = "castellan";
/// The name libpq derives from a folder and a port.
const SOCKET: &str = ".s.PGSQL.5432";
const ENGINE_SOCKET: &str = "engine";
/// A socket address holds 104 bytes on macOS and 108 on Linux.
const LONGEST_SOCKET_PATH: usize = 100;
/// A statement that still runs cannot be cancelled, and what it did not commit is lost anyway.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);
/// A failure such as too many open files would otherwise repeat without a pause.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Why the embedded PostgreSQL did not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error("another process already uses the database in {0}: stop it, or choose another data folder")]
    InUse(PathBuf),
    #[error("cannot {action} {path}: {source} (is the folder writable, is the disk full?)")]
    Disk { action: &'static str, path: PathBuf, source: io::Error },
    #[error("{0} is not a complete database: restore it from a backup, or move it away to start with an empty one")]
    Incomplete(PathBuf),
    #[error(
        "{path} was written by PostgreSQL {found}, but {} is built in: \
         dump it with the program that wrote it, or set DATABASE_URL to a server of that version",
        cluster::MAJOR_VERSION
    )]
    OtherVersion { path: PathBuf, found: String },
    #[error(
        "the embedded PostgreSQL did not start: {0} (it keeps program files in the cache folder of the user: \
         if that is not writable, set XDG_CACHE_HOME to a folder that is)"
    )]
    Engine(String),
    #[error("the embedded PostgreSQL is still busy and ends with the process; committed data is safe")]
    StillBusy,
}

/// A running PostgreSQL. Dropping it stops it.
#[derive(Debug)]
pub struct Engine {
    url: String,
    shared: Arc<Shared>,
    stopped: Option<Receiver<()>>,
    socket_dir: PathBuf,
    cluster: PathBuf,
    durable: bool,
    _lock: File,
}

impl Engine {
    /// Starts the database in `<data_dir>/postgres`, creating it on the first call.
    pub fn start(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let data_dir = cluster::prepare_data_dir(data_dir)?;
        let lock = cluster::lock(&data_dir)?;
        let root = data_dir.join("postgres");
        if !root.exists() {
            cluster::create(&data_dir, &root)?;
        }
        Self::serve(&data_dir, root, lock, true)
    }

    /// Starts a throw-away copy of the stopped database of `template_dir` in `scratch`.
    ///
    /// The caller removes `scratch` after the engine stopped.
    pub fn start_from_template(template_dir: &Path, scratch: &Path) -> Result<Self, EmbeddedError> {
        let scratch = cluster::prepare_data_dir(scratch)?;
        let lock = cluster::lock(&scratch)?;
        let root = scratch.join("postgres");
        cluster::copy_dir(&template_dir.join("postgres"), &root)?;
        Self::serve(&scratch, root, lock, false)
    }

    /// The connection string for libpq.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the database after the running statement; open connections are closed.
    pub fn shutdown(mut self) -> Result<(), EmbeddedError> {
        self.stop()
    }

    fn serve(dir: &Path, root: PathBuf, lock: File, durable: bool) -> Result<Self, EmbeddedError> {
        cluster::check_version(&root)?;
        let socket_dir = create_socket_dir(dir)?;
        let socket = socket_dir.join(SOCKET);
        let listener = UnixListener::bind(&socket).map_err(disk("listen on", &socket))?;
        let mut inner = Inner { root: root.clone(), socket: socket_dir.join(ENGINE_SOCKET), durable, server: None };
        inner.start()?;
        let (done, stopped) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let relay = Relay { listener, inner, shared: Arc::clone(&shared) };
        thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || {
                relay.run();
                let _ = done.send(());
            })
            .map_err(engine)?;
        Ok(Self {
            url: url(&socket_dir),
            shared,
            stopped: Some(stopped),
            socket_dir,
            cluster: root.join(cluster::FOLDER),
            durable,
            _lock: lock,
        })
    }

    fn stop(&mut self) -> Result<(), EmbeddedError> {
        let Some(stopped) = self.stopped.take() else {
            return Ok(());
        };
        self.shared.stop();
        // An idle relay waits in accept; a connection wakes it.
        let _ = UnixStream::connect(self.socket_dir.join(SOCKET));
        let ended = stopped.recv_timeout(SHUTDOWN_PATIENCE);
        let _ = fs::remove_dir_all(&self.socket_dir);
        if ended == Err(mpsc::RecvTimeoutError::Timeout) {
            return Err(EmbeddedError::StillBusy);
        }
        if self.durable {
            cluster::sync_dir(&self.cluster)?;
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "embedded PostgreSQL did not stop cleanly");
        }
    }
}

/// What the relay thread and the engine's owner both see.
#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    client: Option<UnixStream>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        if let Some(client) = &state.client {
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// Remembers the client whose connection `stop` has to close; false once stopping.
    fn enter(&self, client: &UnixStream) -> bool {
        let mut state = self.state();
        state.client = client.try_clone().ok();
        !state.stopping && state.client.is_some()
    }

    fn leave(&self) -> bool {
        let mut state = self.state();
        state.client = None;
        !state.stopping
    }
}

/// Stands between the clients and the engine.
///
/// The engine ends its listener for good when a client disappears in the middle of an answer,
/// and it cannot stop while a client is connected. The relay is the only client it ever sees: it
/// always reads an answer to its end and closes politely. Each connection gets an engine of its own,
/// which costs a millisecond, so one that died does not take the next connection with it.
struct Relay {
    listener: UnixListener,
    inner: Inner,
    shared: Arc<Shared>,
}

impl Relay {
    fn run(mut self) {
        loop {
            if let Err(error) = self.serve_next() {
                tracing::warn!(%error, "connection to the embedded PostgreSQL failed");
                thread::sleep(RETRY_AFTER);
            }
            if !self.shared.leave() {
                break;
            }
        }
        self.inner.stop();
    }

    fn serve_next(&mut self) -> io::Result<()> {
        let (client, _) = self.listener.accept()?;
        if !self.shared.enter(&client) {
            return Ok(());
        }
        let done = self.relay(&client);
        self.inner.stop();
        done
    }

    fn relay(&mut self, client: &UnixStream) -> io::Result<()> {
        let engine = self.inner.connect()?;
        let (from_client, to_engine) = (client.try_clone()?, engine.try_clone()?);
        thread::scope(|scope| {
            scope.spawn(move || {
                forward_all(&from_client, &to_engine);
                let _ = to_engine.shutdown(Shutdown::Write);
            });
            forward_all(&engine, client);
            let _ = client.shutdown(Shutdown::Both);
        });
        Ok(())
    }
}

/// Copies until the source ends, even when nobody reads the copy any more.
fn forward_all(mut from: &UnixStream, mut to: &UnixStream) {
    let mut buffer = vec![0; 64 * 1024];
    let mut wanted = true;
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        wanted = wanted && to.write_all(&buffer[..length]).is_ok();
    }
}

/// The engine proper, behind a socket only the relay uses.
struct Inner {
    root: PathBuf,
    socket: PathBuf,
    durable: bool,
    server: Option<PgliteServer>,
}

impl Inner {
    fn start(&mut self) -> Result<(), EmbeddedError> {
        let server = PgliteServer::builder()
            .path(&self.root)
            .database(DATABASE)
            .extensions(EXTENSIONS)
            // A checkpoint keeps no more log than this; nothing but a checkpoint trims it.
            .postgres_config("max_wal_size", "64MB")
            .postgres_config("min_wal_size", "32MB")
            .postgres_config("shared_buffers", if self.durable { "64MB" } else { "16MB" })
            .relaxed_durability(!self.durable)
            .unix(&self.socket)
            .start()
            .map_err(engine)?;
        self.server = Some(server);
        Ok(())
    }

    fn connect(&mut self) -> io::Result<UnixStream> {
        if self.server.is_none() {
            self.start().map_err(io::Error::other)?;
        }
        UnixStream::connect(&self.socket)
    }

    fn stop(&mut self) {
        if let Some(server) = self.server.take()
            && let Err(error) = server.shutdown()
        {
            tracing::error!(error = format!("{error:#}"), "embedded PostgreSQL failed");
        }
    }
}

fn engine(error: impl Display) -> EmbeddedError {
    EmbeddedError::Engine(format!("{error:#}"))
}

fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::Disk { action, path, source }
}

/// Whoever reaches the socket is superuser, so only the owner may enter its folder.
fn create_socket_dir(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let mut dir = data_dir.join("socket");
    if dir.join(SOCKET).as_os_str().len() > LONGEST_SOCKET_PATH {
        let name = format!("castellan-{}", uuid::Uuid::new_v4().simple());
        dir = std::env::temp_dir().join(name);
    }
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(disk("remove", &dir))?;
    }
    DirBuilder::new().mode(0o700).create(&dir).map_err(disk("create", &dir))?;
    Ok(dir)
}

fn url(socket_dir: &Path) -> String {
    let mut host = String::new();
    for &byte in socket_dir.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            host.push(byte.into());
        } else {
            host.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("postgresql://postgres@/{DATABASE}?host={host}&port=5432&sslmode=disable")
}
