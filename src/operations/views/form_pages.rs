//! Making views and editing them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::actions::trail;
use super::forms::{self, CONSTRAINTS, NewView, ViewPatch, unfit};
use super::menu::to_all;
use super::model::{View, address};
use super::pages::label;
use super::{KeepViews, store};
use crate::action::Action;
use crate::actor::Can;
use crate::audit::history;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{self, EditForm, Rendered};
use crate::web::flash::Flash;
use crate::web::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};
use crate::web::query::own_path;
use crate::web::route::RowId;

#[derive(Template)]
#[template(path = "operations/views/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    /// None for a new view.
    view: Option<View>,
    conflict: Vec<Difference>,
    /// What the list is called.
    label: String,
}

impl FormPage {
    fn of_new(context: &Context, form: FormView) -> FormPage {
        let label = label(context.site(), form.value("path"));
        let shell = context.shell("Save this view").under("Saved views", "/views").under("new", "");
        FormPage { shell, form, view: None, conflict: Vec::new(), label }
    }
}

/// `?at=` says which list, and what is seen of it; without it there is nothing to be kept.
pub async fn new(_: Can<KeepViews>, context: Context) -> Result<HttpResponse, AppError> {
    let pairs = context.pairs()?;
    let Some(at) = pairs.get("at") else { return Ok(to_all()) };
    let at = own_path(Some(at)).unwrap_or_default();
    let (path, query) = at.split_once('?').unwrap_or((&at, ""));
    // What the list does not know is left for the form to be refused with.
    let known = context.site().list_at(path).and_then(|list| list.check(path, query).ok());
    let query = known.as_deref().unwrap_or(query);
    page::ok(FormPage::of_new(&context, FormView::filled(&[("path", path), ("query", query)])).render())
}

pub async fn create(can: Can<KeepViews>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let refused = |errors: Vec<FieldError>| {
        page::html(StatusCode::UNPROCESSABLE_ENTITY, FormPage::of_new(&context, form.view(errors)).render())
    };
    let new = match NewView::from_form(&form, context.site(), can.actor()) {
        Ok(new) => new,
        Err(errors) => return refused(errors),
    };
    let (id, location) = (Uuid::now_v7(), address(&new.path, &new.query));
    let action = Action::on("view.create", "view", id).once(form.once(), location.clone());
    let done = Flash::ok(format!("The view {} is saved.", new.name));
    match db.write(&can, action, move |tx| store::insert(tx, id, &new)).await {
        Ok(()) => Ok(see_other(&location, done)),
        Err(error) => refused(field_errors(error, &CONSTRAINTS)?),
    }
}

/// What only the list can say of a form is looked at first; all else is as with every form that is edited.
pub async fn update(
    can: Can<KeepViews>,
    context: Context,
    db: Data<Db>,
    id: RowId,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let view = db.read(&can, move |conn| store::own(conn, id.0)).await?;
    let mut errors = unfit(&form, &view, context.site(), can.actor());
    if errors.is_empty() {
        return edit::update::<ViewPatch>(can, context, db, id, form).await;
    }
    errors.extend(ViewPatch::from_form(&form).err().unwrap_or_default());
    errors.dedup_by(|one, other| one.field == other.field);
    page::html(StatusCode::UNPROCESSABLE_ENTITY, ViewPatch::page(&context, view, form.view(errors), Vec::new()))
}

impl EditForm for ViewPatch {
    type Row = View;
    type Needs = KeepViews;
    const COLUMNS: &'static [&'static str] = &["name", "query", "is_shared"];
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<View, AppError> {
        store::own(conn, id)
    }
    fn values_at(conn: &mut PgConnection, view: &View, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "saved_views", view.id, version)
    }
    fn fill(view: &View) -> FormView {
        forms::filled(view)
    }
    fn read(form: &Form) -> Result<ViewPatch, Vec<FieldError>> {
        ViewPatch::from_form(form)
    }
    fn action(view: &View) -> Action {
        Action::on("view.update", "view", view.id)
    }
    fn apply(&self, tx: &mut Tx<'_, KeepViews>, view: &View) -> Result<(), AppError> {
        store::update(tx, view, self)
    }
    fn done(&self, _: &View) -> String {
        format!("The view {} is saved.", self.name)
    }
    fn post_to(view: &View) -> String {
        view.url()
    }
    fn back_to(_: &View) -> String {
        "/views".into()
    }
    /// `?query=` on the way here holds what is seen now, to be kept in the place of what was.
    fn page(context: &Context, view: View, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let seen = context.pairs().ok().and_then(|pairs| pairs.get("query").map(str::to_owned));
        let form = match seen.filter(|_| context.path.ends_with("/edit")) {
            Some(seen) => form.with("query", &seen),
            None => form,
        };
        let mut shell = context.shell(format!("Edit {}", view.name));
        shell.trail = trail(&view, "edit");
        let label = label(context.site(), &view.path);
        FormPage { shell, form, view: Some(view), conflict, label }.render()
    }
}
