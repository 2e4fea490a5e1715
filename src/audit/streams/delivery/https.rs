//! Posting to an HTTPS endpoint, signed so that the receiver knows from whom it comes and when it was sent.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::redirect::Policy;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use crate::audit::streams::targets::Targets;
use crate::error::AppError;
use crate::token::hex;
use crate::web::outgoing;

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(20);

/// Posts, and follows nothing.
#[derive(Clone)]
pub struct Poster {
    client: reqwest::Client,
}

impl Poster {
    /// For where the settings allow.
    pub fn new(targets: &Targets) -> Result<Poster, AppError> {
        let tls = outgoing::tls().map_err(AppError::Internal)?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(targets.reach.clone()))
            // A proxy would resolve names by itself.
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("castellan/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| AppError::Internal(format!("no HTTP client for streams: {error}")))?;
        Ok(Poster { client })
    }

    /// Posts lines. Any answer of the two hundreds says that they arrived; what else it says is not read.
    pub async fn post(
        &self,
        url: Url,
        stream: Uuid,
        secrets: &[String],
        body: Vec<u8>,
        now: Timestamp,
    ) -> Result<(), String> {
        let (id, timestamp) = (id(stream, &body), now.as_second().to_string());
        let signatures: Vec<String> = secrets.iter().map(|secret| signature(secret, &id, &timestamp, &body)).collect();
        let request = self
            .client
            .post(url)
            .header("Content-Type", "application/x-ndjson")
            .header("X-Castellan-Id", id)
            .header("X-Castellan-Timestamp", timestamp)
            .header("X-Castellan-Signature", signatures.join(","))
            .body(body);
        let answer = request.send().await.map_err(|error| outgoing::spelled(&error.without_url()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => Err(format!("it answers {status}, and nobody is followed elsewhere")),
            status => Err(format!("it answers {status}")),
        }
    }
}

/// The same for the same lines, so that whoever gets them twice can tell.
fn id(stream: Uuid, body: &[u8]) -> String {
    let hash = Sha256::new_with_prefix(stream.as_bytes()).chain_update(body).finalize();
    hex(&hash[..16])
}

fn signature(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1={}", hex(&mac.finalize().into_bytes()))
}
