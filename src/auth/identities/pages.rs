//! `/account/identities`: one's own accounts at identity providers.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::model::Identity;
use super::{PATH, store};
use crate::action::Action;
use crate::actor::Can;
use crate::auth::oidc::Providers;
use crate::auth::oidc::ceremony::Candidate;
use crate::auth::oidc::pages::send_away;
use crate::auth::oidc::store::{BoundTo, Purpose};
use crate::auth::{ChangeIdentities, OwnIdentities, me};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "auth/identities/index.html")]
struct Index {
    shell: Shell,
    identities: Vec<Identity>,
    providers: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "auth/identities/start.html")]
struct Start {
    shell: Shell,
    name: String,
    url: String,
}

#[derive(Template)]
#[template(path = "auth/identities/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    ceremony: Uuid,
    provider: String,
    label: String,
}

pub async fn index(can: Can<OwnIdentities>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (user_id, _) = me(&can)?;
    let identities = db.read(&can, move |conn| store::list(conn, user_id)).await?;
    let providers = context.site().providers.clone();
    page::ok(Index { shell: context.shell("Your identities"), identities, providers }.render())
}

/// A page with a link, since a browser does not let a form lead to another site.
pub async fn start(
    can: Can<ChangeIdentities>,
    context: Context,
    request: HttpRequest,
    db: Data<Db>,
    providers: Data<Providers>,
    key: Path<String>,
) -> Result<HttpResponse, AppError> {
    let (_, session_id) = me(&can)?;
    let provider = providers.get(&key)?;
    let name = provider.settings.name.clone();
    let wanted = (Purpose::Link, BoundTo::Session(session_id));
    match send_away(&can, &context, &request, &db, provider, wanted).await? {
        Ok(url) => {
            let shell = context.shell(format!("Link {name}")).under("Your identities", PATH);
            page::ok(Start { shell, name, url }.render())
        }
        Err(fault) => {
            tracing::warn!(provider = *key, ?fault, "nobody can link an identity of this provider now");
            let sorry = format!("{name} cannot be reached now. Try again in a moment.");
            Ok(see_other(PATH, Flash::warn(sorry)))
        }
    }
}

pub async fn new(can: Can<ChangeIdentities>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let (_, session_id) = me(&can)?;
    let ceremony = context.pairs()?.get("ceremony").and_then(|id| id.parse().ok()).unwrap_or_default();
    match db.read(&can, move |conn| store::proposed(conn, ceremony, session_id)).await? {
        Some(candidate) => show(&context, ceremony, candidate, FormView::filled(&[]), StatusCode::OK),
        None => Ok(HttpResponse::SeeOther().insert_header((LOCATION, PATH)).finish()),
    }
}

pub async fn create(
    can: Can<ChangeIdentities>,
    context: Context,
    db: Data<Db>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let (user_id, session_id) = me(&can)?;
    let ceremony = form.get("ceremony").parse().unwrap_or_default();
    let candidate = db.read(&can, move |conn| store::proposed(conn, ceremony, session_id)).await?;
    let id = Uuid::now_v7();
    let provider = candidate.as_ref().map(|candidate| candidate.provider.clone());
    let action = Action::on("identity.link", "user", user_id)
        .details(json!({ "provider": provider, "identity_id": id }))
        .once(form.once(), PATH.to_owned());
    let linked = db.write(&can, action, move |tx| store::link(tx, id, user_id, ceremony)).await;
    match (linked, candidate) {
        (Ok(()), _) => Ok(see_other(PATH, Flash::ok("The identity is linked. You can sign in with it from now on."))),
        (Err(AppError::Conflict(why)), Some(candidate)) => {
            let form = form.view(vec![FieldError::new("base", why)]);
            show(&context, ceremony, candidate, form, StatusCode::CONFLICT)
        }
        // Two at once: the index says what the question before could not.
        (Err(AppError::Constraint(name)), _) if name == "user_identities_subject_key" => {
            Err(AppError::Conflict("It was linked by another request a moment ago.".into()))
        }
        (Err(error), _) => Err(error),
    }
}

fn show(
    context: &Context,
    ceremony: Uuid,
    candidate: Candidate,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let known = context.site().providers.iter().find(|(key, _)| *key == candidate.provider);
    let provider = known.map_or_else(|| candidate.provider.clone(), |(_, name)| name.clone());
    let shell = context.shell(format!("Link {provider}")).under("Your identities", PATH);
    page::html(status, New { shell, form, ceremony, provider, label: candidate.label }.render())
}
