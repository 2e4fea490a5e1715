//! What goes wrong on the way through a provider: what people are told, what is noted, and what is counted.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use uuid::Uuid;

use super::ceremony::Ceremony;
use super::{Fault, Provider, store};
use crate::actor::{Actor, Can};
use crate::auth::sign_in::pages::{self as sign_in, origin};
use crate::auth::sign_in::store::note_failure;
use crate::auth::{SignIn, identities};
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::page::see_other;

const REFUSED: &str = "The answer does not hold, so that nobody was signed in. Begin again.";

/// What every answer of these pages needs.
pub struct Door<'r> {
    pub can: &'r Can<SignIn>,
    pub context: &'r Context,
    pub request: &'r HttpRequest,
    pub db: &'r Db,
    pub provider: &'r Provider,
}

impl Door<'_> {
    /// Says what went wrong, and leaves it where it is read.
    pub async fn refuse(
        &self,
        fault: Fault,
        return_to: Option<String>,
        asked: Option<&Ceremony>,
    ) -> Result<HttpResponse, AppError> {
        let (message, status) = self.explain(fault, asked).await?;
        self.show(&message, return_to, status)
    }

    /// The same for somebody who is signed in.
    pub async fn refuse_link(&self, fault: Fault) -> Result<HttpResponse, AppError> {
        let (message, _) = self.explain(fault, None).await?;
        Ok(see_other(identities::PATH, Flash::warn(message)))
    }

    async fn explain(&self, fault: Fault, asked: Option<&Ceremony>) -> Result<(String, StatusCode), AppError> {
        let name = &self.provider.settings.name;
        Ok(match fault {
            Fault::Unreachable(why) => {
                tracing::warn!(provider = self.provider.settings.key, why, "a sign-in failed at its provider");
                let message = format!("{name} cannot be reached now. Sign in another way, or try again in a moment.");
                (message, StatusCode::SERVICE_UNAVAILABLE)
            }
            Fault::Declined(why) => {
                tracing::info!(provider = self.provider.settings.key, why, "a provider said no");
                (
                    format!("{name} did not sign you in. Try again, or sign in another way."),
                    StatusCode::UNPROCESSABLE_ENTITY,
                )
            }
            Fault::Bad { kind, why } => {
                self.note(kind, &why).await;
                if let Some(asked) = asked {
                    self.count_failure(asked, "wrong_token", None).await?;
                }
                (REFUSED.to_owned(), StatusCode::UNPROCESSABLE_ENTITY)
            }
        })
    }

    /// Counted against the network that it came from.
    pub async fn count_failure(
        &self,
        asked: &Ceremony,
        outcome: &'static str,
        user_id: Option<Uuid>,
    ) -> Result<(), AppError> {
        let counter = format!("identity at {}", asked.provider);
        let mut origin = origin(self.context, self.request, &counter);
        origin.device_id = asked.device.or(origin.device_id);
        // The counter is of everybody who comes from there, so that its limit is nobody's own.
        self.db.append(self.can, move |conn| note_failure(conn, &origin, user_id, outcome)).await.map(drop)
    }

    /// Leaves it where it is read.
    pub async fn note(&self, kind: SecurityKind, why: &str) {
        let event = SecurityEvent::of(kind, json!({ "provider": self.provider.settings.key, "outcome": why }))
            .from_network(self.context.site().network_hash(self.request));
        let actor: Arc<Actor> = self.can.actor().clone();
        self.db.note_security(actor, event).await;
    }

    /// The answer to a network that sends too many.
    pub async fn throttled(&self) -> Result<Option<HttpResponse>, AppError> {
        let network = self.context.site().network_hash(self.request);
        let wait = self.db.read(self.can, move |conn| store::wait(conn, network.as_deref())).await?;
        if wait == 0 {
            return Ok(None);
        }
        self.note(SecurityKind::ExcessRateLimitExceeded, "throttled").await;
        let message = format!("Too many tries from your network. Wait {}, then try again.", filters::seconds(wait));
        let mut answer = self.show(&message, self.context.return_to(), StatusCode::TOO_MANY_REQUESTS)?;
        answer.headers_mut().insert("retry-after".parse().expect("a header name"), wait.into());
        Ok(Some(answer))
    }

    /// The sign-in page with a sentence.
    pub fn show(&self, message: &str, return_to: Option<String>, status: StatusCode) -> Result<HttpResponse, AppError> {
        sign_in::problem(self.context, message, return_to, status)
    }
}
