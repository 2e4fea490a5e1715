//! Passkeys (WebAuthn): keys that a device or a stick keeps, and gives only to their owner's finger, face or PIN.

pub mod pages;
pub mod store;

use serde_json::Value;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::error::AppError;

/// Asks devices for passkeys and looks at their answers.
pub struct Passkeys {
    webauthn: Option<Webauthn>,
    origin: String,
}

/// A question to the browser and what its answer has to fit.
pub struct Asked {
    pub options: String,
    pub state: Value,
}

/// What is said when an answer comes late or twice.
pub const LATE: &str = "That took longer than two minutes, or was answered already. Try again.";
/// What passkeys say when an answer is no good.
const REFUSED: &str = "The passkey's answer does not fit. Try again.";

impl Passkeys {
    /// For the address that people type. Without one this is a development machine, whose browsers take passkeys
    /// from `localhost` only.
    pub fn new(public_url: Option<&str>, port: u16) -> Passkeys {
        let origin = public_url.map_or_else(|| format!("http://localhost:{port}"), str::to_owned);
        Passkeys { webauthn: relying_party(&origin, public_url.is_none()), origin }
    }

    /// Where passkeys work, when that is not where the person is.
    pub fn elsewhere(&self, host: &str) -> Option<String> {
        let known = self.webauthn.as_ref().is_some_and(|webauthn| {
            webauthn.get_allowed_origins().iter().any(|origin| origin.host_str() == Some(without_port(host)))
        });
        (!known).then(|| self.origin.clone())
    }

    /// Asks for a new passkey that is not one of those known.
    pub fn ask_for_new(&self, user_id: Uuid, email: &str, name: &str, known: &[Value]) -> Result<Asked, AppError> {
        let known: Vec<CredentialID> = read_all(known)?.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let asked = self.webauthn()?.start_passkey_registration(user_id, email, name, Some(known));
        let (options, state) = asked.map_err(internal)?;
        Ok(Asked { options: json(&options)?.to_string(), state: json(&state)? })
    }

    /// The new passkey for keeping, or a sentence.
    pub fn accept_new(&self, answer: &str, state: Value) -> Result<Result<Value, &'static str>, AppError> {
        let state: PasskeyRegistration = serde_json::from_value(state).map_err(internal)?;
        let Ok(answer) = serde_json::from_str::<RegisterPublicKeyCredential>(answer) else { return Ok(Err(REFUSED)) };
        match self.webauthn()?.finish_passkey_registration(&answer, &state) {
            Ok(passkey) => Ok(Ok(json(&passkey)?)),
            Err(_) => Ok(Err(REFUSED)),
        }
    }

    /// Asks for one of these passkeys.
    pub fn ask(&self, known: &[Value]) -> Result<Asked, AppError> {
        let asked = self.webauthn()?.start_passkey_authentication(&read_all(known)?);
        let (options, state) = asked.map_err(internal)?;
        Ok(Asked { options: json(&options)?.to_string(), state: json(&state)? })
    }

    /// Which of these passkeys answered, with its counter moved; or a sentence.
    pub fn accept(
        &self,
        answer: &str,
        state: Value,
        known: Vec<(Uuid, Value)>,
    ) -> Result<Result<(Uuid, Value), &'static str>, AppError> {
        let state: PasskeyAuthentication = serde_json::from_value(state).map_err(internal)?;
        let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(answer) else { return Ok(Err(REFUSED)) };
        let Ok(result) = self.webauthn()?.finish_passkey_authentication(&answer, &state) else {
            return Ok(Err(REFUSED));
        };
        if !result.user_verified() {
            return Ok(Err("The passkey did not ask who you are. Use one with a finger, a face or a PIN."));
        }
        for (id, kept) in known {
            let mut passkey: Passkey = serde_json::from_value(kept).map_err(internal)?;
            if passkey.update_credential(&result).is_some() {
                return Ok(Ok((id, json(&passkey)?)));
            }
        }
        Ok(Err(REFUSED))
    }

    fn webauthn(&self) -> Result<&Webauthn, AppError> {
        let missing = || AppError::Conflict(format!("Passkeys cannot be used at {}, which is no name.", self.origin));
        self.webauthn.as_ref().ok_or_else(missing)
    }
}

/// None for an address that cannot have passkeys, such as one of bare numbers.
fn relying_party(origin: &str, any_port: bool) -> Option<Webauthn> {
    let url = Url::parse(origin).ok()?;
    let host = url.domain()?;
    let builder = WebauthnBuilder::new(host, &url).ok()?;
    builder.rp_name("Castellan").allow_any_port(any_port).build().ok()
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(name, _)| name)
}

fn read_all(known: &[Value]) -> Result<Vec<Passkey>, AppError> {
    known.iter().map(|kept| serde_json::from_value(kept.clone()).map_err(internal)).collect()
}

fn json(value: &impl serde::Serialize) -> Result<Value, AppError> {
    serde_json::to_value(value).map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> AppError {
    AppError::Internal(format!("passkeys: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_work_at_the_public_address_or_at_localhost() {
        let development = Passkeys::new(None, 8080);
        assert_eq!(development.elsewhere("localhost:8080"), None);
        assert_eq!(development.elsewhere("127.0.0.1:8080").as_deref(), Some("http://localhost:8080"));
        let production = Passkeys::new(Some("https://console.example.com"), 8080);
        assert_eq!(production.elsewhere("console.example.com"), None);
        assert_eq!(production.elsewhere("other.example.com:443").as_deref(), Some("https://console.example.com"));
        let bare = Passkeys::new(Some("http://192.0.2.1:8080"), 8080);
        assert!(bare.elsewhere("192.0.2.1:8080").is_some());
        assert!(matches!(bare.ask(&[]), Err(AppError::Conflict(_))));
    }
}
