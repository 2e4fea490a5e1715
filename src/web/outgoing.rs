//! Connections that the console opens to where people tell it: over TLS as the system trusts it, and never to what only
//! this machine or its network can reach, unless the settings say so.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::{ClientConfig, RootCertStore};
use url::Host;

/// Trusts what the system trusts.
pub fn tls() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// How TLS says that nobody it trusts has signed a certificate, and how we do.
const UNKNOWN_ISSUER: &str = "invalid peer certificate: UnknownIssuer";
const NOT_TRUSTED: &str = "its certificate is of no authority that is trusted here (those of the system, or of the file \
                           that SSL_CERT_FILE names)";

/// Why somebody could not be reached: an error with its causes, which say more than it does.
pub fn spelled(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let said = one.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = one.source();
    }
    text.replace(UNKNOWN_ISSUER, NOT_TRUSTED)
}

/// Networks that are nobody's on the internet, or stand for an address in another one (IANA special-purpose registries).
const SPECIAL: [&str; 24] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "fc00::/6",
    "ff00::/8",
];

/// Which addresses may be reached.
#[derive(Debug, Clone)]
pub struct Reach(Arc<Bounds>);

#[derive(Debug)]
struct Bounds {
    special: Vec<IpNet>,
    own: Vec<IpNet>,
    /// This very machine, as while somebody develops.
    here: bool,
}

impl Reach {
    /// Public addresses, these networks, and perhaps this very machine.
    pub fn new(own: &[IpNet], here: bool) -> Reach {
        // Site-local and link-local addresses beside the list.
        let special = SPECIAL.iter().chain(&["fe80::/9"]).filter_map(|network| network.parse().ok());
        Reach(Arc::new(Bounds { special: special.collect(), own: own.to_vec(), here }))
    }

    /// Whether this very machine may be reached.
    pub fn is_here(&self) -> bool {
        self.0.here
    }

    /// Whether an address may be reached.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        within(&self.0.own) || (self.0.here && address.is_loopback()) || !within(&self.0.special)
    }

    /// Whether a host may be asked for at all; a name is looked at again when it is resolved.
    pub fn allows_host(&self, host: &Host<&str>) -> bool {
        match host {
            Host::Ipv4(address) => self.allows(IpAddr::V4(*address)),
            Host::Ipv6(address) => self.allows(IpAddr::V6(*address)),
            Host::Domain(_) => true,
        }
    }

    /// The addresses of a host that may be reached.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|error| format!("the name {host} cannot be resolved: {error}"))?;
        let allowed: Vec<SocketAddr> = found.filter(|address| self.allows(address.ip())).collect();
        match allowed.is_empty() {
            true => Err(format!("{host} has no address that may be reached (CASTELLAN_STREAM_NETWORKS)")),
            false => Ok(allowed),
        }
    }
}

/// Names are resolved by us, so that what was looked at is what is connected to.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let found = Reach::resolve(&reach, name.as_str(), 0).await?;
            Ok::<Addrs, _>(Box::new(found.into_iter()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_not_reached_unless_it_is_named() {
        let own: Vec<IpNet> = vec!["10.1.0.0/16".parse().unwrap()];
        let (production, development) = (Reach::new(&own, false), Reach::new(&[], true));
        for inside in [
            "127.0.0.1",
            "10.0.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fec0::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!production.allows(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "10.1.2.3", "::ffff:10.1.2.3"] {
            assert!(production.allows(outside.parse().unwrap()), "{outside}");
        }
        assert!(development.allows("127.0.0.1".parse().unwrap()) && development.allows("::1".parse().unwrap()));
        assert!(!development.allows("10.1.2.3".parse().unwrap()));
    }
}
