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

/// The scope under which a request was let in to its handler, if that is not everything.
pub struct LimitedTo(pub Scope);

/// Leaves the event of a request that was refused.
pub async fn refusal(response: &ServiceResponse<BoxBody>) {
    let error = response.response().error().and_then(|error| error.as_error::<AppError>());
    let request = response.request();
    let Some(error) = error else { return };
    let Some(db) = request.app_data::<Data<Db>>() else { return };
    let noted = match error {
        AppError::NotFound => outside(db, request).await,
        error => kind(error),
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
        AppError::ActingOver => said(AuthzFail, "warning", "acting for somebody else is over"),
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
}

/// Whether something was not found because it belongs to others. Only those with a scope are asked about, and only
/// after a 404: a second look at the ids in the address, outside of their policies.
async fn outside(db: &Db, request: &HttpRequest) -> Option<(SecurityKind, &'static str, Value)> {
    let ids: Vec<Uuid> = request.match_info().iter().filter_map(|(_, value)| value.parse().ok()).collect();
    let scope = request.extensions().get::<LimitedTo>().map(|limited| limited.0.clone())?;
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
    let foreign = found.into_iter().find(|row| !scope.covers(row.tenant_id, row.client_id))?;
    let details = json!({ "why": "outside of their scope", "table": foreign.table, "tenant_id": foreign.tenant_id });
    Some((SecurityKind::AuthzFail, "warning", details))
}
