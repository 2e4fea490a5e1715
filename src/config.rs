//! Every setting, from the environment, `.env` or the command line; a wrong value stops the start with one sentence.

pub mod oidc;
pub mod witness;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use hmac::{Hmac, KeyInit, Mac};
use ipnet::IpNet;
use sha2::Sha256;

use crate::new_password::NewPassword;

/// The settings of all subcommands.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address and port to listen on
    #[arg(long, env = "CASTELLAN_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", global = true, value_parser = address)]
    pub listen: SocketAddr,

    /// Folder of the embedded database and of the secret key
    #[arg(long, env = "CASTELLAN_DATA_DIR", value_name = "FOLDER", default_value = "./data", global = true)]
    pub data_dir: PathBuf,

    /// A PostgreSQL 15+ server to use instead of the embedded engine, as a postgres:// address
    #[arg(long, env = "DATABASE_URL", value_name = "URL", global = true, hide_env_values = true, value_parser = database_url)]
    pub database_url: Option<String>,

    /// Connections to the server; the embedded engine has one
    #[arg(long, env = "CASTELLAN_POOL", value_name = "NUMBER", default_value_t = 6, global = true, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub pool: u32,

    /// E-mail address of the founder to create at the first start
    #[arg(long, env = "CASTELLAN_FOUNDER_EMAIL", value_name = "EMAIL", global = true, value_parser = email)]
    pub founder_email: Option<String>,

    /// Password of that founder, 15 characters or more
    #[arg(long, env = "CASTELLAN_FOUNDER_PASSWORD", value_name = "PASSWORD", global = true, hide_env_values = true)]
    pub founder_password: Option<String>,

    /// 1 loads demo data into an empty database, 0 does not; without it only the embedded engine gets some
    #[arg(long, env = "CASTELLAN_DEMO", value_name = "0|1", global = true, value_parser = zero_or_one)]
    pub demo: Option<bool>,

    /// The address people type, such as https://console.example.com; cookies are secure when it is https
    #[arg(long, env = "CASTELLAN_PUBLIC_URL", value_name = "URL", global = true, value_parser = public_url)]
    pub public_url: Option<String>,

    /// Addresses or networks of proxies in front, such as 10.0.0.0/8,::1; X-Forwarded-For is believed from them alone
    #[arg(long, env = "CASTELLAN_TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',', global = true, value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// 64 or more hexadecimal digits shared by all processes; without it a file in the data folder is made and used
    #[arg(long, env = "CASTELLAN_SECRET_KEY", value_name = "HEX", global = true, hide_env_values = true, value_parser = secret_key)]
    pub secret_key: Option<String>,

    /// The file with the key that signs checkpoints of the audit log; without it audit-signing-key in the data folder
    #[arg(long, env = "CASTELLAN_AUDIT_KEY", value_name = "FILE", global = true)]
    pub audit_key: Option<PathBuf>,

    /// Months that events stay in the database, 3 or more, before they go to files; without it they stay for ever
    #[arg(long, env = "CASTELLAN_AUDIT_KEEP_MONTHS", value_name = "MONTHS", global = true, value_parser = clap::value_parser!(u32).range(3..=1200))]
    pub audit_keep_months: Option<u32>,

    /// The same for security events
    #[arg(long, env = "CASTELLAN_SECURITY_KEEP_MONTHS", value_name = "MONTHS", global = true, value_parser = clap::value_parser!(u32).range(3..=1200))]
    pub security_keep_months: Option<u32>,

    /// Folder that old months of the audit log go to; it has to be there, and without it none goes
    #[arg(long, env = "CASTELLAN_AUDIT_ARCHIVE", value_name = "FOLDER", global = true)]
    pub audit_archive: Option<PathBuf>,

    /// A folder for streams of the audit log that are files; without it there are none
    #[arg(long, env = "CASTELLAN_STREAM_DIR", value_name = "FOLDER", global = true)]
    pub stream_dir: Option<PathBuf>,

    /// Networks of one's own that streams of the audit log may reach, such as 10.0.0.0/8; without it public addresses only
    #[arg(long, env = "CASTELLAN_STREAM_NETWORKS", value_name = "NETWORKS", value_delimiter = ',', global = true, value_parser = network)]
    pub stream_networks: Vec<IpNet>,

    /// Where signed checkpoints of the audit log are shown to: files, https addresses and mail addresses
    #[arg(long = "audit-witnesses", env = "CASTELLAN_AUDIT_WITNESSES", value_name = "PLACES", value_delimiter = ',', global = true, value_parser = witness::witness)]
    pub audit_witnesses: Vec<witness::Witness>,

    /// The mail server, as smtps://user:password@host, smtp://host:587?tls=required, or smtp://host on a network of one's own
    #[arg(long, env = "CASTELLAN_SMTP_URL", value_name = "URL", global = true, hide_env_values = true, value_parser = smtp_url)]
    pub smtp_url: Option<String>,

    /// Whom mail comes from, such as Castellan <console@example.com>
    #[arg(long, env = "CASTELLAN_MAIL_FROM", value_name = "ADDRESS", global = true, value_parser = mail_from)]
    pub mail_from: Option<String>,

    /// A JSON file that lists identity providers to sign in with; the README says what is in it
    #[arg(long = "oidc-file", env = "CASTELLAN_OIDC_FILE", value_name = "FILE", global = true, value_parser = oidc::file)]
    pub oidc: Option<oidc::ProvidersFile>,

    /// What to log, such as info or castellan=debug; CASTELLAN_LOG_FORMAT=json for machines
    #[arg(long, env = "CASTELLAN_LOG", value_name = "FILTER", default_value = "info", global = true)]
    pub log: String,

    /// text or json
    #[arg(long, env = "CASTELLAN_LOG_FORMAT", default_value = "text", global = true, value_parser = ["text", "json"])]
    pub log_format: String,
}

