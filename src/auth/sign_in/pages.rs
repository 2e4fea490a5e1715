//! `/sign-in`, `/sign-in/link/{token}`, `/sign-out`.

use std::iter;

use actix_session::SessionExt;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::first_step::{First, begin};
use super::store::{self, Account, Origin};
use super::throttle::Verdict;
use crate::action::Action;
use crate::actor::{Actor, Can};
use crate::auth::password::Passwords;
use crate::auth::{SignIn, SignOut, cookie, landing};
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell, see_other};
use crate::web::query::encode;

#[derive(Template)]
#[template(path = "auth/sign_in/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    return_to: String,
    /// Key and name of each identity provider, and the rest of their addresses.
    providers: Vec<(String, String)>,
    query: String,
}

impl New {
    fn of(context: &Context, form: FormView, return_to: Option<String>) -> New {
        let query = return_to.as_deref().map(|path| format!("?return_to={}", encode(path))).unwrap_or_default();
        let providers = context.site().providers.clone();
        New { shell: context.shell("Sign in"), form, return_to: return_to.unwrap_or_default(), providers, query }
    }
}

const DEVICE: &str = "device";
/// For everybody who is not known, while failures come from everywhere.
const STORM_DELAY: std::time::Duration = std::time::Duration::from_secs(2);
const REFUSED: &str = "That address and password do not fit together, or the account may not open this console.";

pub async fn new(_: Can<SignIn>, context: Context) -> Result<HttpResponse, AppError> {
    if context.actor.session_id.is_some() {
        return Ok(HttpResponse::SeeOther().insert_header(("location", landing::now(&context))).finish());
    }
    page::ok(New::of(&context, FormView::default(), context.return_to()).render())
}

