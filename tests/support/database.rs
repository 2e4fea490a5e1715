//! A database of its own for each test, gone when the test ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use castellan::db::{Engine, embedded, migrate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tempfile::TempDir;

use super::template::{self, HASH};

/// Connections that one console under test may hold.
const POOL: u32 = 4;
/// Test databases of runs that were killed are dropped after this long, and templates that nobody used.
const STALE_SECONDS: u64 = 24 * 3600;
/// Held while the template is made; any number.
const LOCK: i64 = 0x0CA5_7E57;

/// A migrated database that no other test sees.
pub struct TestDatabase {
    engine: Option<Engine>,
    kept: Kept,
}

enum Kept {
    Server {
        name: String,
    },
    /// On a server that goes away with the test.
    Elsewhere,
    Embedded {
        _scratch: TempDir,
        _place: Place,
    },
}

impl TestDatabase {
    /// A copy of the migrated template.
    pub fn migrated() -> TestDatabase {
        match server() {
            Some(server) => {
                LazyLock::force(&SERVER_TEMPLATE);
                Self::created(&server, &format!("template {}", server_template()))
            }
            None => Self::copied(),
        }
    }

    /// An empty database on the server; none when the suite runs on the embedded engine.
    pub fn empty() -> Option<TestDatabase> {
        let server = server()?;
        // Tests that migrate at the same time would write the server's roles at the same time.
        LazyLock::force(&SERVER_TEMPLATE);
        Some(Self::created(&server, "template template0"))
    }

    /// A copy of the migrated template where `castellan --data-dir` looks for it; none when the suite runs on a server,
    /// where the copy is a database.
    pub fn for_command(folder: &Path) -> Option<TestDatabase> {
        match server() {
            Some(_) => Some(Self::migrated()),
            None => {
                let copied = embedded::Engine::start_from_template(&EMBEDDED_TEMPLATE, folder);
                drop(copied.expect("a copied database starts"));
                None
            }
        }
    }

    /// For `App::build`.
    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the engine runs until the drop")
    }

    /// Whether several connections can be had.
    pub fn is_server(&self) -> bool {
        matches!(self.kept, Kept::Server { .. } | Kept::Elsewhere)
    }

    /// An empty database at an address, migrated.
    pub fn at(url: &str) -> TestDatabase {
        let engine = Engine::server(url, POOL);
        template::fill(&engine);
        TestDatabase { engine: Some(engine), kept: Kept::Elsewhere }
    }

    fn created(server: &str, from: &str) -> TestDatabase {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("castellan_test_{}_{}_{count}", now(), std::process::id());
        execute(&mut admin(server), &format!("create database {name} {from}"));
        let engine = Engine::server(&with_database(server, &name), POOL);
        TestDatabase { engine: Some(engine), kept: Kept::Server { name } }
    }

    fn copied() -> TestDatabase {
        let place = Place::take();
        let memory = Path::new("/dev/shm");
        let within = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let scratch = tempfile::Builder::new().prefix("castellan-").tempdir_in(within).expect("a folder can be made");
        let started = embedded::Engine::start_from_template(&EMBEDDED_TEMPLATE, scratch.path());
        let engine = Engine::started(started.expect("a copied database starts"));
        TestDatabase { engine: Some(engine), kept: Kept::Embedded { _scratch: scratch, _place: place } }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        drop(self.engine.take());
        if let (Kept::Server { name }, Some(server)) = (&self.kept, server()) {
            let _ = admin(&server).batch_execute(&format!("drop database if exists {name} with (force)"));
        }
    }
}

/// Engines that run at the same time take memory, so there are few.
struct Place;

const PLACES: usize = 4;
static FREE: (Mutex<usize>, Condvar) = (Mutex::new(PLACES), Condvar::new());

impl Place {
    fn take() -> Place {
        let free = FREE.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = FREE.1.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *FREE.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREE.1.notify_one();
    }
}

