//! The session cookie. It holds a random token and nothing else; what the token is worth is in PostgreSQL and is
//! looked up for every request, so this store keeps nothing.

use std::collections::HashMap;

use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{SessionExt, SessionMiddleware};
use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use rand::Rng;
use sha2::{Digest, Sha256};

use crate::error::AppError;
use crate::web::context::Site;

/// Under which name the token lies in actix-session's state.
pub const TOKEN: &str = "token";

/// Hands the cookie's token through.
pub struct TokenCookie;

/// Signed-in people sign in again after this long.
pub const ABSOLUTE_HOURS: i64 = 12;

/// The middleware that reads and writes the cookie.
pub fn middleware(site: &Site) -> SessionMiddleware<TokenCookie> {
    let key = Key::derive_from(&site.secret.derive("cookie"));
    SessionMiddleware::builder(TokenCookie, key)
        // The prefix makes browsers refuse the cookie from anybody but this very host over TLS.
        .cookie_name(if site.secure { "__Host-castellan" } else { "castellan" }.to_owned())
        .cookie_secure(site.secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(PersistentSession::default().session_ttl(Duration::hours(ABSOLUTE_HOURS)))
        .build()
}

/// Gives the browser another token; the old cookie is worth nothing from the moment its row is changed.
pub fn renew(request: &HttpRequest, token: &str) -> Result<(), AppError> {
    let session = request.get_session();
    session.renew();
    session.insert(TOKEN, token).map_err(|error| AppError::Internal(error.to_string()))
}

/// 256 random bits.
pub fn new_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

/// What is stored of a token. It is random, so a bare hash cannot be found by trying.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl SessionStore for TokenCookie {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        let token = serde_json::Value::from(key.as_ref()).to_string();
        Ok(Some(HashMap::from([(TOKEN.to_owned(), token)])))
    }

    async fn save(&self, state: HashMap<String, String>, _: &Duration) -> Result<SessionKey, SaveError> {
        let token = state.get(TOKEN).map(String::as_str).unwrap_or("\"\"");
        let token: String = serde_json::from_str(token).map_err(|error| SaveError::Serialization(error.into()))?;
        SessionKey::try_from(token).map_err(|error| SaveError::Other(error.into()))
    }

    /// Never makes a session out of an ended one.
    async fn update(
        &self,
        key: SessionKey,
        _: HashMap<String, String>,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    /// Signing in and out have ended the row already, in their audited transactions.
    async fn delete(&self, _: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(())
    }
}