pub async fn create(
    can: Can<SignIn>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    passwords: Data<Passwords>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let mut check = form.check();
    let email = check.line("email", 1, 254);
    if form.get("password").is_empty() {
        check.refuse("password", "is required");
    } else if form.get("password").len() > 1024 {
        check.refuse("password", "may have 1024 bytes at most");
    }
    let email = match check.finish(email) {
        Ok(email) => email,
        Err(errors) => return again(&context, &form, errors, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let origin = origin(&context, &request, &email);
    match look_up(&db, &can, &email, &origin).await?.1 {
        Verdict::LookAtIt => {}
        Verdict::LookAtItLater => tokio::time::sleep(STORM_DELAY).await,
        verdict => return throttled(&context, &db, &can, &origin, &form, verdict).await,
    }
    // Guesses that were sent together wait here for each other and for what the first of them got.
    let turn = passwords.turn().await?;
    let (account, verdict) = look_up(&db, &can, &email, &origin).await?;
    if !matches!(verdict, Verdict::LookAtIt | Verdict::LookAtItLater) {
        return throttled(&context, &db, &can, &origin, &form, verdict).await;
    }
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let fits = turn.fits(form.get("password").to_owned(), stored).await?;
    match account {
        Some(account) if fits && account.may_open_the_console => {
            let to = form.return_to().unwrap_or_else(|| "/".to_owned());
            begin(&context, &request, &db, account, origin, First::of("password"), &to).await
        }
        account => {
            let outcome = match (&account, fits) {
                (None, _) => "unknown_account",
                (Some(_), false) => "wrong_password",
                (Some(_), true) => "inactive",
            };
            let user_id = account.as_ref().map(|account| account.id);
            note(&db, &can, &origin, user_id, outcome, SecurityKind::AuthnLoginFail).await?;
            again(&context, &form, vec![FieldError::new("base", REFUSED)], StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// The link printed at the start or made by `castellan user recover`. It is a one-time secret typed by the person
/// who owns the machine, so that following it is enough; this and coming back from an identity provider are the only
/// GETs that change something.
pub async fn link(
    _: Can<SignIn>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    token: Path<String>,
) -> Result<HttpResponse, AppError> {
    let hash = link_hash(&token);
    let action = Action::general("session.redeem_link", "session");
    let can = Can::<SignIn>::prove(std::sync::Arc::new(Actor::anonymous(context.actor.request_id)))?;
    let redeemed = db.write(&can, action, move |tx| store::redeem(tx, &hash)).await;
    match redeemed {
        Ok(account) if account.may_open_the_console => {
            let origin = origin(&context, &request, &account.id.to_string());
            begin(&context, &request, &db, account, origin, First::of("link"), "/").await
        }
        Ok(_) | Err(AppError::NotFound) => {
            let error = FieldError::new(
                "base",
                "This link was used already, is older than ten minutes, or was never made. Start the console again for a new one, or sign in with a password.",
            );
            again(&context, &Form::default(), vec![error], StatusCode::GONE)
        }
        Err(error) => Err(error),
    }
}

pub async fn destroy(can: Can<SignOut>, request: HttpRequest, db: Data<Db>) -> Result<HttpResponse, AppError> {
    if let Some(session_id) = can.actor().session_id {
        let action = Action::on("session.sign_out", "session", session_id);
        db.write(&can, action, move |tx| store::end(tx, session_id)).await?;
    }
    request.get_session().purge();
    let mut answer = see_other("/sign-in", Flash::ok("You are signed out."));
    answer.headers_mut().insert(
        "clear-site-data".parse().expect("a header name"),
        "\"cache\", \"storage\"".parse().expect("a header value"),
    );
    Ok(answer)
}

/// The hash of a link's token as column `secret_hash` holds it.
pub fn link_hash(token: &str) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, cookie::hash(token))
}

/// Tells this browser from others when failures are counted.
pub fn device_cookie(context: &Context, device: Uuid) -> Cookie<'static> {
    Cookie::build(DEVICE, device.to_string())
        .path("/sign-in")
        .http_only(true)
        .secure(context.site().secure)
        .same_site(SameSite::Strict)
        .max_age(Duration::days(180))
        .finish()
}

async fn look_up(
    db: &Db,
    can: &Can<SignIn>,
    email: &str,
    origin: &Origin,
) -> Result<(Option<Account>, Verdict), AppError> {
    let (email, origin) = (email.to_owned(), origin.clone());
    db.read(can, move |conn| store::account(conn, &email, &origin)).await
}

async fn throttled(
    context: &Context,
    db: &Db,
    can: &Can<SignIn>,
    origin: &Origin,
    form: &Form,
    verdict: Verdict,
) -> Result<HttpResponse, AppError> {
    note(db, can, origin, None, "throttled", kind_of(verdict)).await?;
    let (wait, from) = match verdict {
        Verdict::NetworkWaits(wait) => (wait, " from your network"),
        Verdict::AccountWaits(wait) => (wait, ""),
        Verdict::LookAtIt | Verdict::LookAtItLater => (1, ""),
    };
    let error =
        FieldError::new("base", format!("Too many tries{from}. Wait {}, then try again.", filters::seconds(wait)));
    let mut answer = again(context, form, vec![error], StatusCode::TOO_MANY_REQUESTS)?;
    answer.headers_mut().insert("retry-after".parse().expect("a header name"), wait.into());
    Ok(answer)
}

fn kind_of(verdict: Verdict) -> SecurityKind {
    match verdict {
        Verdict::NetworkWaits(_) => SecurityKind::ExcessRateLimitExceeded,
        _ => SecurityKind::AuthnLoginLock,
    }
}

async fn note(
    db: &Db,
    can: &Can<SignIn>,
    origin: &Origin,
    user_id: Option<Uuid>,
    outcome: &'static str,
    kind: SecurityKind,
) -> Result<(), AppError> {
    let noted = origin.clone();
    let is_limit = db.append(can, move |conn| store::note_failure(conn, &noted, user_id, outcome)).await?;
    for kind in iter::once(kind).chain(is_limit.then_some(SecurityKind::AuthnLoginFailMax)) {
        let event = SecurityEvent::of(kind, json!({ "outcome": outcome, "user_id": user_id }));
        db.note_security(can.actor().clone(), event.from_network(origin.network_hash.clone())).await;
    }
    Ok(())
}

fn again(
    context: &Context,
    form: &Form,
    errors: Vec<FieldError>,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let view = FormView::filled(&[("email", form.get("email"))]).refused(errors);
    page::html(status, New::of(context, view, form.return_to()).render())
}

/// The page again, with what went wrong on the way through an identity provider.
pub fn problem(
    context: &Context,
    message: &str,
    return_to: Option<String>,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let form = FormView::default().refused(vec![FieldError::new("base", message)]);
    page::html(status, New::of(context, form, return_to).render())
}

/// Where a request comes from, and the counter of the account's failures.
pub fn origin(context: &Context, request: &HttpRequest, account: &str) -> Origin {
    let header = request.headers().get("user-agent").and_then(|value| value.to_str().ok());
    let account = account.trim().to_lowercase();
    Origin {
        account_hash: context.site().secret.hash("account", account.as_bytes()).to_vec(),
        network_hash: context.site().network_hash(request),
        device_id: request.cookie(DEVICE).and_then(|cookie| cookie.value().parse().ok()),
        user_agent: header.map(user_agent_family),
        request_id: context.actor.request_id,
    }
}

/// Browser and system in words, enough to recognise a session by and too little to follow somebody.
fn user_agent_family(header: &str) -> String {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| header.contains(mark)).map(|(_, name)| *name);
    let browser = first(&[("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Another program".to_owned(),
    }
}
