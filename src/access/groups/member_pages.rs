//! Adding people to a group.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::actions::{action, trail};
use super::forms::{CONSTRAINTS, NewMember};
use super::model::Group;
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
#[template(path = "access/groups/new_member.html")]
struct NewPage {
    shell: Shell,
    form: FormView,
    group: Group,
}

pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let group = db.read(&can, move |conn| store::find_living(conn, *id)).await?;
    let form = FormView::filled(&[("email", context.pairs()?.get("email").unwrap_or_default())]);
    show_new(&context, group, form, StatusCode::OK)
}

fn show_new(context: &Context, group: Group, form: FormView, status: StatusCode) -> Result<HttpResponse, AppError> {
    let mut shell = context.shell(format!("Add a person to {}", group.name));
    shell.trail = trail(&group, "new member");
    page::html(status, NewPage { shell, form, group }.render())
}

pub async fn create(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let group = db.read(&can, move |conn| store::find_living(conn, *id)).await?;
    let again = |errors: Vec<FieldError>, status: StatusCode| {
        show_new(&context, group.clone(), form.view(errors).with("effect", ""), status)
    };
    let new = match NewMember::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors, StatusCode::UNPROCESSABLE_ENTITY),
    };
    if confirm::wants_form(&form) {
        return again(Vec::new(), StatusCode::OK);
    }
    let question = || Question {
        title: format!("Add {} to {}", form.get("email").trim(), group.name),
        post_to: format!("{}/members", group.url()),
        trail: trail(&group, "new member"),
        ..Question::default()
    };
    let (member_id, of) = (Uuid::now_v7(), group.clone());
    let added = action("group.add_member", &group).reason(form.get("reason")).once(form.once(), group.url());
    let done = Flash::ok(format!("{} belongs to {} now.", new.email, group.name));
    match confirm::send(&can, &db, added, &form, move |tx| store::add(tx, member_id, &of, &new)).await {
        Ok(Sent::Done) => Ok(see_other(&group.url(), done)),
        Ok(Sent::Shown(effect)) => confirm::shown(&context, question(), &form, &effect),
        Ok(Sent::Changed(effect)) => confirm::changed(&context, question(), &form, &effect),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?, StatusCode::UNPROCESSABLE_ENTITY),
    }
}
