//! The token with which a provider says that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0). The
//! library has no type for it, so that its claims are looked at here; its signature is looked at by the library.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm as Algorithm};
use openidconnect::{JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyUse, JwsSigningAlgorithm};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::provider::{Known, Provider};
use super::{ALGORITHMS, Fault, LEEWAY};

/// Whom it is about: one session of the provider's, or all of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logout {
    pub issuer: String,
    pub sid: Option<String>,
    pub subject: Option<String>,
    /// Its own id, which counts once.
    pub id: String,
}

/// How old a token may be, in seconds. Ids are remembered for longer.
const OLDEST: i64 = 600;
const LONGEST: usize = 255;
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    iat: f64,
    exp: Option<f64>,
    jti: String,
    events: Map<String, Value>,
    sid: Option<String>,
    sub: Option<String>,
    nonce: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn contains(&self, client_id: &str) -> bool {
        match self {
            Audience::One(one) => one == client_id,
            Audience::Many(many) => many.iter().any(|one| one == client_id),
        }
    }
}

impl Provider {
    /// What a logout token says, if it is this provider's and for us.
    pub async fn logout(&self, token: &str) -> Result<Logout, Fault> {
        let known = self.known().await?;
        let claims = match signed(token, &known) {
            Err(Unfit::UnknownKey) => signed(token, &self.known_anew(&known).await?),
            looked_at => looked_at,
        };
        let claims = claims.map_err(|unfit| Fault::token(unfit.why()))?;
        self.about(claims, jiff::Timestamp::now().as_second())
    }

    fn about(&self, claims: Claims, now: i64) -> Result<Logout, Fault> {
        if claims.iss != self.settings.issuer {
            return Err(Fault::mix_up("the logout is of another issuer"));
        }
        let now = now as f64;
        let (leeway, oldest) = (LEEWAY as f64, OLDEST as f64);
        let too_long = |text: &str| text.is_empty() || text.chars().count() > LONGEST || text.contains('\0');
        let texts = [claims.sid.as_deref(), claims.sub.as_deref(), Some(claims.jti.as_str())];
        let why = match () {
            () if !claims.aud.contains(&self.settings.client_id) => "another audience",
            () if claims.iat > now + leeway || claims.iat < now - oldest => "too old or from the future",
            () if claims.exp.is_some_and(|exp| exp < now - leeway) => "expired",
            () if !claims.events.get(EVENT).is_some_and(Value::is_object) => "not about a logout",
            () if claims.nonce.is_some() => "a nonce, which is of a sign-in",
            () if claims.sid.is_none() && claims.sub.is_none() => "about nobody",
            () if texts.into_iter().flatten().any(too_long) => "a name that is no such thing",
            () => {
                let Claims { iss: issuer, sid, sub: subject, jti: id, .. } = claims;
                return Ok(Logout { issuer, sid, subject, id });
            }
        };
        Err(Fault::token(why))
    }
}

enum Unfit {
    Unreadable,
    Unsigned,
    UnknownKey,
    Forged,
}

impl Unfit {
    fn why(self) -> &'static str {
        match self {
            Unfit::Unreadable => "no token that can be read",
            Unfit::Unsigned => "signed in a way that is not taken",
            Unfit::UnknownKey => "signed with an unknown key",
            Unfit::Forged => "the signature does not fit",
        }
    }
}

/// The claims of a token that the provider signed.
fn signed(token: &str, known: &Arc<Known>) -> Result<Claims, Unfit> {
    let (message, signature) = token.rsplit_once('.').ok_or(Unfit::Unreadable)?;
    let (header, claims) = message.split_once('.').ok_or(Unfit::Unreadable)?;
    let header: Header = part(header)?;
    let typed = header.typ.as_deref().is_none_or(|typ| {
        let typ = typ.to_ascii_lowercase();
        ["jwt", "logout+jwt"].contains(&typ.trim_start_matches("application/"))
    });
    if !typed || header.crit.is_some() {
        return Err(Unfit::Unreadable);
    }
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Unfit::Unsigned);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Unfit::Unreadable)?;
    let mut keys = known.keys.keys().iter().filter(|key| may_sign(key, &header)).peekable();
    if keys.peek().is_none() {
        return Err(Unfit::UnknownKey);
    }
    let fits = keys.any(|key| key.verify_signature(&header.alg, message.as_bytes(), &signature).is_ok());
    if fits { part(claims) } else { Err(Unfit::Forged) }
}

fn may_sign(key: &CoreJsonWebKey, header: &Header) -> bool {
    let named = header.kid.as_deref().is_none_or(|kid| key.key_id().is_none_or(|id| id.as_str() == kid));
    let is_for_it = match key.signing_alg() {
        JsonWebKeyAlgorithm::Algorithm(alg) => *alg == header.alg,
        JsonWebKeyAlgorithm::Unspecified => true,
        JsonWebKeyAlgorithm::Unsupported => false,
    };
    let signs = key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
    named && is_for_it && signs && header.alg.key_type().as_ref() == Some(key.key_type())
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, Unfit> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unfit::Unreadable)?;
    serde_json::from_slice(&bytes).map_err(|_| Unfit::Unreadable)
}
