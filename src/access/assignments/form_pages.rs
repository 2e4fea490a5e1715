//! Giving a role to a person, a group or a department.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;

use super::forms::{CONSTRAINTS, NewAssignment};
use super::model::{Principal, SCOPES};
use super::store::{self, Resolved};
use crate::access::Manage;
use crate::access::roles::store as roles;
use crate::action::Action;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::confirm::{self, Question, Sent};
use crate::web::context::Context;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Crumb, Shell, see_other};

#[derive(Template)]
#[template(path = "access/assignments/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    /// Who gets it, where the page before has said so: the field and the name.
    to: Option<(&'static str, String)>,
    roles: Vec<(Uuid, String)>,
    groups: Vec<(Uuid, String)>,
    scopes: &'static [&'static str],
}

/// The fields that name somebody by id.
const PRINCIPAL_FIELDS: [&str; 3] = ["user_id", "group_id", "department_id"];

/// `?user_id=`, `?group_id=` or `?department_id=` say to whom, `?role=` says what.
pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let pairs = context.pairs()?;
    let asked = |name: &str| pairs.get(name).unwrap_or_default().to_owned();
    let mut form = FormView::filled(&[("role_id", &asked("role")), ("scope_kind", "platform")]);
    for field in PRINCIPAL_FIELDS {
        form = form.with(field, &asked(field));
    }
    let form = form.with("return_to", &context.return_to().unwrap_or_default());
    show_new(&can, &context, &db, form, StatusCode::OK).await
}

async fn show_new(
    can: &Can<Manage>,
    context: &Context,
    db: &Db,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    // A group is chosen on the page itself, unless the form came from the group's own page.
    let known = PRINCIPAL_FIELDS.into_iter().find_map(|field| {
        let id: Uuid = form.value(field).parse().ok()?;
        Some((field, principal(field, id)))
    });
    let (to, roles, groups) = db
        .read(can, move |conn| {
            let to = match known {
                None => None,
                Some((field, principal)) => match store::name_of(conn, principal) {
                    Ok(name) => Some((field, name)),
                    Err(AppError::NotFound) => None,
                    Err(error) => return Err(error),
                },
            };
            Ok((to, roles::names(conn)?, store::group_names(conn)?))
        })
        .await?;
    let shell = context.shell("Assign a role").under("Assignments", "/assignments").under("new", "");
    page::html(status, New { shell, form, to, roles, groups, scopes: &SCOPES }.render())
}

fn principal(field: &str, id: Uuid) -> Principal {
    match field {
        "user_id" => Principal::Person(id),
        "group_id" => Principal::Group(id),
        _ => Principal::Department(id),
    }
}

pub async fn create(can: Can<Manage>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let again = |errors: Vec<FieldError>, status: StatusCode| {
        show_new(&can, &context, &db, form.view(errors).with("effect", ""), status)
    };
    let new = match NewAssignment::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors, StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    if confirm::wants_form(&form) {
        return again(Vec::new(), StatusCode::OK).await;
    }
    match give(&can, &db, &form, new).await {
        Ok((Sent::Done, location)) => Ok(see_other(&location, Flash::ok("The role is assigned."))),
        Ok((Sent::Shown(effect), _)) => confirm::shown(&context, question(), &form, &effect),
        Ok((Sent::Changed(effect), _)) => confirm::changed(&context, question(), &form, &effect),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?, StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}

async fn give(can: &Can<Manage>, db: &Db, form: &Form, new: NewAssignment) -> Result<(Sent, String), AppError> {
    let (id, reason) = (Uuid::now_v7(), new.reason.clone());
    let resolved: Resolved = db.read(can, move |conn| store::resolve(conn, &new)).await?;
    let location = form.return_to().unwrap_or_else(|| format!("/assignments/{id}"));
    let action = Action::on("assignment.create", "assignment", id).reason(&reason);
    let action = resolved.place.of(action).once(form.once(), location.clone());
    let sent = confirm::send(can, db, action, form, move |tx| store::insert(tx, id, &resolved)).await?;
    Ok((sent, location))
}

fn question() -> Question {
    Question {
        title: "Assign role".into(),
        post_to: "/assignments".into(),
        trail: vec![
            Crumb { label: "Assignments".into(), href: "/assignments".into() },
            Crumb { label: "new".into(), href: String::new() },
        ],
        ..Question::default()
    }
}
