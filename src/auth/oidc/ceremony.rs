//! What is kept of a browser that was sent to a provider, until it comes back; and the cookie by which it is known again
//! while nobody is signed in.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::cookie;
use crate::web::context::Context;

/// How long a browser may take.
pub const MINUTES: i64 = 10;

/// What its answer has to fit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ceremony {
    /// The key of the provider that was asked.
    pub provider: String,
    pub nonce: String,
    /// Proves to the provider that the code is ours (PKCE).
    pub verifier: String,
    pub redirect_uri: String,
    /// Where the person was going.
    pub return_to: Option<String>,
    /// The device's mark, which no other site's page lets come along.
    pub device: Option<Uuid>,
    /// Where it was sent from, to count.
    pub network: Option<String>,
}

/// An identity that somebody has proven and not yet linked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Candidate {
    pub provider: String,
    pub issuer: String,
    pub subject: String,
    pub label: String,
}

/// The prefix makes browsers refuse the cookie from anybody but this very host over TLS.
fn name(context: &Context) -> &'static str {
    if context.site().secure { "__Host-castellan-oidc" } else { "castellan-oidc" }
}

/// The mark of this browser, if it has one.
pub fn browser(context: &Context, request: &HttpRequest) -> Option<String> {
    let kept = request.cookie(name(context))?;
    Some(kept.value().to_owned()).filter(|mark| mark.len() == cookie::new_token().len())
}

/// Marks a browser for the time that it is away. The answer is another site's link, so that a stricter cookie would
/// not come along.
pub fn mark(context: &Context, mark: String) -> Cookie<'static> {
    Cookie::build(name(context), mark)
        .path("/")
        .http_only(true)
        .secure(context.site().secure)
        .same_site(SameSite::Lax)
        .max_age(Duration::minutes(MINUTES))
        .finish()
}
