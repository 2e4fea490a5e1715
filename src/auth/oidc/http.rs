//! How identity providers are asked: no redirects, a few seconds, answers of a sane size, and TLS everywhere but on the
//! machine of somebody who develops. What is asked for stands in a provider's own metadata, so that each address is
//! looked at.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::http::{Response, StatusCode};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;

use crate::config::oidc::is_trusted_way;
use crate::web::outgoing;

const CONNECT: Duration = Duration::from_secs(3);
const WHOLE: Duration = Duration::from_secs(8);
/// The longest answer that is read, in bytes; key sets have a few thousand.
const LONGEST: usize = 256 * 1024;

/// A client for one provider.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    /// Whether this machine may be asked without TLS.
    plain: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{0}")]
    Transport(#[from] reqwest::Error),
    #[error("the answer is longer than {LONGEST} bytes")]
    TooLong,
    #[error("it answers {0}")]
    Down(StatusCode),
    #[error("{0} is not asked, since it is not https")]
    Untrusted(String),
    #[error("{0}")]
    Unreadable(#[from] openidconnect::http::Error),
}

/// What all providers share: connections trust what the system trusts.
pub fn client() -> Result<reqwest::Client, String> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(outgoing::tls()?)
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        // Each thread has a runtime of its own, in which a connection that another one opened would stop.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("castellan/", env!("CARGO_PKG_VERSION")))
        .build();
    client.map_err(|error| error.to_string())
}

impl Http {
    pub fn new(client: reqwest::Client, plain: bool) -> Http {
        Http { client, plain }
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request: reqwest::Request = request.try_into()?;
        if !is_trusted_way(request.url(), self.plain) {
            return Err(HttpError::Untrusted(request.url().origin().ascii_serialization()));
        }
        let mut answer = self.client.execute(request).await?;
        if answer.status().is_server_error() {
            return Err(HttpError::Down(answer.status()));
        }
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > LONGEST {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
