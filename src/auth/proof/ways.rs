//! What a page that asks for a proof offers.

use actix_web::HttpRequest;
use actix_web::http::header::HOST;
use uuid::Uuid;

use crate::actor::{Can, Privilege};
use crate::auth::factors::model::Means;
use crate::auth::factors::store;
use crate::auth::passkeys::{self, Asked, Passkeys};
use crate::db::Db;
use crate::error::AppError;

/// The ways that are open to somebody: their second factors, or the password of who has none.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    pub means: Means,
    /// The question to the browser, for those who have a passkey.
    pub passkey: Option<Question>,
    /// Where passkeys work, when that is not here.
    pub elsewhere: Option<String>,
}

/// What the browser is asked.
#[derive(Debug, Clone)]
pub struct Question {
    pub ceremony: Uuid,
    pub options: String,
}

impl Ways {
    /// Those of a person, with a question of this session for their passkeys.
    pub async fn of<P: Privilege>(
        db: &Db,
        can: &Can<P>,
        request: &HttpRequest,
        passkeys: &Passkeys,
        (user_id, session_id): (Uuid, Uuid),
    ) -> Result<Ways, AppError> {
        let found = db.read(can, move |conn| Ok((store::means(conn, user_id)?, store::passkeys(conn, user_id)?)));
        let (means, known) = found.await?;
        if known.is_empty() {
            return Ok(Ways { means, ..Ways::default() });
        }
        if let Some(elsewhere) = passkeys.elsewhere(host(request)) {
            return Ok(Ways { means, elsewhere: Some(elsewhere), ..Ways::default() });
        }
        let known: Vec<_> = known.into_iter().map(|(_, kept)| kept).collect();
        let Asked { options, state } = passkeys.ask(&known)?;
        let keep = db.append(can, move |conn| passkeys::store::keep(conn, session_id, "assertion", &state));
        let passkey = Some(Question { ceremony: keep.await?, options });
        Ok(Ways { means, passkey, elsewhere: None })
    }
}

/// The host that the browser believes to be at.
pub fn host(request: &HttpRequest) -> &str {
    request.headers().get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
