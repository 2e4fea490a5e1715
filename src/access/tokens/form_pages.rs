//! Making and replacing tokens. The answer to the form shows the new text, once: it is not stored, not redirected to
//! and not sent again.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::actions;
use super::forms::{For, NewToken, OVERLAP_HOURS, Rotation, expiries};
use super::model::Listed;
use super::store::{self, Whose};
use crate::access::{MakeOwnTokens, Manage};
use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::db::{Db, SecurityEvent, SecurityKind};
use crate::error::AppError;
use crate::token;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};
use crate::web::route::RowId;

/// A right that a token can be for, in words.
struct Scope {
    name: String,
    description: String,
}

#[derive(Template)]
#[template(path = "access/tokens/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    post_to: &'static str,
    scopes: Vec<Scope>,
    expiries: Vec<(String, String)>,
    /// Whom it can be for; none for oneself.
    services: Option<Vec<(Uuid, String)>>,
}

/// The page that shows the text of a new token.
#[derive(Template)]
#[template(path = "access/tokens/created.html")]
struct Created {
    shell: Shell,
    text: String,
    name: String,
    url: String,
    /// What became of the one before.
    before: String,
    example: String,
}

/// A place where tokens are made.
struct Place {
    whom: For,
    list: &'static str,
    label: &'static str,
    title: &'static str,
}

const OWN: Place =
    Place { whom: For::Oneself, list: "/account/tokens", label: "Your tokens", title: "Make an API token" };
const SERVICE: Place =
    Place { whom: For::AService, list: "/tokens", label: "API tokens", title: "Make a token for a service" };

/// Rights that open something to a token and that whoever makes it holds: nobody gives what they lack.
fn offered<P: Privilege>(can: &Can<P>, context: &Context) -> Vec<&'static str> {
    context.site().token_scopes.iter().map(|(scope, _)| *scope).filter(|scope| can.actor().holds(scope)).collect()
}

/// `/account/tokens/new`
pub async fn new_own(can: Can<MakeOwnTokens>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let form = FormView::filled(&[("expires_at", &expiries(For::Oneself)[2].0)]);
    form_page(&can, &context, &db, &OWN, form, StatusCode::OK).await
}

/// `POST /account/tokens`
pub async fn create_own(
    can: Can<MakeOwnTokens>,
    context: Context,
    db: Data<Db>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    create(&can, &context, &db, &OWN, &form).await
}

/// `/tokens/new`; `?service=` says which.
pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let pairs = context.pairs()?;
    let service = pairs.get("service").unwrap_or_default();
    let form = FormView::filled(&[("expires_at", &expiries(For::AService)[2].0), ("user_id", service)]);
    form_page(&can, &context, &db, &SERVICE, form, StatusCode::OK).await
}

/// `POST /tokens`
pub async fn create_for_service(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    create(&can, &context, &db, &SERVICE, &form).await
}

async fn form_page<P: Privilege>(
    can: &Can<P>,
    context: &Context,
    db: &Db,
    place: &Place,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let (offered, whom) = (offered(can, context), place.whom);
    let (scopes, services) = db
        .read(can, move |conn| {
            let services = if whom == For::AService { Some(store::services(conn)?) } else { None };
            Ok((store::described(conn, &offered)?, services))
        })
        .await?;
    let scopes = scopes.into_iter().map(|(name, description)| Scope { name, description }).collect();
    let page = New {
        shell: context.shell(place.title).under(place.label, place.list).under("new", ""),
        form,
        post_to: place.list,
        scopes,
        expiries: expiries(place.whom),
        services,
    };
    page::html(status, page.render())
}

async fn create<P: Privilege>(
    can: &Can<P>,
    context: &Context,
    db: &Db,
    place: &Place,
    form: &Form,
) -> Result<HttpResponse, AppError> {
    let again = async |status: StatusCode, errors: Vec<FieldError>| {
        form_page(can, context, db, place, form.view(errors), status).await
    };
    let new = match NewToken::from_form(form, place.whom, &offered(can, context)) {
        Ok(new) => new,
        Err((errors, foreign)) => {
            note_foreign(can, db, &foreign).await;
            return again(StatusCode::UNPROCESSABLE_ENTITY, errors).await;
        }
    };
    let user_id = new.service.or(can.actor().user_id).ok_or(AppError::SignIn)?;
    let (id, made) = (Uuid::now_v7(), token::NewToken::random());
    let url = format!("{}/{id}", place.list);
    let details = json!({ "owner_id": user_id, "prefix": made.prefix, "scopes": new.scopes });
    let action = Action::on("api_token.create", "api_token", id)
        .details(details)
        .reason(form.get("reason"))
        .once(form.once(), url.clone());
    let (hash, prefix, text) = (made.hash, made.prefix.clone(), made.text);
    let stored = new.clone();
    let written = db.write(can, action, move |tx| store::insert(tx, id, user_id, &stored, &prefix, hash)).await;
    match written {
        Ok(()) => created(context, place, &new.name, text, url, String::new(), new.scopes.first()),
        Err(AppError::AlreadyDone(url)) => Ok(shown_before(&url)),
        Err(AppError::Conflict(why)) => again(StatusCode::CONFLICT, vec![FieldError::new("base", why)]).await,
        Err(error) => again(StatusCode::UNPROCESSABLE_ENTITY, field_errors(error, &[])?).await,
    }
}

/// Rights that the form did not offer were written into it by hand.
async fn note_foreign<P: Privilege>(can: &Can<P>, db: &Db, foreign: &[String]) {
    if foreign.is_empty() {
        return;
    }
    let shown: Vec<String> = foreign.iter().take(10).map(|scope| scope.chars().take(100).collect()).collect();
    let details = json!({ "field": "scopes", "sent": shown });
    db.note_security(can.actor().clone(), SecurityEvent::of(SecurityKind::InputValidationDiscreteFail, details)).await;
}

