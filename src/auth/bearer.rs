//! Whom an API token speaks for: one look-up per request, of token and authority together, as for a session.

use actix_web::HttpRequest;
use actix_web::web::Data;
use diesel::RunQueryDsl;
use serde::Deserialize;
use uuid::Uuid;

use super::read_reason::forms;
use crate::actor::{Actor, ReadReason};
use crate::db::functions::token_authority;
use crate::db::{Db, Json};
use crate::error::AppError;
use crate::token;
use crate::web::context::{self, Site};

/// Why a token is refused, as `control.token_authority` spells it.
const REFUSALS: [&str; 8] = ["unknown", "revoked", "replaced", "expired", "owner", "network", "rate", "rate, again"];

#[derive(Debug, Deserialize)]
struct Authority {
    refusal: Option<String>,
    token_id: Option<Uuid>,
    user_id: Option<Uuid>,
    #[serde(default)]
    has_factor: bool,
    #[serde(default)]
    factor_wanted: bool,
    #[serde(default)]
    reason_wanted: bool,
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
    let Json(found): Json<Authority> =
        db.ask(move |conn| Ok(diesel::select(token_authority(hash.as_slice(), address)).get_result(conn)?)).await?;
    match (found.refusal, found.token_id, found.user_id) {
        (None, Some(token_id), Some(user_id)) => {
            let mut actor = Actor::token(token_id, user_id, context::request_id(request), &found.grants, &found.scopes);
            actor.must_enrol = found.factor_wanted || (site.secure && !found.has_factor);
            actor.reading.asks_reason = found.reason_wanted;
            actor.reading.reason = reason_of(request)?;
            Ok(actor)
        }
        (refusal, token_id, _) => {
            let why = REFUSALS.into_iter().find(|why| refusal.as_deref() == Some(*why)).unwrap_or("unknown");
            Err(AppError::TokenRefused { why, token_id })
        }
    }
}

/// Why a program reads: the code, and beside it a ticket.
const REASON: &str = "X-Castellan-Reason";
const TICKET: &str = "X-Castellan-Ticket";

/// What a program says of its reads, which it says again with each of them.
fn reason_of(request: &HttpRequest) -> Result<Option<ReadReason>, AppError> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("\0").trim().to_owned());
    let Some(code) = header(REASON) else { return Ok(None) };
    let ticket = header(TICKET).filter(|ticket| !ticket.is_empty());
    let problem = |name: &str, problem: String| AppError::BadRequest(format!("{name} {problem}."));
    forms::check_code(&code).map_err(|said| problem(REASON, said))?;
    forms::check_ticket(ticket.as_deref().unwrap_or_default()).map_err(|said| problem(TICKET, said))?;
    Ok(Some(ReadReason { code, ticket, until: None }))
}