/// What the founder is called who is made at the first start.
pub const FOUNDER: &str = "Founder";

impl Config {
    /// What needs more than one setting to be seen wrong.
    pub fn check(&self) -> Result<(), String> {
        self.check_founder()?;
        if self.smtp_url.is_some() != self.mail_from.is_some() {
            let missing = if self.smtp_url.is_some() { "CASTELLAN_MAIL_FROM" } else { "CASTELLAN_SMTP_URL" };
            return Err(format!("{missing} is missing: mail needs both a server and an address that it comes from."));
        }
        let wrong = if self.oidc.is_some() && self.public_url.is_none() && !self.listen.ip().is_loopback() {
            "CASTELLAN_PUBLIC_URL is missing: identity providers send people back to it."
        } else if self.is_secure() && self.providers().any(oidc::ProviderSettings::is_plain) {
            "CASTELLAN_OIDC_FILE names an issuer with http://, which is for development: it must begin with https://."
        } else if self.is_secure() && self.audit_witnesses.iter().any(witness::Witness::is_plain) {
            "CASTELLAN_AUDIT_WITNESSES has an address with http://, which is for development: it must begin with https://."
        } else if cfg!(not(feature = "embedded")) && self.database_url.is_none() {
            "DATABASE_URL is missing: this build has no embedded database."
        } else {
            return Ok(());
        };
        Err(wrong.to_owned())
    }

    fn check_founder(&self) -> Result<(), String> {
        match (&self.founder_email, &self.founder_password) {
            (Some(_), None) => {
                Err("CASTELLAN_FOUNDER_PASSWORD is missing: the founder needs both an address and a password.".into())
            }
            (None, Some(_)) => {
                Err("CASTELLAN_FOUNDER_EMAIL is missing: the founder needs both an address and a password.".into())
            }
            (Some(email), Some(password)) => NewPassword::check(password, &[email, FOUNDER])
                .map(drop)
                .map_err(|faults| format!("CASTELLAN_FOUNDER_PASSWORD {}.", faults[0])),
            (None, None) => Ok(()),
        }
    }

    /// Whether an empty database gets demo data.
    pub fn wants_demo(&self) -> bool {
        self.demo.unwrap_or(self.database_url.is_none() && self.founder_email.is_none())
    }

