//! Making roles and editing them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::actions::trail;
use super::forms::{self, CONSTRAINTS, RoleFacts, RolePatch};
use super::model::{Area, PrivilegeRow, Role, RoleOf, areas};
use super::store;
use crate::access::Manage;
use crate::action::Action;
use crate::actor::Can;
use crate::audit::history;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::web::confirm::Question;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::flash::Flash;
use crate::web::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "access/roles/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    areas: Vec<Area>,
    /// None for a new role.
    role: Option<Role>,
    conflict: Vec<Difference>,
}

/// A role and everything that it could contain.
pub struct Editable {
    of: RoleOf,
    all: Vec<PrivilegeRow>,
}

/// Empty, or with `?copy=` as another role is.
pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let form = match context.pairs()?.get("copy") {
        None => FormView::filled(&[]),
        Some(id) => {
            let id: Uuid = id.parse().map_err(|_| AppError::NotFound)?;
            forms::copied(&db.read(&can, move |conn| store::find(conn, id)).await?)
        }
    };
    show_new(&can, &context, &db, form, StatusCode::OK).await
}

async fn show_new(
    can: &Can<Manage>,
    context: &Context,
    db: &Db,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let areas = areas(db.read(can, store::all_privileges).await?);
    let shell = context.shell("New role").under("Roles", "/roles").under("new", "");
    page::html(status, FormPage { shell, form, areas, role: None, conflict: Vec::new() }.render())
}

pub async fn create(can: Can<Manage>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let again =
        |errors: Vec<FieldError>| show_new(&can, &context, &db, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY);
    let new = match RoleFacts::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let id = Uuid::now_v7();
    let location = format!("/roles/{id}");
    let action = Action::on("role.create", "role", id).reason(form.get("reason")).once(form.once(), location.clone());
    let done = Flash::ok(format!("{} is made.", new.name));
    match db.write(&can, action, move |tx| store::insert(tx, id, &new)).await {
        Ok(()) => Ok(see_other(&location, done)),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?).await,
    }
}

impl EditForm for RolePatch {
    type Row = Editable;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] =
        &["name", "description", "mfa_required", "asks_read_reason", "privilege_name"];
    const SHOWS_EFFECT: bool = true;
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Editable, AppError> {
        Ok(Editable { of: store::find_changeable(conn, id)?, all: store::all_privileges(conn)? })
    }
    fn values_at(conn: &mut PgConnection, row: &Editable, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "roles", row.of.role.id, version)
    }
    fn fill(row: &Editable) -> FormView {
        forms::filled(&row.of)
    }
    fn read(form: &Form) -> Result<RolePatch, Vec<FieldError>> {
        RolePatch::from_form(form)
    }
    fn action(row: &Editable) -> Action {
        Action::on("role.update", "role", row.of.role.id)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, row: &Editable) -> Result<(), AppError> {
        store::update(tx, &row.of, self)
    }
    fn done(&self, _: &Editable) -> String {
        format!("{} is saved.", self.facts.name)
    }
    fn question(row: &Editable) -> Question {
        let role = &row.of.role;
        Question {
            title: format!("Save {}", role.name),
            post_to: role.url(),
            trail: trail(role, "edit"),
            ..Question::default()
        }
    }
    fn post_to(row: &Editable) -> String {
        row.of.role.url()
    }
    fn back_to(row: &Editable) -> String {
        row.of.role.url()
    }
    fn page(context: &Context, row: Editable, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let Editable { of: RoleOf { role, .. }, all } = row;
        let mut shell = context.shell(format!("Edit {}", role.name));
        shell.trail = trail(&role, "edit");
        FormPage { shell, form, areas: areas(all), role: Some(role), conflict }.render()
    }
}
