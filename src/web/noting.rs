//! Refusals become security events, here and once, whatever route they come from.

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::web::Data;
use diesel::RunQueryDsl;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::context::{Site, actor};
use crate::actor::Scope;
use crate::db::functions::whereabouts;
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::token;

/// What a request that was let in to its handler may reach, if that is not everything.
#[derive(Clone)]
pub enum LimitedTo {
    /// Rows of these tenants and clients.
    Rows(Scope),
    /// What belongs to this person.
    Own(Uuid),
}

/// Ids that a form named, in whatever fields.
pub struct Named(pub Vec<Uuid>);

/// Leaves the event of a request that was refused.
pub async fn refusal(response: &ServiceResponse<BoxBody>) {
    let error = response.response().error().and_then(|error| error.as_error::<AppError>());
    let request = response.request();
    let Some(db) = request.app_data::<Data<Db>>() else { return };
    let noted = match error.and_then(kind) {
        // A form with an id of others is answered as one with an id of nothing, by whatever the form says then.
        None if response.status().is_client_error() => {
            let is_missing = matches!(error, Some(AppError::NotFound));
            outside(db, request, is_missing).await
        }
        noted => noted,
    };
    if let Some((kind, severity, more)) = noted {
        note(db, request, kind, severity, more).await;
    }
}

/// What a refusal is called, how bad it is, and why it was.
fn kind(error: &AppError) -> Option<(SecurityKind, &'static str, Value)> {
    use SecurityKind::*;
    let said = |kind, severity, why: &str| Some((kind, severity, json!({ "why": why })));
    match error {
        AppError::Forbidden(privilege) => said(AuthzFail, "warning", privilege),
        AppError::OwnerMustEnrol => said(AuthzFail, "info", "the owner of the token must add a second factor"),
        AppError::TokenReasonWanted => said(AuthzFail, "info", "a token without a reason for reading"),
        // It may just have ended under them.
        AppError::ActingOver => said(AuthzFail, "info", "acting for somebody else is over"),
        AppError::OnlyAsOneself => said(AuthzFail, "info", "only as oneself"),
        AppError::NotWhileImpersonating { is_look: true, .. } => {
            said(AuthzFail, "warning", "a change in an impersonation that only looks")
        }
        AppError::NotWhileImpersonating { .. } => said(AuthzFail, "warning", "closed while impersonating"),
        AppError::NotForTokens => said(AuthzFail, "warning", "a token where only people may go"),
        AppError::CrossSite(_) => said(MaliciousCsrf, "warning", "cross-site request"),
        AppError::WrongType(_) => said(InputValidationFail, "info", "a body of another type than forms have"),
        AppError::TooLarge(_) => said(InputValidationFail, "info", "a body larger than any form"),
        AppError::TokenRefused { why: "rate, again", .. } => None,
        AppError::TokenRefused { why, token_id } => {
            let kind = match *why {
                "revoked" | "replaced" | "expired" => AuthnTokenReuse,
                "rate" => ExcessRateLimitExceeded,
                _ => AuthnTokenFail,
            };
            Some((kind, "warning", json!({ "why": why, "token_id": token_id })))
        }
        _ => None,
    }
}

async fn note(db: &Db, request: &HttpRequest, kind: SecurityKind, severity: &'static str, more: Value) {
    let mut details = json!({ "method": request.method().as_str(), "path": token::without(request.path()) });
    if let (Value::Object(details), Value::Object(more)) = (&mut details, more) {
        details.extend(more);
    }
    let network_hash = request.app_data::<Data<Site>>().and_then(|site| site.network_hash(request));
    db.note_security(actor(request), SecurityEvent { kind, severity, network_hash, details }).await;
}

#[derive(Debug, Deserialize)]
struct Whereabouts {
    table: String,
    tenant_id: Option<Uuid>,
    client_id: Option<Uuid>,
    /// Whose it is, of what people have themselves.
    user_id: Option<Uuid>,
    /// Where that person belongs.
    #[serde(default)]
    tenant_ids: Vec<Uuid>,
}

impl Whereabouts {
    fn is_foreign(&self, limits: &LimitedTo, actor: Option<Uuid>) -> bool {
        match (limits, self.user_id) {
            (LimitedTo::Own(own), user_id) => user_id.is_some_and(|id| id != *own),
            (LimitedTo::Rows(scope), Some(_)) => {
                self.user_id != actor && !self.tenant_ids.iter().any(|id| scope.covers(Some(*id), None))
            }
            (LimitedTo::Rows(scope), None) if self.table == "tenants" => {
                !self.tenant_id.is_some_and(|id| scope.covers_tenant(id))
            }
            (LimitedTo::Rows(scope), None) => !scope.covers(self.tenant_id, self.client_id),
        }
    }
}

/// Whether a request was refused because it names what belongs to others. Only those with limits are asked about: a
/// second look, outside of their policies, at the ids in the form, and at those in the address when it was not found.
async fn outside(db: &Db, request: &HttpRequest, is_missing: bool) -> Option<(SecurityKind, &'static str, Value)> {
    let limits = request.extensions().get::<LimitedTo>().cloned()?;
    let mut ids: Vec<Uuid> = match is_missing {
        true => request.match_info().iter().filter_map(|(_, value)| value.parse().ok()).collect(),
        false => Vec::new(),
    };
    ids.extend(request.extensions().get::<Named>().into_iter().flat_map(|named| &named.0));
    if ids.is_empty() {
        return None;
    }
    let found = db.ask(move |conn| Ok(diesel::select(whereabouts(ids)).get_result::<Value>(conn)?)).await;
    let found: Vec<Whereabouts> = match found.map(serde_json::from_value) {
        Ok(Ok(found)) => found,
        trouble => {
            tracing::error!(?trouble, "it cannot be told whether somebody left their scope");
            return None;
        }
    };
    let own = actor(request).user_id;
    let foreign = found.into_iter().find(|row| row.is_foreign(&limits, own))?;
    let details = json!({ "why": "outside of their scope", "table": foreign.table, "tenant_id": foreign.tenant_id });
    Some((SecurityKind::AuthzFail, "warning", details))
}
