//! Adding people to a department.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::actions::{action, trail};
use super::forms::{CONSTRAINTS, NewMember};
use super::model::Department;
use super::store;
use crate::access::Manage;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::confirm::{self, Question, Sent};
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "access/departments/new_member.html")]
struct NewPage {
    shell: Shell,
    form: FormView,
    department: Department,
}

/// The department of an address, unless it is another tenant's.
async fn department(can: &Can<Manage>, db: &Db, path: (Uuid, Uuid)) -> Result<Department, AppError> {
    let (tenant_id, id) = path;
    let department = db.read(can, move |conn| store::find_living(conn, id)).await?;
    match department.tenant_id == tenant_id {
        true => Ok(department),
        false => Err(AppError::NotFound),
    }
}

pub async fn new(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    path: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, AppError> {
    let department = department(&can, &db, *path).await?;
    show_new(&context, department, FormView::filled(&[]), StatusCode::OK)
}

fn show_new(
    context: &Context,
    department: Department,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let mut shell = context.shell(format!("Add a person to {}", department.name));
    shell.trail = trail(&department, "new member");
    page::html(status, NewPage { shell, form, department }.render())
}

pub async fn create(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    path: Path<(Uuid, Uuid)>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let department = department(&can, &db, *path).await?;
    let again = |errors: Vec<FieldError>, status: StatusCode| {
        show_new(&context, department.clone(), form.view(errors).with("effect", ""), status)
    };
    let new = match NewMember::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors, StatusCode::UNPROCESSABLE_ENTITY),
    };
    if confirm::wants_form(&form) {
        return again(Vec::new(), StatusCode::OK);
    }
    let question = || Question {
        title: format!("Add {} to {}", form.get("email").trim(), department.name),
        post_to: format!("{}/members", department.url()),
        trail: trail(&department, "new member"),
        ..Question::default()
    };
    let (member_id, of) = (Uuid::now_v7(), department.clone());
    let added = action("department.add_member", &department).reason(form.get("reason"));
    let added = added.once(form.once(), department.url());
    let done = Flash::ok(format!("{} belongs to {} now.", new.email, department.name));
    match confirm::send(&can, &db, added, &form, move |tx| store::add(tx, member_id, &of, &new)).await {
        Ok(Sent::Done) => Ok(see_other(&department.url(), done)),
        Ok(Sent::Shown(effect)) => confirm::shown(&context, question(), &form, &effect),
        Ok(Sent::Changed(effect)) => confirm::changed(&context, question(), &form, &effect),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?, StatusCode::UNPROCESSABLE_ENTITY),
    }
}
