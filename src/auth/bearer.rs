//! Whom an API token speaks for: one look-up per request, of token and authority together, as for a session.

use actix_web::HttpRequest;
use actix_web::web::Data;
use diesel::RunQueryDsl;
use serde::Deserialize;
use uuid::Uuid;

use crate::actor::Actor;
use crate::db::Db;
use crate::db::functions::token_authority;
use crate::error::AppError;
use crate::token;
use crate::web::context::{self, Site};

/// Why a token is refused, as `control.token_authority` spells it.
const REFUSALS: [&str; 8] = ["unknown", "revoked", "replaced", "expired", "owner", "network", "rate", "rate, again"];

#[derive(Deserialize)]
struct Authority {
    refusal: Option<String>,
    token_id: Option<Uuid>,
    user_id: Option<Uuid>,
    #[serde(default)]
    has_factor: bool,
    #[serde(default)]
    factor_wanted: bool,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    grants: Vec<String>,
}

/// The token's owner, with what both may do; else `TokenRefused`. The work is the same for a token that nobody has.
pub async fn look_up(db: &Db, sent: &str, request: &HttpRequest) -> Result<Actor, AppError> {
    let site = request.app_data::<Data<Site>>().expect("the app registers its site");
    let address = site.client_address(request).map(|address| address.to_string());
    let hash = token::hash(sent);
    let found: serde_json::Value =
        db.ask(move |conn| Ok(diesel::select(token_authority(hash.as_slice(), address)).get_result(conn)?)).await?;
    let found: Authority = serde_json::from_value(found).map_err(|error| AppError::Internal(error.to_string()))?;
    match (found.refusal, found.token_id, found.user_id) {
        (None, Some(token_id), Some(user_id)) => {
            let mut actor = Actor::token(token_id, user_id, context::request_id(request), &found.grants, &found.scopes);
            actor.must_enrol = found.factor_wanted || (site.secure && !found.has_factor);
            Ok(actor)
        }
        (refusal, token_id, _) => {
            let why = REFUSALS.into_iter().find(|why| refusal.as_deref() == Some(*why)).unwrap_or("unknown");
            Err(AppError::TokenRefused { why, token_id })
        }
    }
}
