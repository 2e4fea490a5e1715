//! The file that lists identity providers, with which people may sign in.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use url::{Host, Url};

/// All that the file lists.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvidersFile {
    pub providers: Vec<ProviderSettings>,
}

/// One of them.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// Its name in addresses.
    pub key: String,
    /// Its name on the button.
    pub name: String,
    /// Where its metadata lie, and what its tokens name.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    /// Whether its word for a second factor stands for one of ours.
    #[serde(default)]
    pub second_factor_by_provider: bool,
}

/// Settings are printed, secrets are not.
impl fmt::Debug for ProviderSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {}", self.key, self.issuer)
    }
}

impl ProviderSettings {
    /// Whether it is asked without TLS, as on the machine of somebody who develops.
    pub fn is_plain(&self) -> bool {
        self.issuer.starts_with("http://")
    }
}

/// Reads and checks the file.
pub fn file(path: &str) -> Result<ProvidersFile, String> {
    let text = std::fs::read(path).map_err(|error| format!("the file cannot be read: {error}"))?;
    let file: ProvidersFile = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    check(&file)?;
    Ok(file)
}

fn check(file: &ProvidersFile) -> Result<(), String> {
    let (mut keys, mut issuers) = (BTreeSet::new(), BTreeSet::new());
    for (place, one) in file.providers.iter().enumerate() {
        let wrong = |field: &str, why: &str| Err(format!("providers[{place}].{field} {why}"));
        if !is_key(&one.key) {
            return wrong("key", "must have 1 to 40 small letters, digits and hyphens between them");
        }
        if !keys.insert(&one.key) {
            return wrong("key", "is there twice");
        }
        if one.name.trim().is_empty() || one.name.chars().count() > 40 || one.name.chars().any(char::is_control) {
            return wrong("name", "must have 1 to 40 characters");
        }
        if !is_issuer(&one.issuer) {
            return wrong("issuer", "must begin with https:// (or http:// and this very machine) and have no ? or #");
        }
        if !issuers.insert(&one.issuer) {
            return wrong("issuer", "is there twice");
        }
        if one.client_id.is_empty() {
            return wrong("client_id", "is empty");
        }
        if one.client_secret.is_empty() {
            return wrong("client_secret", "is empty");
        }
    }
    Ok(())
}

fn is_key(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let has_place = text.len() <= 500 && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    has_place && is_trusted_way(&url, true)
}

/// Over TLS, or, where that is allowed, to this very machine.
pub fn is_trusted_way(url: &Url, plain: bool) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => plain && name == "localhost",
        ("http", Some(Host::Ipv4(address))) => plain && address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => plain && address.is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(field: &str, value: &str) -> String {
        let mut one = serde_json::json!({
            "key": "acme", "name": "Acme", "issuer": "https://id.acme.example", "client_id": "console",
            "client_secret": "s3cret"
        });
        one[field] = value.into();
        let file = serde_json::json!({ "providers": [one] }).to_string();
        let read = serde_json::from_str::<ProvidersFile>(&file).map_err(|error| error.to_string());
        read.and_then(|file| check(&file)).err().unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        assert_eq!(refusal("name", "Acme"), "");
        assert_eq!(refusal("issuer", "http://127.0.0.1:9000"), "");
        assert_eq!(refusal("issuer", "http://[::1]:9000/realm"), "");
        let wrong = [
            ("key", "Acme"),
            ("key", "-acme"),
            ("key", ""),
            ("name", " "),
            ("issuer", "http://id.acme.example"),
            ("issuer", "http://127.0.0.1.acme.example"),
            ("issuer", "https://id.acme.example?x=1"),
            ("issuer", "id.acme.example"),
            ("client_id", ""),
            ("client_secret", ""),
        ];
        for (field, value) in wrong {
            let said = refusal(field, value);
            assert!(said.starts_with(&format!("providers[0].{field} ")), "{field} {value}: {said}");
        }
        assert!(refusal("colour", "red").contains("unknown field `colour`"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let one = ProviderSettings {
            key: "acme".into(),
            name: "Acme".into(),
            issuer: "https://id.acme.example".into(),
            client_id: "console".into(),
            client_secret: "s3cret".into(),
            second_factor_by_provider: false,
        };
        assert!(!format!("{one:?}").contains("s3cret"));
    }
}
