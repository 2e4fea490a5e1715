//! Making roles and editing them.

use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::actions::trail;
use super::forms::{self, CONSTRAINTS, NewRole, RoleFacts, RolePatch};
use super::model::{Area, PrivilegeRow, Role, RoleOf, areas};
use super::store;
use crate::access::Manage;
use crate::action::Action;
use crate::audit::history;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::confirm::Question;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::create::NewForm;
use crate::web::edit::{EditForm, Rendered};
use crate::web::form::{ConstraintField, FieldError, Form, FormView};
use crate::web::page::Shell;
use crate::web::query::Pairs;

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

/// A new role, and what it is a copy of.
pub struct Making {
    id: Uuid,
    facts: RoleFacts,
    copied_from: Option<RoleOf>,
}

impl NewForm for NewRole {
    type Needs = Manage;
    type Choices = Vec<PrivilegeRow>;
    type Found = Making;
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    /// Empty, or with `?copy=` as another role is.
    fn begin(conn: &mut PgConnection, query: &Pairs) -> Result<FormView, AppError> {
        let Some(id) = query.get("copy") else { return Ok(FormView::filled(&[])) };
        let id: Uuid = id.parse().map_err(|_| AppError::NotFound)?;
        Ok(forms::copied(&store::find(conn, id)?))
    }
    fn choices(conn: &mut PgConnection) -> Result<Vec<PrivilegeRow>, AppError> {
        store::all_privileges(conn)
    }
    fn read(form: &Form) -> Result<NewRole, Vec<FieldError>> {
        NewRole::from_form(form)
    }
    fn find(self, conn: &mut PgConnection) -> Result<Making, AppError> {
        let copied_from = match self.copied_from.map(|id| store::find(conn, id)).transpose() {
            Err(AppError::NotFound) => return Err(AppError::Refused("copied_from", "must be the id of a role".into())),
            found => found?,
        };
        Ok(Making { id: self.id, facts: self.facts, copied_from })
    }
    fn action(new: &Making) -> Action {
        Action::on("role.create", "role", new.id)
    }
    fn apply(tx: &mut Tx<'_, Manage>, new: &Making) -> Result<(), AppError> {
        store::insert(tx, new.id, &new.facts, new.copied_from.as_ref())
    }
    fn done(new: &Making) -> String {
        format!("{} is made.", new.facts.name)
    }
    fn go_to(new: &Making) -> String {
        format!("/roles/{}", new.id)
    }
    fn page(context: &Context, all: Vec<PrivilegeRow>, form: FormView) -> Rendered {
        let shell = context.shell("New role").under("Roles", "/roles").under("new", "");
        FormPage { shell, form, areas: areas(all), role: None, conflict: Vec::new() }.render()
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