    /// Where the key of the audit log lies.
    pub fn audit_key(&self) -> PathBuf {
        self.audit_key.clone().unwrap_or_else(|| self.data_dir.join("audit-signing-key"))
    }

    /// Identity providers to sign in with.
    pub fn providers(&self) -> impl Iterator<Item = &oidc::ProviderSettings> {
        self.oidc.iter().flat_map(|file| &file.providers)
    }

    /// Served over https, which is what production looks like.
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Scheme and host for links that leave the console.
    pub fn base(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen))
    }

    /// The pill in the top bar.
    pub fn environment(&self) -> &'static str {
        if self.is_secure() { "production" } else { "development" }
    }
}

/// Keys for signed cookies and for hashes of addresses, all derived from one secret.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// From the setting, else from `<data_dir>/secret.key`, which is made when missing and readable by its owner only.
    pub fn load(config: &Config) -> Result<Secret, String> {
        let text = match &config.secret_key {
            Some(text) => text.clone(),
            None => read_or_make(&config.data_dir.join("secret.key"))?,
        };
        Ok(Secret(Sha256Digest::of(text.trim().as_bytes())))
    }

    /// A key for one purpose.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        self.hash(purpose, b"")
    }

    /// Keyed hash of a value for one purpose; without the secret it cannot be found by trying all values.
    pub fn hash(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        mac.finalize().into_bytes().into()
    }
}

struct Sha256Digest;

impl Sha256Digest {
    fn of(bytes: &[u8]) -> [u8; 32] {
        use sha2::Digest;
        Sha256::digest(bytes).into()
    }
}

fn read_or_make(path: &std::path::Path) -> Result<String, String> {
    use std::io::{ErrorKind, Write};
    let explain = |error: std::io::Error| format!("The secret key {} cannot be used: {error}.", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(explain)?;
    }
    let fresh: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(fresh.as_bytes()).map_err(explain)?;
            Ok(fresh)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read_to_string(path).map_err(explain),
        Err(error) => Err(explain(error)),
    }
}

fn email(text: &str) -> Result<String, String> {
    let shaped = text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    });
    match shaped && text.chars().count() <= 254 {
        true => Ok(text.to_owned()),
        false => Err("must be an e-mail address such as founder@example.com".to_owned()),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an address and a port, such as 127.0.0.1:8080".to_owned())
}

fn database_url(text: &str) -> Result<String, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(text.to_owned());
    }
    Err("must begin with postgres:// or postgresql://".into())
}

fn public_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains('/') => Ok(text.to_owned()),
        _ => Err("must be http:// or https:// and a host without a path, such as https://console.example.com".into()),
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| "must be addresses or networks such as 10.0.0.0/8,::1".to_owned())
}

/// A password goes over TLS, except to this very machine.
fn smtp_url(text: &str) -> Result<String, String> {
    const FORM: &str = "must be smtps://user:password@host, or smtp://host:port, with ?tls=required for STARTTLS";
    let rest = text.strip_prefix("smtps://").or_else(|| text.strip_prefix("smtp://")).ok_or(FORM)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if host.is_empty() || lettre::AsyncSmtpTransport::<lettre::Tokio1Executor>::from_url(text).is_err() {
        return Err(FORM.into());
    }
    let is_here = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|here| host.strip_prefix(here).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    let is_secret = text.starts_with("smtps://") || text.contains("tls=required");
    match user.is_empty() || is_here || is_secret {
        true => Ok(text.to_owned()),
        false => Err("must begin with smtps:// or end with ?tls=required, since it holds a password".into()),
    }
}

fn mail_from(text: &str) -> Result<String, String> {
    let parsed: Result<lettre::message::Mailbox, _> = text.parse();
    parsed.map(|_| text.to_owned()).map_err(|_| "must be an address such as Castellan <console@example.com>".into())
}

fn zero_or_one(text: &str) -> Result<bool, String> {
    match text {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err("must be 0 or 1".into()),
    }
}

fn secret_key(text: &str) -> Result<String, String> {
    if text.len() >= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_owned());
    }
    Err("must be 64 or more hexadecimal digits".into())
}
