//! Finds out who asks: one look-up per request, of session and authority together, never from the cookie.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use actix_session::SessionExt;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use diesel::RunQueryDsl;
use serde::Deserialize;
use uuid::Uuid;

use super::{bearer, cookie, ended, uses};
use crate::actor::{About, ActingFor, Actor, Can, HalfSession, Needs, Privilege, ReadReason, Scope};
use crate::db::functions::session_authority;
use crate::db::{Db, Json};
use crate::error::AppError;
use crate::token;
use crate::web::context::Site;
use crate::web::form::Form;
use crate::web::noting::LimitedTo;
use crate::web::probing::OutOfSequence;
use crate::web::query::Pairs;
use crate::web::{self, context};

#[derive(Debug, Deserialize)]
struct Authority {
    session_id: Uuid,
    user_id: Uuid,
    awaits: Option<String>,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    elevated_until: Option<jiff::Timestamp>,
    /// None where the session is not elevated.
    replaces_passkey: Option<bool>,
    #[serde(default)]
    has_factor: bool,
    #[serde(default)]
    factor_wanted: bool,
    acting_for: Option<ActingFor>,
    #[serde(default)]
    reason_wanted: bool,
    read_reason: Option<ReadReason>,
    #[serde(default)]
    grants: Vec<String>,
}

/// Middleware: puts the actor where [`Can`] and pages find it.
pub async fn identify(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match whoever_asks(&request).await {
        Ok(Some(actor)) if is_of_another_name(&request, &actor) => {
            return Ok(request.error_response(AppError::OtherName));
        }
        Ok(Some(mut actor)) => {
            actor.asked_for = asked_for(&request);
            request.extensions_mut().insert(Arc::new(actor));
        }
        Ok(None) => {}
        // As an answer, for an error would pass by the gate, which adds page and headers.
        Err(error) => return Ok(request.error_response(error)),
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Whether a part is asked for by a page that was made when the session acted in another name: it has another bar, or
/// none. Pages say it in a header, as `templates/base.html` tells htmx.
fn is_of_another_name(request: &ServiceRequest, actor: &Actor) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let now = actor.acting_for.as_ref().map(|acting| acting.id.to_string()).unwrap_or_default();
    request.method().is_safe() && header("HX-Request") == "true" && header("Acting-Under") != now
}

/// A program by its token, or a person by their cookie; never both.
async fn whoever_asks(request: &ServiceRequest) -> Result<Option<Actor>, AppError> {
    let db = request.app_data::<Data<Db>>().expect("the app registers its database");
    if let Some(sent) = web::bearer::of(request.headers()) {
        web::bearer::only_lists(request)?;
        return bearer::look_up(db, sent, request.request()).await.map(Some);
    }
    let token: Option<String> = request.get_session().get(cookie::TOKEN).unwrap_or_default();
    match token {
        Some(token) => look_up(db, &token, request.request()).await,
        None => Ok(None),
    }
}

/// Parameters whose values may hold a person's name or address: what somebody looked for, and where a page begins.
const TELLING: [&str; 2] = ["q", "after"];

/// Path and query, as reads are recorded with them: without the query where somebody pasted a token, and without names
/// and addresses of people where people are listed, for the log is to hold none.
fn asked_for(request: &ServiceRequest) -> String {
    let values = Pairs::parse(request.query_string().as_bytes()).unwrap_or_default();
    if values.0.iter().any(|(_, value)| token::is_in(value)) {
        return token::without(request.path());
    }
    let site = request.app_data::<Data<Site>>();
    let lists_people = site.is_some_and(|site| site.personal(request.match_pattern()).is_some());
    // An address is one wherever it is looked for.
    let tells = |name: &&str| values.get(name).is_some_and(|value| lists_people || value.contains('@'));
    let telling: Vec<&str> = TELLING.into_iter().filter(tells).collect();
    if telling.is_empty() {
        return token::without(&request.uri().to_string());
    }
    let kept = telling.into_iter().fold(values, |values, name| values.with(name, "…"));
    token::without(&kept.url(request.path()))
}

async fn look_up(db: &Db, token: &str, request: &HttpRequest) -> Result<Option<Actor>, AppError> {
    let hash = cookie::hash(token);
    let found: Option<Json<Authority>> =
        db.ask(move |conn| Ok(diesel::select(session_authority(hash.as_slice())).get_result(conn)?)).await?;
    let Some(Json(found)) = found else {
        ended::note(db, hash, request).await;
        return Ok(None);
    };
    let request_id = context::request_id(request);
    if found.awaits.is_some() {
        let half = HalfSession { id: found.session_id, user_id: found.user_id };
        return Ok(Some(Actor::halfway(half, request_id)));
    }
    let in_production = request.app_data::<Data<Site>>().is_some_and(|site| site.secure);
    let mut actor = Actor::person(found.user_id, found.session_id, request_id, found.email, found.name, &found.grants);
    actor.elevated_until = found.elevated_until;
    actor.replaces_passkey = found.replaces_passkey.unwrap_or_default();
    actor.acting_for = found.acting_for;
    actor.reading.asks_reason = found.reason_wanted;
    actor.reading.reason = found.read_reason;
    // Everybody who gets here is staff.
    actor.factor_required = in_production;
    actor.must_enrol = found.factor_wanted || (in_production && !found.has_factor);
    Ok(Some(actor))
}

impl<P: Privilege> FromRequest for Can<P> {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        match Can::prove(context::actor(request)) {
            Err(AppError::SignIn) if !request.method().is_safe() => {
                if P::NEEDS == Needs::HalfSession && never_began(request) {
                    request.extensions_mut().insert(OutOfSequence("the second step of signing in without the first"));
                }
                let form = Form::from_request(request, payload);
                Box::pin(async move { Err(sign_in_before(form.await)) })
            }
            Err(AppError::Elevate) if !request.method().is_safe() => {
                let form = Form::from_request(request, payload);
                Box::pin(async move { Err(AppError::ElevateFirst(form.await.map(Form::typed).unwrap_or_default())) })
            }
            // Whoever only looks changes nothing, whatever the privilege of the address.
            Ok(can) if only_looks(&can) && !P::IN_ANY_NAME && !P::ONLY_ASKS && !request.method().is_safe() => {
                let form = Form::from_request(request, payload);
                Box::pin(async move { Err(not_impersonating(true, form.await)) })
            }
            Err(AppError::NotWhileImpersonating { is_look, .. }) if !request.method().is_safe() => {
                let form = Form::from_request(request, payload);
                Box::pin(async move { Err(not_impersonating(is_look, form.await)) })
            }
            proof => {
                if let Some(limits) = proof.as_ref().ok().and_then(limits) {
                    request.extensions_mut().insert(limits);
                }
                let about = proof.as_ref().ok().and_then(|can| noted(can, request));
                let user = proof.as_ref().ok().and_then(|can| uses::unnoted(can, request));
                match (about, user) {
                    (None, None) => Box::pin(ready(proof)),
                    (about, user) => note(proof, about, user, request),
                }
            }
        }
    }
}

