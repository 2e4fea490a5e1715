//! Errors as pages with their real status and the request id; causes are logged here, once, and never shown.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use serde_json::json;

use super::bearer;
use super::context::{Context, actor, request_id};
use super::filters;
use super::forbidden;
use super::format::Format;
use super::page::{Shell, html};
use super::query::encode;
use crate::actor::REASON_CODES;
use crate::error::AppError;
use crate::token;

impl AppError {
    /// A token that made more requests within a minute than any may.
    fn is_too_fast(&self) -> bool {
        matches!(self, AppError::TokenRefused { why: "rate" | "rate, again", .. })
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            _ if self.is_too_fast() => StatusCode::TOO_MANY_REQUESTS,
            AppError::NotFound | AppError::Unknown(_) => StatusCode::NOT_FOUND,
            AppError::OtherName
            | AppError::SignIn
            | AppError::EnrolFirst
            | AppError::Elevate
            | AppError::ReasonWanted
            | AppError::AlreadyDone(_) => StatusCode::SEE_OTHER,
            AppError::SignInFirst(_) | AppError::ElevateFirst(_) | AppError::TokenRefused { .. } => {
                StatusCode::UNAUTHORIZED
            }
            AppError::Forbidden(_)
            | AppError::OwnerMustEnrol
            | AppError::TokenReasonWanted
            | AppError::ActingOver
            | AppError::OnlyAsOneself
            | AppError::NotWhileImpersonating { .. }
            | AppError::CrossSite(_)
            | AppError::NotForTokens => StatusCode::FORBIDDEN,
            AppError::BadRequest(_) | AppError::Forged { .. } => StatusCode::BAD_REQUEST,
            AppError::Stale
            | AppError::EffectChanged(_)
            | AppError::Conflict(_)
            | AppError::OwnMatter(_)
            | AppError::Constraint(_) => StatusCode::CONFLICT,
            AppError::Refused(..) | AppError::NotOffered(..) => StatusCode::UNPROCESSABLE_ENTITY,
            AppError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            AppError::WrongType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            AppError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            AppError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            AppError::NoRoom(_) => StatusCode::INSUFFICIENT_STORAGE,
            AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            AppError::AlreadyDone(location) => response.insert_header((LOCATION, location.as_str())),
            _ if self.is_too_fast() => response.insert_header((RETRY_AFTER, "60")),
            AppError::TokenRefused { .. } => response.insert_header((WWW_AUTHENTICATE, BAD_TOKEN)),
            AppError::TooMany(seconds) => response.insert_header((RETRY_AFTER, seconds.to_string())),
            AppError::Unavailable(_) => response.insert_header((RETRY_AFTER, "2")),
            _ => &mut response,
        };
        response.finish()
    }
}

const ANY_TOKEN: &str = "Bearer realm=\"castellan\"";
const BAD_TOKEN: &str = "Bearer realm=\"castellan\", error=\"invalid_token\"";

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    shell: Shell,
    status: u16,
    title: &'static str,
    message: String,
    request_id: String,
    /// The address without what was asked of it; empty where it would say the same.
    plain: String,
}

#[derive(Template)]
#[template(path = "elevate_first.html")]
struct ElevateFirst<'t> {
    shell: Shell,
    action: String,
    typed: &'t [(String, String)],
}

#[derive(Template)]
#[template(path = "stop_first.html")]
struct StopFirst<'t> {
    shell: Shell,
    message: String,
    action: String,
    typed: &'t [(String, String)],
}

#[derive(Template)]
#[template(path = "sign_in_first.html")]
struct SignInFirst<'t> {
    shell: Shell,
    action: String,
    typed: &'t [(String, String)],
}

/// Gives an error answer its page, and sends people without a session to sign in.
pub fn dress(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let error = response.response().error().and_then(|error| error.as_error::<AppError>());
    let answer = match error {
        Some(AppError::SignIn) if matches!(Format::of(response.request().path()), Format::Json | Format::Ndjson) => {
            Some(ask_for_token(response.request()))
        }
        Some(AppError::SignIn) => Some(to_sign_in(response.request())),
        Some(AppError::EnrolFirst) => Some(leave_for(response.request(), "/account/factors")),
        Some(AppError::Elevate) => Some(ask_on(response.request(), "/elevation")),
        Some(AppError::ReasonWanted) => Some(ask_on(response.request(), "/read-reason")),
        Some(AppError::OtherName) => Some(reload(response.request())),
        // The bar of the page says in whose name it was made, so a part of it alone would not do.
        Some(AppError::ActingOver) if is_fragment(response.request()) => Some(reload(response.request())),
        Some(error @ AppError::NotWhileImpersonating { typed, .. }) if !typed.is_empty() => {
            Some(stop_first(response.request(), message(status, Some(error)), typed))
        }
        Some(AppError::SignInFirst(typed)) => Some(sign_in_first(response.request(), typed)),
        Some(AppError::ElevateFirst(typed)) => Some(elevate_first(response.request(), typed)),
        _ => None,
    };
    if let Some(answer) = answer {
        return ServiceResponse::new(response.into_parts().0, answer);
    }
    let has_page = response.headers().contains_key("content-type");
    if !(status.is_client_error() || status.is_server_error()) || (has_page && error.is_none()) {
        return response;
    }
    let message = match error {
        Some(AppError::Forbidden(privilege)) => forbidden::sentence(&actor(response.request()), privilege),
        _ => message(status, error),
    };
    if status.is_server_error() {
        let cause = response.response().error().map(ToString::to_string).unwrap_or_default();
        tracing::error!(request_id = %request_id(response.request()), status = status.as_u16(), cause, "a request failed");
    }
    let title = title(status, error);
    let (request, bare) = response.into_parts();
    let mut answer = page(&request, status, title, message);
    for (name, value) in bare.headers() {
        answer.headers_mut().insert(name.clone(), value.clone());
    }
    ServiceResponse::new(request, answer)
}

