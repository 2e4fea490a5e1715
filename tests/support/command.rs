//! The binary as people run it, with a database of its own and nothing from the environment.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use castellan::config::Config;
use castellan::db::{Engine, migrate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

use super::{TestApp, TestDatabase, config};

const BINARY: &str = env!("CARGO_BIN_EXE_castellan");

/// A place to run it in.
pub struct Castellan {
    /// Working folder and data folder.
    pub folder: tempfile::TempDir,
    database: Option<TestDatabase>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Done {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Castellan {
    /// With a migrated database.
    pub fn migrated() -> Castellan {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let database = TestDatabase::for_command(folder.path());
        Castellan { folder, database }
    }

    /// With no database yet; on a server with an empty one.
    pub fn fresh() -> Castellan {
        let folder = tempfile::tempdir().expect("a folder can be made");
        Castellan { folder, database: TestDatabase::empty() }
    }

    /// The settings that every run gets.
    pub fn config(&self) -> Config {
        let mut config = config();
        config.data_dir = self.folder.path().to_owned();
        config.database_url = self.database.as_ref().map(|database| database.engine().url().to_owned());
        config.secret_key = None;
        config
    }

    /// The command, for runs that go on for a while.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.env_clear().current_dir(self.folder.path()).args(args);
        command.args(["--data-dir"]).arg(self.folder.path()).args(["--log", "warn"]);
        command
            .envs(std::env::vars_os().filter(|(name, _)| name == "HOME" || name == "XDG_CACHE_HOME" || name == "PATH"));
        if let Some(url) = self.config().database_url {
            command.env("DATABASE_URL", url);
        }
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Done {
        self.run_with(args, &[], "")
    }

    /// Runs it to its end with settings in the environment and something to read.
    pub fn run_with(&self, args: &[&str], settings: &[(&str, &str)], input: &str) -> Done {
        let mut command = self.command(args);
        command.envs(settings.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be run");
        child.stdin.take().expect("it can be written to").write_all(input.as_bytes()).expect("it reads");
        let done = child.wait_with_output().expect("the binary ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
        Done { status: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
    }

    /// Executes statements as the login.
    pub fn execute(&self, statements: &str) {
        self.connected(|conn| conn.batch_execute(statements).expect("the statements work"));
    }

    /// The first column of every row, as text; null is empty.
    pub fn texts(&self, query: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Nullable<Text>)]
            value: Option<String>,
        }
        let statement = format!("select q.value::text as value from ({query}) as q(value)");
        let rows: Vec<Row> = self.connected(|conn| diesel::sql_query(&statement).load(conn).expect("the query works"));
        rows.into_iter().map(|row| row.value.unwrap_or_default()).collect()
    }

    fn connected<T>(&self, work: impl FnOnce(&mut PgConnection) -> T) -> T {
        let engine = Engine::open(&self.config()).expect("the database opens");
        let mut conn = migrate::connect(engine.url()).expect("the database can be reached");
        work(&mut conn)
    }

    /// A file of the data folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A process beside a console under test, killed when it is not needed any more.
pub struct Beside(Child);

impl TestApp {
    /// Runs the binary on this console's database and with its keys; on a server, where more than one may connect.
    pub fn beside(&self, args: &[&str], settings: &[(&str, &str)]) -> Beside {
        let mut command = Command::new(BINARY);
        command.env_clear().current_dir(&self.config.data_dir).args(args);
        command.arg("--data-dir").arg(&self.config.data_dir).args(["--log", "error"]);
        command.env("DATABASE_URL", self.database.engine().url());
        command.envs(self.config.secret_key.iter().map(|key| ("CASTELLAN_SECRET_KEY", key)));
        command.envs(settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null());
        Beside(command.spawn().expect("the binary can be run"))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