type Proven<P> = Pin<Box<dyn Future<Output = Result<Can<P>, AppError>>>>;

/// What the request reads, if that leaves an event before the page is made: personal data, and whatever is seen in
/// another name.
fn noted<P: Privilege>(can: &Can<P>, request: &HttpRequest) -> Option<About> {
    if P::IN_ANY_NAME || !request.method().is_safe() {
        return None;
    }
    let site = request.app_data::<Data<Site>>().expect("the app registers its site");
    let first_id = || request.match_info().iter().next().and_then(|(_, value)| value.parse().ok());
    match site.personal(request.match_pattern()) {
        Some(personal) => Some(About::of(personal, first_id())),
        None => can.actor().impersonation().map(|_| About::LOG),
    }
}

fn note<P: Privilege>(
    proof: Result<Can<P>, AppError>,
    about: Option<About>,
    user: Option<Uuid>,
    request: &HttpRequest,
) -> Proven<P> {
    let db = request.app_data::<Data<Db>>().expect("the app registers its database").clone();
    Box::pin(async move {
        let can = proof?;
        if let Some(about) = about {
            db.note_read_about(&can, about).await?;
        }
        if let Some(user) = user {
            uses::note(&db, user, P::NAME).await;
        }
        Ok(can)
    })
}

/// What somebody who was let in may reach of what there is, if not everything.
fn limits<P: Privilege>(can: &Can<P>) -> Option<LimitedTo> {
    match (P::NEEDS, can.scope()) {
        (Needs::Grant, Scope::Platform) => None,
        (Needs::Grant, scope) => Some(LimitedTo::Rows(scope.clone())),
        (Needs::Session, _) => can.actor().user_id.map(LimitedTo::Own),
        _ => None,
    }
}

/// Whether a request comes from a browser without a session of any kind, be it one that has ended.
fn never_began(request: &HttpRequest) -> bool {
    let token: Option<String> = request.get_session().get(cookie::TOKEN).unwrap_or_default();
    token.is_none()
}

fn only_looks<P: Privilege>(can: &Can<P>) -> bool {
    can.actor().impersonation().is_some_and(|acting| !acting.may_write)
}

/// What was typed is kept, to be sent again by somebody who is themselves.
fn not_impersonating(is_look: bool, form: Result<Form, AppError>) -> AppError {
    AppError::NotWhileImpersonating { is_look, typed: form.map(Form::typed).unwrap_or_default() }
}

/// A form whose sender has no session any more is kept; anything else is just sent to sign in.
fn sign_in_before(form: Result<Form, AppError>) -> AppError {
    match form.map(|form| form.typed()) {
        Ok(typed) if !typed.is_empty() => AppError::SignInFirst(typed),
        _ => AppError::SignIn,
    }
}
