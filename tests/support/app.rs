//! A console that listens on a port of its own and ends with the test.

use std::cell::Cell;
use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use castellan::app::App;
use castellan::auth::password::Cost;
use castellan::commands::setup;
use castellan::config::Config;
use castellan::db::Db;

use super::template::{CHEAP, config};
use super::{MailServer, TestDatabase, person, skipped, sql, wait_for};

/// A running console with a database of its own.
pub struct TestApp {
    server: Running,
    /// The parts, for tests below HTTP.
    pub app: App,
    pub config: Config,
    /// Scheme, host and port.
    pub base: String,
    pub(super) http: reqwest::Client,
    pub(super) people: AtomicUsize,
    leaves_jobs: Cell<bool>,
    _data: tempfile::TempDir,
    // Last, for it ends when everybody who uses it has gone.
    pub database: TestDatabase,
}

impl TestApp {
    /// Starts one as `castellan serve` does.
    pub async fn start() -> TestApp {
        TestApp::configured(CHEAP, |_| {}).await
    }

    /// Starts one on the server; none on the embedded engine, whose single connection allows no races.
    pub async fn on_server() -> Option<TestApp> {
        TestApp::on_server_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn on_server_with(set: impl FnOnce(&mut Config)) -> Option<TestApp> {
        if std::env::var("TEST_DATABASE_URL").unwrap_or_default().is_empty() {
            skipped("two connections at once need TEST_DATABASE_URL, for the embedded engine has one");
            return None;
        }
        Some(TestApp::configured(CHEAP, set).await)
    }

    /// Starts one that sends mail to a server of the test's own.
    pub async fn with_mail() -> (TestApp, MailServer) {
        let server = MailServer::start();
        let url = server.url();
        let app = TestApp::configured(CHEAP, |config| {
            config.smtp_url = Some(url);
            config.mail_from = Some("Castellan <console@castellan.example>".into());
        });
        (app.await, server)
    }

    /// Starts one with other settings.
    pub async fn configured(cost: Cost, set: impl FnOnce(&mut Config)) -> TestApp {
        TestApp::over(TestDatabase::migrated(), cost, set).await
    }

    /// Starts one on a database that was filled before.
    pub async fn over(database: TestDatabase, cost: Cost, set: impl FnOnce(&mut Config)) -> TestApp {
        let data = tempfile::tempdir().expect("a folder can be made");
        let mut config = config();
        config.data_dir = data.path().to_owned();
        set(&mut config);
        let app = App::build(&config, database.engine(), cost).expect("the console can be built");
        setup::prepare(&app.db, &config, &app.passwords).await.expect("the database can be made ready");
        let listener = TcpListener::bind(config.listen).expect("a port is free");
        let address = listener.local_addr().expect("a bound port has an address");
        TestApp {
            server: Running::start(app.clone(), listener),
            app,
            config,
            base: format!("http://{address}"),
            http: person::http(),
            people: AtomicUsize::new(0),
            leaves_jobs: Cell::new(false),
            _data: data,
            database,
        }
    }

    /// For stores and transactions.
    pub fn db(&self) -> &Db {
        &self.app.db
    }

    /// Says that this test leaves jobs in the queue on purpose.
    pub fn leaves_jobs(&self) {
        self.leaves_jobs.set(true);
    }

    /// Jobs that nobody ran and nobody announced, by kind. Scheduled ones come from the worker itself, and letters wait
    /// where no mail server is configured.
    fn forgotten_jobs(&self) -> Vec<String> {
        let db = self.app.db.clone();
        let jobs = "select distinct kind from control.job_queue \
            where status not in ('succeeded', 'cancelled') and schedule_slot is null \
            and (kind <> 'mail.send' or status <> 'queued')";
        wait_for(sql::texts(&db, jobs))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.server.stop();
        if self.leaves_jobs.get() || std::thread::panicking() {
            return;
        }
        let forgotten = self.forgotten_jobs();
        assert!(forgotten.is_empty(), "jobs were left in the queue: {}", forgotten.join(", "));
    }
}

/// A server on a thread of its own, so that it goes on while the test waits for the database.
struct Running {
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(app: App, listener: TcpListener) -> Running {
        let (started, handle) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = app.serve(listener, 1).expect("the console can listen");
                let _ = started.send(server.handle());
                let _ = server.await;
            });
        });
        Running { handle: handle.recv().expect("the server starts"), thread: Some(thread) }
    }

    fn stop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
