//! `POST /sign-in/oidc/{key}/logout`: a provider says that somebody has signed out there, and their sessions here end.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER};
use actix_web::web::{Data, Path};
use serde_json::json;

use super::logout_token::Logout;
use super::{Fault, Provider, Providers, store};
use crate::action::Action;
use crate::actor::{Can, Needs, Privilege};
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::form::Form;

/// Needed by a provider to end sessions; its token says who it is, so that it comes from no page of ours.
pub struct EndSessions;

impl Privilege for EndSessions {
    const NAME: &'static str = "account.end_by_provider";
    const DESCRIPTION: &'static str = "End the sessions of who has signed out at their identity provider";
    const NEEDS: Needs = Needs::Nothing;
    const FROM_ELSEWHERE: bool = true;
}

pub async fn logout(
    can: Can<EndSessions>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    (providers, key): (Data<Providers>, Path<String>),
    form: Form,
) -> Result<HttpResponse, AppError> {
    let provider = providers.get(&key)?;
    let done = match provider.logout(form.get("logout_token")).await {
        Ok(logout) => end(&can, &db, provider, logout).await?,
        Err(fault) => Err(fault),
    };
    let (kind, why) = match done {
        Ok(()) => return Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).finish()),
        Err(Fault::Bad { kind, why }) => (kind, why),
        Err(Fault::Unreachable(why) | Fault::Declined(why)) => {
            tracing::warn!(provider = *key, why, "a logout cannot be looked at");
            return Ok(HttpResponse::ServiceUnavailable()
                .insert_header((CACHE_CONTROL, "no-store"))
                .insert_header((RETRY_AFTER, "10"))
                .json(json!({ "error": "temporarily_unavailable" })));
        }
    };
    let event = SecurityEvent::of(kind, json!({ "provider": *key, "of": "logout", "why": why }))
        .from_network(context.site().network_hash(&request));
    db.note_security(can.actor().clone(), event).await;
    Ok(HttpResponse::BadRequest()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "error": "invalid_request", "error_description": why })))
}

async fn end(
    can: &Can<EndSessions>,
    db: &Db,
    provider: &Provider,
    logout: Logout,
) -> Result<Result<(), Fault>, AppError> {
    let by = if logout.sid.is_some() { "session" } else { "person" };
    let action = Action::general("session.end_by_provider", "session")
        .details(json!({ "provider": provider.settings.key, "by": by }));
    let ended = db.write(can, action, move |tx| {
        // Undone with its event when it came before.
        store::end_sessions(tx, &logout)?.ok_or_else(|| AppError::Conflict("the logout came before".into()))
    });
    match ended.await {
        Ok(_) => Ok(Ok(())),
        Err(AppError::Conflict(why)) => Ok(Err(Fault::Bad { kind: SecurityKind::AuthnProviderReplay, why })),
        Err(error) => Err(error),
    }
}
