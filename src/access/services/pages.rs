//! The form that makes a service.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;

use super::forms::{CONSTRAINTS, NewService};
use super::store;
use crate::access::Manage;
use crate::access::assignments::model::{Principal, SCOPES};
use crate::access::assignments::store as assignments;
use crate::access::people::store as people;
use crate::action::Action;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "access/services/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    roles: Vec<(Uuid, String)>,
    scopes: &'static [&'static str],
}

pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    show(&can, &context, &db, FormView::filled(&[("scope_kind", "platform")]), StatusCode::OK).await
}

async fn show(
    can: &Can<Manage>,
    context: &Context,
    db: &Db,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let roles = db.read(can, people::roles).await?;
    let shell = context.shell("New service").under("People", "/people").under("new service", "");
    page::html(status, New { shell, form, roles, scopes: &SCOPES }.render())
}

pub async fn create(can: Can<Manage>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let again =
        |errors: Vec<FieldError>| show(&can, &context, &db, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY);
    let new = match NewService::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let done = Flash::ok(format!("{} is made. It acts with API tokens, which you make for it here.", new.name));
    match make(&can, &db, &form, new).await {
        Ok(location) => Ok(see_other(&location, done)),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?).await,
    }
}

async fn make(can: &Can<Manage>, db: &Db, form: &Form, new: NewService) -> Result<String, AppError> {
    let (id, name, given) = (new.id, new.name, new.given);
    let location = format!("/people/{id}/tokens");
    let action = Action::on("user.create_service", "user", id).reason(&given.reason);
    let resolving = db.read(can, move |conn| assignments::resolve_for(conn, &given, Principal::Person(id)));
    let given = resolving.await?;
    let action = given.place.tenant_id.into_iter().fold(action, Action::tenant);
    let action = given.place.client_id.into_iter().fold(action, Action::client);
    let action = action.once(form.once(), location.clone());
    db.write(can, action, move |tx| store::insert(tx, id, &name, &given)).await?;
    Ok(location)
}
