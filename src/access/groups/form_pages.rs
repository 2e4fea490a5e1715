//! Making groups and editing them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::actions::{action, trail};
use super::forms::{self, CONSTRAINTS, GroupPatch, NewGroup};
use super::model::Group;
use super::store;
use crate::access::Manage;
use crate::action::Action;
use crate::actor::Can;
use crate::audit::history;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::flash::Flash;
use crate::web::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "access/groups/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    /// None for a new group.
    group: Option<Group>,
    conflict: Vec<Difference>,
}

impl FormPage {
    fn of_new(context: &Context, form: FormView) -> FormPage {
        let shell = context.shell("New group").under("Groups", "/groups").under("new", "");
        FormPage { shell, form, group: None, conflict: Vec::new() }
    }
}

pub async fn new(_: Can<Manage>, context: Context) -> Result<HttpResponse, AppError> {
    let tenant = context.pairs()?.get("tenant").unwrap_or_default().to_owned();
    page::ok(FormPage::of_new(&context, FormView::filled(&[("tenant_id", &tenant)])).render())
}

pub async fn create(can: Can<Manage>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let refused = |errors: Vec<FieldError>| {
        page::html(StatusCode::UNPROCESSABLE_ENTITY, FormPage::of_new(&context, form.view(errors)).render())
    };
    let new = match NewGroup::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return refused(errors),
    };
    let id = Uuid::now_v7();
    let location = format!("/groups/{id}");
    let action = Action::on("group.create", "group", id).reason(form.get("reason")).once(form.once(), location.clone());
    let done = Flash::ok(format!("{} is made.", new.name));
    match db.write(&can, action, move |tx| store::insert(tx, id, &new)).await {
        Ok(()) => Ok(see_other(&location, done)),
        Err(error) => refused(field_errors(error, &CONSTRAINTS)?),
    }
}

impl EditForm for GroupPatch {
    type Row = Group;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = &["name", "description"];
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Group, AppError> {
        store::find_living(conn, id)
    }
    fn values_at(conn: &mut PgConnection, group: &Group, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "groups", group.id, version)
    }
    fn fill(group: &Group) -> FormView {
        forms::filled(group)
    }
    fn read(form: &Form) -> Result<GroupPatch, Vec<FieldError>> {
        GroupPatch::from_form(form)
    }
    fn action(group: &Group) -> Action {
        action("group.update", group)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, group: &Group) -> Result<(), AppError> {
        store::update(tx, group.id, self)
    }
    fn done(&self, _: &Group) -> String {
        format!("{} is saved.", self.name)
    }
    fn post_to(group: &Group) -> String {
        group.url()
    }
    fn back_to(group: &Group) -> String {
        group.url()
    }
    fn page(context: &Context, group: Group, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let mut shell = context.shell(format!("Edit {}", group.name));
        shell.trail = trail(&group, "edit");
        FormPage { shell, form, group: Some(group), conflict }.render()
    }
}
