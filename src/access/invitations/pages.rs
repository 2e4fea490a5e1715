//! The form that invites somebody.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;

use super::forms::{CONSTRAINTS, NewPerson};
use super::store;
use crate::access::Manage;
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
#[template(path = "access/invitations/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    roles: Vec<(Uuid, String)>,
}

pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let form = FormView::filled(&[]).with("return_to", &context.return_to().unwrap_or_default());
    show(&can, &context, &db, form, StatusCode::OK).await
}

async fn show(
    can: &Can<Manage>,
    context: &Context,
    db: &Db,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let roles = db.read(can, people::roles).await?;
    let shell = context.shell("Invite a person").under("People", "/people").under("invite", "");
    page::html(status, New { shell, form, roles }.render())
}

pub async fn create(can: Can<Manage>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let again =
        |errors: Vec<FieldError>| show(&can, &context, &db, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY);
    let new = match NewPerson::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let address = format!("/people/{}", new.id);
    let action = Action::on("user.invite", "user", new.id).reason(&new.reason).once(form.once(), address.clone());
    let done = Flash::ok(format!("An invitation is on its way to {}.", new.email));
    match db.write(&can, action, move |tx| store::insert(tx, &new)).await {
        Ok(()) => Ok(see_other(&address, done)),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?).await,
    }
}
