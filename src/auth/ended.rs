//! Cookies of sessions that have ended. The browser keeps such a cookie for hours, so that it is told of once.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;
use diesel::RunQueryDsl;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::cookie::ABSOLUTE_HOURS;
use crate::actor::Actor;
use crate::db::functions::ended_session;
use crate::db::{Db, Json, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::web::context::{self, Site};
use crate::web::repeats::Repeats;

const KIND: SecurityKind = SecurityKind::SessionUseAfterExpire;
/// No cookie is older.
const LASTS: Duration = Duration::from_secs(ABSOLUTE_HOURS as u64 * 3600);

#[derive(Debug, Deserialize)]
struct Ended {
    session_id: Uuid,
    user_id: Uuid,
    /// Somebody ended it, and it did not just run out.
    was_ended: bool,
    why: String,
}

/// Notes that the session with this token was used after its end, the first time that this process sees it.
pub async fn note(db: &Db, token_hash: [u8; 32], request: &HttpRequest) {
    let repeats = request.app_data::<Data<Repeats>>().expect("the app registers what repeats itself");
    if !repeats.begins(KIND, &token_hash, 1, LASTS) {
        return;
    }
    match find(db, token_hash).await {
        Ok(Some(ended)) => write(db, ended, request).await,
        // The cookie is signed with our key, so that its session was there once.
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "it cannot be told which ended session was used"),
    }
}

async fn find(db: &Db, token_hash: [u8; 32]) -> Result<Option<Ended>, AppError> {
    let found: Option<Json<Ended>> =
        db.ask(move |conn| Ok(diesel::select(ended_session(token_hash.as_slice())).get_result(conn)?)).await?;
    Ok(found.map(|Json(ended)| ended))
}

/// Whoever sent the cookie is nobody, and it is worth a look where its session was ended on purpose: then it may be a stolen one.
async fn write(db: &Db, ended: Ended, request: &HttpRequest) {
    let site = request.app_data::<Data<Site>>().expect("the app registers its site");
    let details = json!({ "ended_session_id": ended.session_id, "user_id": ended.user_id, "why": ended.why });
    let event = SecurityEvent::of(KIND, details).from_network(site.network_hash(request));
    let event = if ended.was_ended { event } else { SecurityEvent { severity: "info", ..event } };
    db.note_security(Actor::anonymous(context::request_id(request)).into(), event).await;
}
