//! Changing when an assignment ends.

use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::actions::{action, trail};
use super::forms::ExpiryPatch;
use super::model::Assignment;
use super::store;
use crate::access::Manage;
use crate::action::Action;
use crate::audit::history;
use crate::db::Tx;
use crate::error::AppError;
use crate::web::confirm::Question;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::filters;
use crate::web::form::{FieldError, Form, FormView};
use crate::web::page::Shell;

#[derive(Template)]
#[template(path = "access/assignments/expiry.html")]
struct Page {
    shell: Shell,
    form: FormView,
    row: Assignment,
    conflict: Vec<Difference>,
}

impl EditForm for ExpiryPatch {
    type Row = Assignment;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = &["expires_at"];
    const SHOWS_EFFECT: bool = true;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Assignment, AppError> {
        store::find_changeable(conn, id)
    }
    fn values_at(conn: &mut PgConnection, row: &Assignment, version: i32) -> Result<Map<String, Value>, AppError> {
        let mut values = history::values_at(conn, "assignments", row.id, version)?;
        // The form has days, the log has moments.
        if let Some(Value::String(at)) = values.get_mut("expires_at") {
            at.truncate("2026-01-31".len());
        }
        Ok(values)
    }
    fn fill(row: &Assignment) -> FormView {
        FormView::filled(&[("version", &row.version.to_string()), ("expires_at", &row.last_day())])
    }
    fn read(form: &Form) -> Result<ExpiryPatch, Vec<FieldError>> {
        ExpiryPatch::from_form(form)
    }
    fn action(row: &Assignment) -> Action {
        action("assignment.change_expiry", row)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, row: &Assignment) -> Result<(), AppError> {
        store::change_expiry(tx, row, self)
    }
    fn done(&self, row: &Assignment) -> String {
        match self.expires_at {
            Some(_) => format!("{} of {} has another end.", row.role, row.principal()),
            None => format!("{} of {} has no end any more.", row.role, row.principal()),
        }
    }
    fn question(row: &Assignment) -> Question {
        Question { title: "Change the end".into(), post_to: row.url(), trail: trail(row, "end"), ..Question::default() }
    }
    fn post_to(row: &Assignment) -> String {
        row.url()
    }
    fn back_to(row: &Assignment) -> String {
        row.url()
    }
    fn page(context: &Context, row: Assignment, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let mut shell = context.shell(format!("End of {} of {}", row.role, row.principal()));
        shell.trail = trail(&row, "end");
        Page { shell, form, row, conflict }.render()
    }
}
