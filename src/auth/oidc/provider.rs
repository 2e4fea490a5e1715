//! One identity provider: what it says of itself, its keys, and how both are kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, DiscoveryError, IssuerUrl, JsonWebKeySet, JsonWebKeySetUrl, ProviderMetadata,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::Fault;
use super::http::{Http, HttpError};
use crate::config::oidc::ProviderSettings;

/// How long metadata and keys are believed.
const FRESH: Duration = Duration::from_secs(3600);
/// How long they are believed while the provider does not answer.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// How long a provider that did not answer is left alone, so that not everybody waits for it.
const PAUSE: Duration = Duration::from_secs(5);
/// How often keys are fetched anew because a token names an unknown one; anybody can send such tokens.
const FLOOR: Duration = Duration::from_secs(30);

/// What the library does not know of metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Additional {
    /// Whether each answer names its issuer (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Additional {}

pub type Metadata = ProviderMetadata<
    Additional,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A provider that people may sign in with. Nothing is asked of it before somebody wants to.
pub struct Provider {
    pub settings: ProviderSettings,
    pub(super) http: Http,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    known: Option<Arc<Known>>,
    failed: Option<Instant>,
}

/// What a provider says of itself.
pub struct Known {
    pub metadata: Metadata,
    pub keys: CoreJsonWebKeySet,
    since: Instant,
    /// When keys were fetched once more, because a token named an unknown one.
    keys_again: Option<Instant>,
}

impl Provider {
    pub fn new(settings: ProviderSettings, client: reqwest::Client) -> Provider {
        let http = Http::new(client, settings.is_plain());
        Provider { settings, http, kept: Mutex::default() }
    }

    /// Metadata and keys, from memory or fetched. One request fetches while others wait for it.
    pub async fn known(&self) -> Result<Arc<Known>, Fault> {
        let mut kept = self.kept.lock().await;
        if let Some(known) = kept.known.as_ref().filter(|known| known.since.elapsed() < FRESH) {
            return Ok(known.clone());
        }
        let spare = kept.known.clone().filter(|known| known.since.elapsed() < STALE);
        if kept.failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return spare.ok_or_else(|| Fault::Unreachable("it did not answer a moment ago".into()));
        }
        match self.fetch().await {
            Ok(known) => {
                let known = Arc::new(known);
                *kept = Kept { known: Some(known.clone()), failed: None };
                Ok(known)
            }
            Err(why) => {
                tracing::warn!(provider = self.settings.key, why, "an identity provider cannot be asked");
                kept.failed = Some(Instant::now());
                spare.ok_or(Fault::Unreachable(why))
            }
        }
    }

    /// The keys again, for a token that was signed with another than those known; the same when they were fetched just
    /// now.
    pub async fn known_anew(&self, old: &Arc<Known>) -> Result<Arc<Known>, Fault> {
        let mut kept = self.kept.lock().await;
        let current = kept.known.clone().unwrap_or_else(|| old.clone());
        let was_just_now = current.keys_again.is_some_and(|at| at.elapsed() < FLOOR);
        let is_down = kept.failed.is_some_and(|at| at.elapsed() < PAUSE);
        if !Arc::ptr_eq(&current, old) || was_just_now || is_down {
            return Ok(current);
        }
        let url = current.metadata.jwks_uri();
        let keys = match self.fetch_keys(url).await {
            Ok(keys) => keys,
            Err(error) => {
                kept.failed = Some(Instant::now());
                return Err(Fault::Unreachable(in_words(error)));
            }
        };
        let metadata = current.metadata.clone();
        let known = Arc::new(Known { metadata, keys, since: current.since, keys_again: Some(Instant::now()) });
        kept.known = Some(known.clone());
        Ok(known)
    }

    async fn fetch(&self) -> Result<Known, String> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| error.to_string())?;
        let metadata = Metadata::discover_async(issuer, &self.http).await.map_err(in_words)?;
        let keys = metadata.jwks().clone();
        Ok(Known { metadata, keys, since: Instant::now(), keys_again: None })
    }

    async fn fetch_keys(&self, url: &JsonWebKeySetUrl) -> Result<CoreJsonWebKeySet, DiscoveryError<HttpError>> {
        JsonWebKeySet::fetch_async(url, &self.http).await
    }
}

/// Without the answer itself, which may be anything.
fn in_words(error: DiscoveryError<HttpError>) -> String {
    match error {
        DiscoveryError::Request(HttpError::Transport(error)) if error.is_timeout() => "it does not answer".into(),
        DiscoveryError::Request(HttpError::Transport(error)) if error.is_connect() => "it cannot be reached".into(),
        DiscoveryError::Request(error) => error.to_string(),
        DiscoveryError::Response(status, ..) => format!("it answers {status}"),
        DiscoveryError::Validation(_) => "its metadata are of another issuer".into(),
        DiscoveryError::Parse(error) => format!("its metadata cannot be read: {error}"),
        other => other.to_string(),
    }
}
