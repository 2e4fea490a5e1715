//! The program itself, as an operator starts and ends it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::support::TestDatabase;

/// Much less than the time that running requests are given, and enough for a machine that has much else to do.
pub const PROMPTLY: Duration = Duration::from_secs(15);

/// A running `castellan` with a database of its own.
pub struct Process {
    child: Child,
    /// Host and port that `serve` listens on.
    pub address: String,
    /// What it said once it was ready.
    pub said: String,
    /// Where it runs; its data folder is `data` in it.
    pub folder: tempfile::TempDir,
    pub database: Option<TestDatabase>,
}

impl Process {
    /// Starts it and waits until it says that it is ready. On the embedded engine it makes a database first.
    pub fn start(arguments: &[&str]) -> Process {
        let on_server = !std::env::var("TEST_DATABASE_URL").unwrap_or_default().is_empty();
        let database = on_server.then(TestDatabase::migrated);
        let folder = tempfile::tempdir().expect("a folder can be made");
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
            listener.local_addr().expect("a bound port has an address").to_string()
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_castellan"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CASTELLAN_") || name == "DATABASE_URL") {
            command.env_remove(name);
        }
        if let Some(database) = &database {
            command.env("DATABASE_URL", database.engine().url());
        }
        let mut child = command
            .args(arguments)
            .args(["--listen", &address, "--demo", "0", "--log", "warn"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut said = String::new();
        let output = child.stdout.take().expect("it has an output");
        BufReader::new(output).read_line(&mut said).expect("it says something");
        Process { child, address, said, folder, database }
    }

    /// Asks it to end, as a service manager does.
    pub fn ask_to_end(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.expect("signals can be sent").success());
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().expect("a process can be killed");
        self.child.wait().expect("it has ended");
    }

    /// Runs another command with the same folder and database; returns its exit status and output.
    pub fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_castellan"));
        command.args(arguments).args(["--log", "warn"]).current_dir(self.folder.path());
        if let Some(database) = &self.database {
            command.env("DATABASE_URL", database.engine().url());
        }
        let done = command.output().expect("the program runs");
        (done.status.code().unwrap_or(-1), String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Waits until it has ended; panics when that takes longer.
    pub fn ended_within(&mut self, time: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(began.elapsed() < time, "it has not ended after {time:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
