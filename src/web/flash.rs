//! A notice that survives one redirect, in a short-lived cookie.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Name of the cookie.
pub const COOKIE: &str = "flash";

/// What happened, in one sentence. Shown as text, whoever wrote the cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// `ok`, `warn` or `bad`.
    pub kind: &'static str,
    pub text: String,
}

impl Flash {
    /// Something worked.
    pub fn ok(text: impl Into<String>) -> Flash {
        Flash { kind: "ok", text: text.into() }
    }

    /// Something needs a look.
    pub fn warn(text: impl Into<String>) -> Flash {
        Flash { kind: "warn", text: text.into() }
    }

    pub(super) fn decode(text: &str) -> Option<Flash> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (kind, text) = text.split_once(' ')?;
        let kind = ["ok", "warn", "bad"].into_iter().find(|known| *known == kind)?;
        Some(Flash { kind, text: text.chars().take(300).collect() })
    }

    /// The cookie that carries it to the next page.
    pub fn cookie(&self) -> Cookie<'static> {
        let text = URL_SAFE_NO_PAD.encode(format!("{} {}", self.kind, self.text));
        Cookie::build(COOKIE, text)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::minutes(1))
            .finish()
    }
}
