//! Giving a smaller assignment instead of the one that is held.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::actions::action;
use super::model::Item;
use super::pages::trail;
use super::store;
use crate::access::Manage;
use crate::access::assignments::forms::{CONSTRAINTS, NewAssignment};
use crate::access::assignments::model::{Assignment, SCOPES};
use crate::access::assignments::store as assignments;
use crate::access::assignments::store::Resolved;
use crate::actor::Can;
use crate::db::Db;
use crate::error::AppError;
use crate::web::confirm::{self, Question, Sent};
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "access/review_items/reduce.html")]
struct Reduce {
    shell: Shell,
    item: Item,
    form: FormView,
    /// Roles that contain nothing more than the one that is held.
    roles: Vec<(Uuid, String)>,
    /// Scopes that reach no further.
    scopes: Vec<&'static str>,
}

/// An item with its assignment as it is now.
struct Held {
    item: Item,
    row: Assignment,
    roles: Vec<(Uuid, String)>,
}

async fn load(can: &Can<Manage>, db: &Db, review_id: Uuid, id: Uuid) -> Result<Held, AppError> {
    db.read(can, move |conn| {
        let item = store::of_review(conn, review_id, id)?;
        let row = assignments::find(conn, item.assignment_id)?;
        let roles = store::smaller_roles(conn, row.role_id)?;
        Ok(Held { item, row, roles })
    })
    .await
}

pub async fn new(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    path: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, AppError> {
    let (review_id, id) = path.into_inner();
    let held = load(&can, &db, review_id, id).await?;
    if !held.item.is_open() {
        return Err(AppError::Conflict("Nothing is left to decide about this assignment.".into()));
    }
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let form = FormView::filled(&[
        ("role_id", &held.row.role_id.to_string()),
        ("scope_kind", &held.row.scope_kind),
        ("tenant_id", &if held.row.scope_kind == "client" { String::new() } else { text(held.row.tenant_id) }),
        ("client_id", &text(held.row.client_id)),
        ("return_to", &context.return_to().unwrap_or_default()),
    ]);
    show(&context, held, form, StatusCode::OK)
}

fn show(context: &Context, held: Held, form: FormView, status: StatusCode) -> Result<HttpResponse, AppError> {
    let mut shell = context.shell(format!("Reduce {}", held.item.named()));
    shell.trail = trail(&held.item, "reduction");
    let from = SCOPES.iter().position(|scope| *scope == held.row.scope_kind).unwrap_or_default();
    let scopes = SCOPES[from..].to_vec();
    page::html(status, Reduce { shell, item: held.item, form, roles: held.roles, scopes }.render())
}

pub async fn create(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    path: Path<(Uuid, Uuid)>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let (review_id, id) = path.into_inner();
    let held = load(&can, &db, review_id, id).await?;
    let again = |held: Held, errors: Vec<FieldError>, status: StatusCode| {
        show(&context, held, form.view(errors).with("effect", ""), status)
    };
    let new = match NewAssignment::for_principal(&form, held.row.holder()) {
        Ok(new) => new,
        Err(errors) => return again(held, errors, StatusCode::UNPROCESSABLE_ENTITY),
    };
    if confirm::wants_form(&form) {
        return again(held, Vec::new(), StatusCode::OK);
    }
    let back = form.return_to().unwrap_or_else(|| held.item.review_url());
    match reduce(&can, &db, &form, &held, new, &back).await {
        Ok(Sent::Done) => Ok(see_other(&back, Flash::ok(format!("{} is reduced.", held.item.named())))),
        Ok(Sent::Shown(effect)) => confirm::shown(&context, question(&held.item), &form, &effect),
        Ok(Sent::Changed(effect)) => confirm::changed(&context, question(&held.item), &form, &effect),
        Err(AppError::Conflict(why)) => again(held, vec![FieldError::new("base", why)], StatusCode::CONFLICT),
        Err(error) => again(held, field_errors(error, &CONSTRAINTS)?, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

async fn reduce(
    can: &Can<Manage>,
    db: &Db,
    form: &Form,
    held: &Held,
    new: NewAssignment,
    back: &str,
) -> Result<Sent, AppError> {
    let (item_id, new_id, ends) = (held.item.id, Uuid::now_v7(), held.row.expires_at);
    let reduction = action("access_review.reduce", &held.item).reason(&new.reason).once(form.once(), back.to_owned());
    let resolved: Resolved = db.read(can, move |conn| assignments::resolve(conn, &new)).await?;
    // Blank leaves the end as it is.
    let resolved = Resolved { expires_at: resolved.expires_at.or(ends), ..resolved };
    confirm::send(can, db, reduction, form, move |tx| store::reduce(tx, item_id, new_id, &resolved)).await
}

fn question(item: &Item) -> Question {
    Question {
        title: format!("Reduce {}", item.named()),
        post_to: format!("{}/reduction", item.url()),
        trail: trail(item, "reduction"),
        ..Question::default()
    }
}