fn page(request: &HttpRequest, status: StatusCode, title: &'static str, message: String) -> HttpResponse {
    let context = Context::of(request);
    let page = ErrorPage {
        shell: context.shell(title),
        status: status.as_u16(),
        title,
        message,
        request_id: request_id(request).to_string(),
        plain: plain_address(request, status),
    };
    let mut plain = HttpResponse::build(status);
    match Format::of(request.path()) {
        Format::Json | Format::Ndjson => {
            return plain.json(json!({ "error": page.message, "request_id": page.request_id }));
        }
        Format::Page if bearer::of(request.headers()).is_none() => {}
        _ => return plain.content_type("text/plain; charset=utf-8").body(page.message),
    }
    html(status, page.render()).unwrap_or_else(|_| HttpResponse::build(status).body(title))
}

/// What somebody asked too much of is still there without it.
fn plain_address(request: &HttpRequest, status: StatusCode) -> String {
    let is_asked =
        status == StatusCode::BAD_REQUEST && request.method().is_safe() && !request.query_string().is_empty();
    if is_asked { request.path().to_owned() } else { String::new() }
}

/// The form as it was sent, to be sent again once somebody has signed in in another tab.
fn sign_in_first(request: &HttpRequest, typed: &[(String, String)]) -> HttpResponse {
    let shell = Context::of(request).shell("Your session has ended");
    let page = SignInFirst { shell, action: request.uri().to_string(), typed };
    let status = StatusCode::UNAUTHORIZED;
    html(status, page.render()).unwrap_or_else(|_| HttpResponse::build(status).finish())
}

/// The form as it was sent, to be sent again once the person has proved in another tab who they are.
fn elevate_first(request: &HttpRequest, typed: &[(String, String)]) -> HttpResponse {
    let shell = Context::of(request).shell("Confirm that it is you");
    let page = ElevateFirst { shell, action: request.uri().to_string(), typed };
    let status = StatusCode::UNAUTHORIZED;
    html(status, page.render()).unwrap_or_else(|_| HttpResponse::build(status).finish())
}

/// The form as it was sent, to be sent again once the person is themselves.
fn stop_first(request: &HttpRequest, message: String, typed: &[(String, String)]) -> HttpResponse {
    let shell = Context::of(request).shell("Not while you impersonate somebody");
    let page = StopFirst { shell, message, action: request.uri().to_string(), typed };
    let status = StatusCode::FORBIDDEN;
    html(status, page.render()).unwrap_or_else(|_| HttpResponse::build(status).finish())
}

fn title(status: StatusCode, error: Option<&AppError>) -> &'static str {
    match status.as_u16() {
        409 if matches!(error, Some(AppError::Conflict(_) | AppError::OwnMatter(_))) => "Not possible now",
        400 => "That cannot be asked for",
        401 => "Not accepted",
        403 => "Not allowed",
        404 => "Not found",
        405 => "Not possible here",
        409 => "Changed in the meantime",
        413 => "Too large",
        415 => "Wrong kind of content",
        422 => "Not accepted",
        429 => "Too many requests",
        503 => "Busy",
        507 => "No room left",
        _ => "Something went wrong",
    }
}

const FULL_DISK: &str = "The disk of the database is full. Nothing was changed. Whoever runs the console has to make \
    room; then try again.";

/// What an error says itself.
fn own_words(error: &AppError) -> Option<String> {
    match error {
        AppError::BadRequest(text)
        | AppError::Forged { said: text, .. }
        | AppError::Unknown(text)
        | AppError::Conflict(text)
        | AppError::OwnMatter(text)
        | AppError::Refused("base", text) => Some(text.clone()),
        AppError::Refused(field, problem) | AppError::NotOffered(field, problem) => Some(format!("{field} {problem}.")),
        AppError::CrossSite(text) | AppError::TooLarge(text) | AppError::WrongType(text) => Some((*text).to_owned()),
        _ => None,
    }
}

