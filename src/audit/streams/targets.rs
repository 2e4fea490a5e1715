//! Where streams may lead, as the settings say.

use std::path::PathBuf;

use url::{Host, Url};

use crate::config::Config;
use crate::web::outgoing::Reach;

/// What a stream may be.
pub const KINDS: [&str; 3] = ["https", "syslog", "file"];
const FILE_NAME_MAX: usize = 100;

/// Where streams of this process may lead.
#[derive(Debug, Clone)]
pub struct Targets {
    pub reach: Reach,
    /// Where files lie; without it no stream is one.
    pub folder: Option<PathBuf>,
}

/// A server of a syslog stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub tls: bool,
}

impl Targets {
    /// Those of the settings. Only where nobody is served over https may this very machine be reached.
    pub fn of(config: &Config) -> Targets {
        Targets { reach: Reach::new(&config.stream_networks, !config.is_secure()), folder: config.stream_dir.clone() }
    }

    /// The kinds that this process can deliver.
    pub fn kinds(&self) -> Vec<&'static str> {
        KINDS.into_iter().filter(|kind| *kind != "file" || self.folder.is_some()).collect()
    }

    /// What is wrong with an address, as a field's message says it.
    pub fn check(&self, kind: &str, address: &str) -> Result<(), String> {
        match kind {
            "https" => self.endpoint(address).map(drop),
            "syslog" => self.server(address).map(drop),
            _ => self.file(address).map(drop),
        }
    }

    /// An address to post to.
    pub fn endpoint(&self, address: &str) -> Result<Url, String> {
        const FORM: &str = "must be an address such as https://siem.example.com/castellan";
        let url = Url::parse(address).map_err(|_| FORM.to_owned())?;
        let host = url.host().ok_or(FORM)?;
        let is_here = match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here && self.reach.is_here()) {
            return Err("must begin with https://".into());
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("may hold no user, password or #: what is sent is signed instead".into());
        }
        self.reachable(&host)?;
        Ok(url)
    }

    /// A server to connect to.
    pub fn server(&self, address: &str) -> Result<Server, String> {
        const FORM: &str = "must be an address such as tls://siem.example.com:6514 or tcp://siem.example.com:601";
        let url = Url::parse(address).map_err(|_| FORM.to_owned())?;
        let tls = match url.scheme() {
            "tls" => true,
            "tcp" => false,
            _ => return Err(FORM.into()),
        };
        let (host, port) = (url.host_str().filter(|host| !host.is_empty()), url.port());
        let (Some(host), Some(port), "" | "/", None) = (host, port, url.path(), url.query()) else {
            return Err(FORM.into());
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(FORM.into());
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        // Only the schemes of the web have their hosts looked at when they are read.
        let parsed = Host::parse(url.host_str().unwrap_or_default()).map_err(|_| FORM.to_owned())?;
        match &parsed {
            Host::Domain(name) => self.reachable(&Host::Domain(name.as_str()))?,
            Host::Ipv4(address) => self.reachable(&Host::Ipv4(*address))?,
            Host::Ipv6(address) => self.reachable(&Host::Ipv6(*address))?,
        }
        Ok(Server { host, port, tls })
    }

    /// A file in the folder. No name leads out of it.
    pub fn file(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.as_ref().ok_or("has no folder to lie in: CASTELLAN_STREAM_DIR is not set")?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        match begins && name.len() <= FILE_NAME_MAX && name.bytes().all(fits) {
            true => Ok(folder.join(name)),
            false => Err("must be the name of a file, of letters, digits, dots, hyphens and underscores".into()),
        }
    }

    fn reachable(&self, host: &Host<&str>) -> Result<(), String> {
        match self.reach.allows_host(host) {
            true => Ok(()),
            false => Err("leads to a network that is not public; CASTELLAN_STREAM_NETWORKS names those that may be \
                          reached"
                .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(here: bool) -> Targets {
        let own = ["10.1.0.0/16".parse().unwrap()];
        Targets { reach: Reach::new(&own, here), folder: Some("/var/log/castellan".into()) }
    }

    #[test]
    fn endpoints_are_https_and_outside() {
        for good in
            ["https://siem.example.com", "https://siem.example.com:8443/in?source=castellan", "https://10.1.2.3/"]
        {
            assert_eq!(targets(false).endpoint(good).map(|_| ()), Ok(()), "{good}");
        }
        for bad in [
            "",
            "siem.example.com",
            "http://siem.example.com",
            "ftp://siem.example.com",
            "https://",
            "https://u:p@h/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://169.254.169.254/",
            "https://10.0.0.1/",
            "http://localhost/",
            "https://h/#x",
            "file:///etc/passwd",
        ] {
            assert!(targets(false).endpoint(bad).is_err(), "{bad}");
        }
        assert!(targets(true).endpoint("http://127.0.0.1:8080/in").is_ok());
        assert!(targets(true).endpoint("http://siem.example.com/in").is_err());
    }

    #[test]
    fn servers_have_a_host_and_a_port() {
        let server = |host: &str, port, tls| Ok(Server { host: host.into(), port, tls });
        assert_eq!(targets(false).server("tls://siem.example.com:6514"), server("siem.example.com", 6514, true));
        assert_eq!(targets(false).server("tcp://10.1.0.9:601"), server("10.1.0.9", 601, false));
        assert_eq!(targets(true).server("tcp://[::1]:601"), server("::1", 601, false));
        for bad in [
            "",
            "siem:601",
            "tcp://siem",
            "udp://siem:514",
            "tcp://siem:601/x",
            "tcp://u@siem:601",
            "tcp://127.0.0.1:1",
            "tcp://[::1]:601",
            "tcp://0x7f.1:601",
        ] {
            assert!(targets(false).server(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn files_stay_in_their_folder() {
        assert_eq!(targets(false).file("audit-1.ndjson"), Ok("/var/log/castellan/audit-1.ndjson".into()));
        for bad in ["", ".", "..", ".hidden", "../x", "a/b", "a\\b", "a b", "é", "/etc/passwd", &"x".repeat(101)] {
            assert!(targets(false).file(bad).is_err(), "{bad}");
        }
        assert!(Targets { folder: None, ..targets(false) }.file("x").is_err());
    }
}