/// The stopped engine's folder that is copied; other processes wait until the first has made it.
static EMBEDDED_TEMPLATE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(folder.join("template.lock")).expect("the target folder can be written");
    lock.lock().expect("a file can be locked");
    let ready = folder.join(format!("template-{}", *HASH));
    if !ready.exists() {
        remove_stale(folder);
        let unfinished = tempfile::Builder::new().prefix("making-").tempdir_in(folder).expect("a folder can be made");
        let engine = Engine::started(embedded::Engine::start(unfinished.path()).expect("an empty database starts"));
        template::fill(&engine);
        drop(engine);
        fs::rename(unfinished.keep(), &ready).expect("a folder can be renamed");
    }
    ready
});

fn remove_stale(folder: &Path) {
    let old = |path: &Path| {
        let changed = fs::metadata(path).and_then(|found| found.modified()).ok();
        changed.and_then(|at| at.elapsed().ok()).is_some_and(|age| age.as_secs() > STALE_SECONDS)
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if (name.starts_with("template-") || name.starts_with("making-")) && old(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Makes the template on the server once, whichever process comes first, and drops what old runs left.
static SERVER_TEMPLATE: LazyLock<()> = LazyLock::new(|| {
    let server = server().expect("there is a server");
    let mut conn = admin(&server);
    diesel::sql_query("select pg_advisory_lock($1)").bind::<BigInt, _>(LOCK).execute(&mut conn).expect("a lock");
    drop_stale(&mut conn);
    let name = server_template();
    if !databases(&mut conn).contains(&name) {
        let unfinished = format!("{name}_making");
        execute(&mut conn, &format!("drop database if exists {unfinished} with (force)"));
        execute(&mut conn, &format!("create database {unfinished} template template0"));
        template::fill(&Engine::server(&with_database(&server, &unfinished), 1));
        execute(&mut conn, &format!("alter database {unfinished} rename to {name}"));
    }
    execute(&mut conn, &format!("comment on database {name} is '{}'", now()));
});

fn drop_stale(conn: &mut PgConnection) {
    for name in databases(conn) {
        // Whoever was making it has not got the lock any more.
        let unfinished = name.ends_with("_making").then_some(0);
        let used: Option<u64> = unfinished.or_else(|| match name.strip_prefix("castellan_test_") {
            Some(rest) => rest.split('_').next().and_then(|made| made.parse().ok()),
            None if name.starts_with("castellan_template_") => comment(conn, &name).and_then(|used| used.parse().ok()),
            None => None,
        });
        if used.is_some_and(|used| used + STALE_SECONDS < now()) {
            let _ = conn.batch_execute(&format!("drop database if exists {name} with (force)"));
        }
    }
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

fn databases(conn: &mut PgConnection) -> Vec<String> {
    let rows = diesel::sql_query("select datname::text as word from pg_database where datname like 'castellan\\_t%'");
    rows.load(conn).expect("databases can be listed").into_iter().map(|row: Word| row.word).collect()
}

fn comment(conn: &mut PgConnection, name: &str) -> Option<String> {
    let rows = diesel::sql_query(
        "select coalesce(shobj_description(oid, 'pg_database'), '') as word from pg_database where datname = $1",
    );
    rows.bind::<Text, _>(name).get_result(conn).ok().map(|row: Word| row.word)
}

fn server_template() -> String {
    format!("castellan_template_{}", *HASH)
}

/// The server to test on, if one is named.
fn server() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

fn admin(server: &str) -> PgConnection {
    let mut conn = migrate::connect(server).expect("the server of TEST_DATABASE_URL can be reached");
    execute(&mut conn, "set client_min_messages = warning");
    conn
}

fn execute(conn: &mut PgConnection, statement: &str) {
    if let Err(error) = conn.batch_execute(statement) {
        panic!("{statement}: {error}");
    }
}

/// The same server's address with another database.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let scheme = address.find("://").map_or(0, |place| place + 3);
    let host = address[scheme..].split('/').next().unwrap_or_default();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{host}/{name}{query}", &address[..scheme])
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_secs()
}
