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
use super::probing::{self, OutOfSequence};
use super::query::Pairs;
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

/// What a form named: ids in whatever fields, and slugs in those that take one in the place of an id.
#[derive(Debug, Clone, Default)]
pub struct Named {
    pub ids: Vec<Uuid>,
    pub slugs: Vec<String>,
}

/// Leaves the event of a request that was refused.
pub async fn refusal(response: &ServiceResponse<BoxBody>) {
    let error = response.response().error().and_then(|error| error.as_error::<AppError>());
    let (request, status) = (response.request(), response.status());
    let Some(db) = request.app_data::<Data<Db>>() else { return };
    let noted = match error.and_then(|error| said(error, request)) {
        // A form with an id of others is answered as one with an id of nothing, by whatever the form says then.
        None if status.is_client_error() => {
            let is_missing = matches!(error, Some(AppError::NotFound));
            outside(db, request, is_missing).await.or_else(|| probing::odd_input(request))
        }
        noted => noted,
    };
    let besides = if status.is_client_error() { probing::besides(request, status) } else { Vec::new() };
    for event in noted.into_iter().chain(besides).filter(|event| probing::is_news(request, event.kind)) {
        note(db, request, event).await;
    }
}

/// What a refusal is called, how bad it is, and why it was.
fn said(error: &AppError, request: &HttpRequest) -> Option<SecurityEvent> {
    use SecurityKind::*;
    let of = |kind, why: &str| Some(SecurityEvent::of(kind, json!({ "why": why })));
    // Nobody meant any harm.
    let by_chance = |why| of(AuthzFail, why).map(|event| SecurityEvent { severity: "info", ..event });
    match error {
        AppError::SignIn | AppError::SignInFirst(_) => {
            let skipped = request.extensions().get::<OutOfSequence>().copied()?;
            of(SequenceFail, skipped.0)
        }
        AppError::Forbidden(privilege) => of(AuthzFail, privilege),
        AppError::OwnerMustEnrol => by_chance("the owner of the token must add a second factor"),
        AppError::TokenReasonWanted => by_chance("a token without a reason for reading"),
        // It may just have ended under them.
        AppError::ActingOver => by_chance("acting for somebody else is over"),
        AppError::OnlyAsOneself => by_chance("only as oneself"),
        AppError::NotWhileImpersonating { is_look: true, .. } => {
            of(AuthzFail, "a change in an impersonation that only looks")
        }
        AppError::NotWhileImpersonating { .. } => of(AuthzFail, "closed while impersonating"),
        AppError::NotForTokens => of(AuthzFail, "a token where only people may go"),
        AppError::CrossSite(_) if request.method().is_safe() => of(MaliciousCors, "cross-site request"),
        AppError::CrossSite(_) => of(MaliciousCsrf, "cross-site request"),
        AppError::WrongType(_) => of(InputValidationFail, "a body of another type than forms have"),
        AppError::TooLarge(_) => of(InputValidationFail, "a body larger than any form"),
        AppError::Forged { what, .. } => of(InputValidationFail, what),
        AppError::TokenRefused { why: "rate, again", .. } => None,
        AppError::TokenRefused { why, token_id } => {
            let kind = match *why {
                "revoked" | "replaced" | "expired" => AuthnTokenReuse,
                "rate" => ExcessRateLimitExceeded,
                _ => AuthnTokenFail,
            };
            Some(SecurityEvent::of(kind, json!({ "why": why, "token_id": token_id })))
        }
        _ => None,
    }
}

async fn note(db: &Db, request: &HttpRequest, event: SecurityEvent) {
    let mut details = json!({ "method": request.method().as_str(), "path": token::without(request.path()) });
    if let (Value::Object(details), Value::Object(more)) = (&mut details, event.details) {
        details.extend(more);
    }
    let network_hash = request.app_data::<Data<Site>>().and_then(|site| site.network_hash(request));
    db.note_security(actor(request), SecurityEvent { network_hash, details, ..event }).await;
}

#[derive(Debug, Deserialize)]
struct Whereabouts {
    table: String,
    /// By which it was named, where that was no id.
    slug: Option<String>,
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
/// second look, outside of their policies, at what the form names, and at what the address does when it was not found.
async fn outside(db: &Db, request: &HttpRequest, is_missing: bool) -> Option<SecurityEvent> {
    let limits = request.extensions().get::<LimitedTo>().cloned()?;
    let mut named = request.extensions().get::<Named>().cloned().unwrap_or_default();
    if is_missing {
        named.add_address(request);
    }
    if named.ids.is_empty() && named.slugs.is_empty() {
        return None;
    }
    let Named { ids, slugs } = named;
    let found = db.ask(move |conn| Ok(diesel::select(whereabouts(ids, slugs)).get_result::<Value>(conn)?)).await;
    let found: Vec<Whereabouts> = match found.map(serde_json::from_value) {
        Ok(Ok(found)) => found,
        trouble => {
            tracing::error!(?trouble, "it cannot be told whether somebody left their scope");
            return None;
        }
    };
    let foreign = foreign(&found, &limits, actor(request).user_id)?;
    let details = json!({ "why": "outside of their scope", "table": foreign.table, "tenant_id": foreign.tenant_id });
    Some(SecurityEvent::of(SecurityKind::AuthzFail, details))
}

/// The first that is somebody else's. Several may have the same slug: it is foreign where none of them is one's own.
fn foreign<'w>(found: &'w [Whereabouts], limits: &LimitedTo, own: Option<Uuid>) -> Option<&'w Whereabouts> {
    let is_own = |row: &Whereabouts| !row.is_foreign(limits, own);
    found.iter().find(|row| match &row.slug {
        None => !is_own(row),
        slug => !found.iter().any(|other| other.slug == *slug && other.table == row.table && is_own(other)),
    })
}

impl Named {
    /// What the address names: ids, and the slug that may stand for the first of them.
    fn add_address(&mut self, request: &HttpRequest) {
        for (name, value) in request.match_info().iter() {
            match value.parse() {
                Ok(id) => self.ids.push(id),
                Err(_) if name == "id" && is_slug(value) => self.slugs.push(value.to_owned()),
                Err(_) => {}
            }
        }
    }

    /// What the fields of a form name; its own key is none of it. Nobody names more than a few.
    pub fn by(pairs: &Pairs, key: &str) -> Named {
        const MOST: usize = 100;
        let sent = || pairs.0.iter().filter(move |(name, _)| name != key).map(|(name, value)| (name, value.trim()));
        let slugs = sent().filter(|(name, value)| TAKING_SLUGS.contains(&name.as_str()) && is_slug(value));
        Named {
            ids: sent().filter_map(|(_, value)| value.parse().ok()).take(MOST).collect(),
            slugs: slugs.map(|(_, value)| value.to_owned()).take(MOST).collect(),
        }
    }
}

/// Fields in which people write the slug of what they mean, or its id.
const TAKING_SLUGS: [&str; 2] = ["tenant_id", "client_id"];

fn is_slug(text: &str) -> bool {
    let is_short = (2..=63).contains(&text.len()) && text.parse::<Uuid>().is_err();
    is_short && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