fn message(status: StatusCode, error: Option<&AppError>) -> String {
    if let Some(words) = error.and_then(own_words) {
        return words;
    }
    match (error, status.as_u16()) {
        (Some(AppError::ActingOver), _) => {
            "You no longer act for somebody else: it has ended. Nothing was changed. Go on as yourself.".into()
        }
        (Some(AppError::OnlyAsOneself), _) => {
            "This is about your own account and what is yours to give, and now you act for somebody else. Stop that \
             first, then come back."
                .into()
        }
        (Some(AppError::NotWhileImpersonating { is_look: true, .. }), _) => {
            "This impersonation can only look. Nothing was changed. Stop it to go on as yourself.".into()
        }
        (Some(AppError::NotWhileImpersonating { .. }), _) => {
            "This is closed while you impersonate somebody. Nothing was changed. Stop it to go on as yourself.".into()
        }
        (Some(AppError::TokenReasonWanted), _) => token_says_why(),
        (Some(AppError::OwnerMustEnrol), _) => {
            "Whoever made this token must have a second factor and has none. It works again once they have signed in and \
             added one."
                .into()
        }
        (Some(error), 429) if error.is_too_fast() => "This token is too fast. Wait a minute, then try again.".into(),
        (Some(AppError::TokenRefused { .. }), _) => {
            "This token is not accepted: it does not exist, has ended, or is not for this network. Its page says more."
                .into()
        }
        (Some(AppError::NotForTokens), _) => {
            "API tokens are taken by the CSV and JSON forms of lists and nowhere else, such as /tenants.json.".into()
        }
        (Some(AppError::TooMany(seconds)), _) => format!("Wait {}, then try again.", filters::seconds(*seconds)),
        (Some(AppError::Constraint(_)), _) => {
            "These values do not fit what is stored by now. Nothing was changed.".into()
        }
        _ => by_status(status.as_u16()).to_owned(),
    }
}

/// What there is to say where the status says it all.
fn by_status(code: u16) -> &'static str {
    match code {
        404 => "There is nothing at this address, or it is outside of what you may see.",
        405 => "This address does not take this kind of request.",
        409 => "Somebody else changed this in the meantime. Nothing was changed; look again and repeat it.",
        503 => "The console is busy or its database is away. Nothing was changed; try again in a moment.",
        507 => FULL_DISK,
        code if code < 500 => "The request could not be read.",
        _ => "Nothing was changed. The cause is in the log under the id below.",
    }
}

/// How a program says why it reads.
fn token_says_why() -> String {
    format!(
        "A role of this token's owner asks why personal data and logs are read. Send X-Castellan-Reason with one of {}, \
         and a ticket in X-Castellan-Ticket if there is one.",
        REASON_CODES.join(", ")
    )
}

/// Who asks for JSON is a program, which has no use for a page to sign in on.
fn ask_for_token(request: &HttpRequest) -> HttpResponse {
    let request_id = request_id(request).to_string();
    let error = "Send an API token as Authorization: Bearer, or sign in.";
    let mut answer = HttpResponse::Unauthorized();
    answer.insert_header((WWW_AUTHENTICATE, ANY_TOKEN)).json(json!({ "error": error, "request_id": request_id }))
}

/// To the first step of signing in, or to the second for those who have taken the first.
fn to_sign_in(request: &HttpRequest) -> HttpResponse {
    let page = if actor(request).half.is_some() { "/sign-in/factor" } else { "/sign-in" };
    let back = match request.method().is_safe() {
        // A token that was pasted before signing in is not carried along.
        true if token::is_in(&request.uri().to_string()) => request.path(),
        true => request.uri().path_and_query().map_or("/", |target| target.as_str()),
        false => "/",
    };
    match back {
        "/" => leave_for(request, page),
        back => leave_for(request, &format!("{page}?return_to={}", encode(back))),
    }
}

/// To a page that asks for something and then leads back.
fn ask_on(request: &HttpRequest, page: &str) -> HttpResponse {
    let back = request.uri().path_and_query().map_or("/", |target| target.as_str());
    leave_for(request, &format!("{page}?return_to={}", encode(back)))
}

fn is_fragment(request: &HttpRequest) -> bool {
    request.headers().contains_key("HX-Request")
}

/// To the whole page of what was asked for.
fn reload(request: &HttpRequest) -> HttpResponse {
    match request.method().is_safe() {
        true => leave_for(request, request.uri().path_and_query().map_or("/", |target| target.as_str())),
        false => leave_for(request, "/"),
    }
}

/// A whole page is redirected; a fragment tells htmx to leave for the other page, never to swap it in.
fn leave_for(request: &HttpRequest, location: &str) -> HttpResponse {
    if is_fragment(request) {
        let mut answer = HttpResponse::NoContent().finish();
        if let Ok(value) = HeaderValue::from_str(location) {
            answer.headers_mut().insert(HeaderName::from_static("hx-redirect"), value);
        }
        return answer;
    }
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}