fn created(
    context: &Context,
    place: &Place,
    name: &str,
    text: String,
    url: String,
    before: String,
    scope: Option<&String>,
) -> Result<HttpResponse, AppError> {
    let shell = context.shell(format!("{name}: the new token")).under(place.label, place.list).under(name, url.clone());
    let opens = context.site().token_scopes.iter().find(|(name, _)| scope.is_some_and(|scope| scope == name));
    let base = context.site().public_url.as_deref().unwrap_or("$CONSOLE");
    let example = format!("{base}{}", opens.map_or("/tenants.json", |(_, list)| list));
    page::html(StatusCode::CREATED, Created { shell, text, name: name.to_owned(), url, before, example }.render())
}

/// The form was sent again, as browsers do when a page is reloaded.
fn shown_before(url: &str) -> HttpResponse {
    let said = "This form was sent before. The token exists; its text was shown then and is stored nowhere. \
                If nobody kept it, rotate the token for a new one.";
    see_other(url, Flash::warn(said))
}

#[derive(Template)]
#[template(path = "access/tokens/rotation.html")]
struct RotationPage {
    shell: Shell,
    form: FormView,
    listed: Listed,
    url: String,
}

/// `/account/tokens/{id}/rotation/new`
pub async fn ask_own(
    can: Can<MakeOwnTokens>,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    ask(&can, &context, &db, &OWN, id.0).await
}

/// `POST /account/tokens/{id}/rotation`
pub async fn rotate_own(
    can: Can<MakeOwnTokens>,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    rotate(&can, &context, &db, &OWN, id.0, &form).await
}

/// `/tokens/{id}/rotation/new`
pub async fn ask_for_service(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    ask(&can, &context, &db, &SERVICE, id.0).await
}

/// `POST /tokens/{id}/rotation`
pub async fn rotate_for_service(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    rotate(&can, &context, &db, &SERVICE, id.0, &form).await
}

/// The token, if whoever asks may learn its successor: its owner, and for a service staff who may do all it is for.
async fn rotatable<P: Privilege>(can: &Can<P>, db: &Db, place: &Place, id: Uuid) -> Result<Listed, AppError> {
    let (whose, by) = (whose(place), can.actor().user_id);
    let listed = db
        .read(can, move |conn| {
            let listed = store::find(conn, id, whose)?;
            if listed.owner.is_service() {
                store::lent(conn, by, &listed.token)?;
            }
            Ok(listed)
        })
        .await?;
    match whose == Whose::Own || listed.owner.is_service() {
        true => Ok(listed),
        false => Err(AppError::Conflict(format!(
            "Whoever rotates a token learns the new one. This one is {}'s, who rotates it in their account; you can revoke it.",
            listed.owner.name
        ))),
    }
}

fn whose(place: &Place) -> Whose {
    match place.whom {
        For::Oneself => Whose::Own,
        For::AService => Whose::Anybodys,
    }
}

fn rotation_page(
    context: &Context,
    place: &Place,
    listed: Listed,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let mut shell = context.shell(format!("Rotate {}", listed.token.name));
    shell.trail = actions::trail(&listed, whose(place), "rotation");
    let url = format!("{}/{}", place.list, listed.token.id);
    page::html(status, RotationPage { shell, form, listed, url }.render())
}

async fn ask<P: Privilege>(
    can: &Can<P>,
    context: &Context,
    db: &Db,
    place: &Place,
    id: Uuid,
) -> Result<HttpResponse, AppError> {
    let listed = rotatable(can, db, place, id).await?;
    let form = FormView::filled(&[("overlap_hours", &OVERLAP_HOURS.1.to_string())]);
    rotation_page(context, place, listed, form, StatusCode::OK)
}

async fn rotate<P: Privilege>(
    can: &Can<P>,
    context: &Context,
    db: &Db,
    place: &Place,
    id: Uuid,
    form: &Form,
) -> Result<HttpResponse, AppError> {
    let listed = rotatable(can, db, place, id).await?;
    let rotation = match Rotation::from_form(form) {
        Ok(rotation) => rotation,
        Err(errors) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return rotation_page(context, place, listed, form.view(errors), status);
        }
    };
    let (new_id, made) = (Uuid::now_v7(), token::NewToken::random());
    let url = format!("{}/{new_id}", place.list);
    let action = actions::action("api_token.rotate", &listed).reason(&rotation.reason).once(form.once(), url.clone());
    let (hash, prefix, text, hours) = (made.hash, made.prefix.clone(), made.text, rotation.overlap.as_hours());
    let whose = whose(place);
    let written = db
        .write(can, action, move |tx| {
            let old = store::find(tx, id, whose)?.token;
            store::rotate(tx, &old, new_id, rotation.overlap, &prefix, hash)
        })
        .await;
    match written {
        Ok(()) => {
            let before = match hours {
                0 => format!("{} has ended.", listed.token.shown()),
                hours => format!("{} works for another {hours} hours.", listed.token.shown()),
            };
            let scope = listed.token.scopes().first().map(|scope| (*scope).to_owned());
            created(context, place, &listed.token.name, text, url, before, scope.as_ref())
        }
        Err(AppError::AlreadyDone(url)) => Ok(shown_before(&url)),
        Err(AppError::Conflict(why)) => {
            let form = form.view(vec![FieldError::new("base", why)]);
            rotation_page(context, place, listed, form, StatusCode::CONFLICT)
        }
        Err(error) => Err(error),
    }
}
