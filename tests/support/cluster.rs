//! A PostgreSQL server of the test's own, to be killed. It takes the server's programs, which are found where `pg_config`
//! says, or where Debian puts them.

use std::any::Any;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use castellan::db::migrate;

use super::skipped;

/// A running server with an empty database, reached through a socket in its own folder.
pub struct Cluster {
    programs: PathBuf,
    user: Option<(u32, u32)>,
    /// Where its tables lie.
    pub data: PathBuf,
    postmaster: Child,
    /// What its tables lie on.
    _ground: Box<dyn Any>,
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts one; none where there are no programs for it.
    pub fn start() -> Option<Cluster> {
        Cluster::start_in(|_| Some(Box::new(())))
    }

    /// Starts one whose tables lie on what `prepare` puts over their folder; its write-ahead log lies elsewhere.
    pub fn start_in(prepare: impl FnOnce(&Path) -> Option<Box<dyn Any>>) -> Option<Cluster> {
        let Some(programs) = programs() else {
            skipped("a server to be killed needs PostgreSQL's own programs (postgres, initdb)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder can be made");
        let user = other_user(folder.path());
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("a folder can be made");
        give(folder.path(), user);
        let ground = prepare(&data)?;
        give(&data, user);
        let mut init = as_user(&programs.join("initdb"), user);
        init.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        init.args(["--wal-segsize=1", "--waldir"]).arg(folder.path().join("wal")).arg("--pgdata").arg(data.join("pg"));
        let made = init.current_dir(folder.path()).output().expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let postmaster = launch(&programs, user, folder.path(), &data);
        let mut cluster = Cluster { programs, user, data, postmaster, _ground: ground, folder };
        cluster.wait();
        cluster.execute("postgres", "create database castellan");
        Some(cluster)
    }

    /// The address of the empty database.
    pub fn url(&self) -> String {
        self.url_of("castellan")
    }

    /// Kills the server with a signal that it cannot catch.
    pub fn kill(&mut self) {
        self.postmaster.kill().expect("a process can be killed");
        self.postmaster.wait().expect("it has ended");
    }

    /// Starts it again, as an operator does.
    pub fn start_again(&mut self) {
        self.postmaster = launch(&self.programs, self.user, self.folder.path(), &self.data);
        self.wait();
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=postgres", self.folder.path().display())
    }

    /// Until it takes connections. Processes of one that was killed go within moments, and until then no other starts.
    fn wait(&mut self) {
        let began = Instant::now();
        while migrate::connect(&self.url_of("postgres")).is_err() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not start: {}", log());
            if self.postmaster.try_wait().expect("it can be waited for").is_some() {
                self.postmaster = launch(&self.programs, self.user, self.folder.path(), &self.data);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn execute(&self, database: &str, statement: &str) {
        use diesel::connection::SimpleConnection;
        let mut conn = migrate::connect(&self.url_of(database)).expect("the server can be reached");
        conn.batch_execute(statement).expect("the statement works");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.postmaster.kill();
        let _ = self.postmaster.wait();
    }
}

fn launch(programs: &Path, user: Option<(u32, u32)>, folder: &Path, data: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).expect("a log can be written");
    let mut server = as_user(&programs.join("postgres"), user);
    server.arg("-D").arg(data.join("pg")).arg("-k").arg(folder).args(["-c", "listen_addresses="]);
    server.args(["-c", "shared_buffers=16MB", "-c", "min_wal_size=2MB", "-c", "max_wal_size=32MB"]);
    server.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    server.spawn().expect("the server runs")
}

fn as_user(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

/// The server refuses to run as root, so root runs it as somebody else.
fn other_user(made_by_us: &Path) -> Option<(u32, u32)> {
    let is_root = fs::metadata(made_by_us).is_ok_and(|found| found.uid() == 0);
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let id = |name: &str| {
        let mut fields = users.lines().find(|line| line.starts_with(&format!("{name}:")))?.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    is_root.then(|| id("postgres").or_else(|| id("nobody")).expect("there is somebody who is not root"))
}

/// Lets that user write a folder.
fn give(folder: &Path, user: Option<(u32, u32)>) {
    let given: io::Result<()> = user.map_or(Ok(()), |(user, group)| chown(folder, Some(user), Some(group)));
    given.expect("root can give a folder away");
}

fn programs() -> Option<PathBuf> {
    let said = Command::new("pg_config").arg("--bindir").output().ok();
    let said = said.map(|done| PathBuf::from(String::from_utf8_lossy(&done.stdout).trim()));
    let mut debian: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    said.into_iter()
        .chain(debian.into_iter().rev())
        .find(|bin| bin.join("postgres").exists() && bin.join("initdb").exists())
}
