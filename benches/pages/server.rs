//! The console as people start it: the binary, in a process of its own, with somebody signed in.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use castellan::config::Config;

use crate::Failure;
use crate::http::Client;

const BINARY: &str = env!("CARGO_BIN_EXE_castellan");

/// A running console; it ends with this.
pub struct Server {
    child: Child,
    address: SocketAddr,
    cookie: String,
    pub first_page: Duration,
}

impl Server {
    /// Starts it, measures the time to the first page, and signs in by the link it prints.
    pub fn start(config: &Config, folder: &Path) -> Result<Server, Failure> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let began = Instant::now();
        let mut command = Command::new(BINARY);
        // The environment may hold settings of the console somebody works with.
        command.env_clear().current_dir(folder).stdout(Stdio::piped());
        command.args(["--listen", &address.to_string(), "--demo", "0", "--log", "warn", "--data-dir"]).arg(folder);
        command.envs(std::env::vars_os().filter(|(name, _)| name == "HOME" || name == "XDG_CACHE_HOME"));
        if let Some(url) = &config.database_url {
            command.env("DATABASE_URL", url);
        }
        let mut server = Server { child: command.spawn()?, address, cookie: String::new(), first_page: Duration::ZERO };
        let mut line = String::new();
        let output = server.child.stdout.take().ok_or("the console has no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let first = server.client()?.get("/sign-in", true)?;
        server.first_page = began.elapsed();
        if first.status != 200 {
            return Err(format!("the first page answers with {}", first.status).into());
        }
        server.sign_in(line.trim())?;
        Ok(server)
    }

    fn sign_in(&mut self, line: &str) -> Result<(), Failure> {
        let (_, path) = line.rsplit_once(&self.address.to_string()).ok_or("the console printed no link")?;
        let answer = self.client()?.get(path, false)?;
        let cookies = answer.head.lines().filter_map(|line| line.split_once(": ")).map(|(_, value)| value);
        let session = cookies.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with("castellan="));
        self.cookie = session.ok_or("the link did not sign in")?.to_owned();
        Ok(())
    }

    /// A connection of somebody who is signed in.
    pub fn client(&self) -> std::io::Result<Client> {
        Client::connect(self.address, &self.cookie)
    }

    /// Resident memory, as Linux counts it.
    pub fn memory_mb(&self) -> Result<f64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("the kernel tells no memory")?;
        let kib: f64 = line.split_whitespace().nth(1).unwrap_or_default().parse()?;
        Ok(kib * 1024.0 / 1e6)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Of the binary.
pub fn binary_bytes() -> std::io::Result<u64> {
    Ok(fs::metadata(BINARY)?.len())
}
