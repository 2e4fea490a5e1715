//! Signing in with somebody else's word for who one is: OpenID Connect with code, PKCE and nonce. A person is the pair
//! of issuer and subject that they linked to their account, never an address.

pub mod backchannel;
pub mod ceremony;
mod door;
pub mod http;
mod id_token;
mod logout_token;
pub mod logouts;
pub mod pages;
mod provider;
pub mod store;

pub use provider::Provider;

use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;

use crate::config::Config;
use crate::db::SecurityKind;
use crate::error::AppError;

/// All that are configured.
#[derive(Default)]
pub struct Providers(Vec<Provider>);

impl Providers {
    /// Ready to be asked; asks nobody yet.
    pub fn of(config: &Config) -> Result<Providers, AppError> {
        if config.providers().next().is_none() {
            return Ok(Providers::default());
        }
        let client = http::client().map_err(|error| AppError::Internal(format!("no TLS for providers: {error}")))?;
        Ok(Providers(config.providers().map(|one| Provider::new(one.clone(), client.clone())).collect()))
    }

    /// The one that an address names.
    pub fn get(&self, key: &str) -> Result<&Provider, AppError> {
        self.0.iter().find(|provider| provider.settings.key == key).ok_or(AppError::NotFound)
    }

    /// Each, in the order of the settings.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }

    /// Key and name of each, for buttons.
    pub fn buttons(&self) -> Vec<(String, String)> {
        self.iter().map(|one| (one.settings.key.clone(), one.settings.name.clone())).collect()
    }
}

/// Why a provider's word is not taken.
#[derive(Debug)]
pub enum Fault {
    /// It does not answer, or not as it should. The text is for the log.
    Unreachable(String),
    /// It says that the person or it itself did not want to.
    Declined(String),
    /// What came does not hold.
    Bad { kind: SecurityKind, why: String },
}

impl Fault {
    fn token(why: impl Into<String>) -> Fault {
        Fault::Bad { kind: SecurityKind::AuthnProviderTokenFail, why: why.into() }
    }

    fn mix_up(why: impl Into<String>) -> Fault {
        Fault::Bad { kind: SecurityKind::AuthnProviderMixUp, why: why.into() }
    }
}

/// What tokens may be signed with: a key that the provider alone has. Neither nothing at all nor a secret that is shared
/// with us.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// How far the clocks of a provider and of this machine may be apart, in seconds.
const LEEWAY: i64 = 60;
