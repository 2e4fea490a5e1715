//! The pages of customizations, under their client.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::forms::{self, CONSTRAINTS, CustomizationPatch, CustomizationValues};
use super::model::{Customization, STATUSES};
use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::clients::{Head, Manage, View};
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell, see_other};

const TAB: &str = "customizations";

/// What a client's customizations can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "template",
    fields: &[
        Field { name: "status", label: "status", kind: FieldKind::Choice(&STATUSES) },
        Field { name: "deleted", label: "deleted", kind: FieldKind::Choice(&["yes"]) },
    ],
    sorts: &["-created_at"],
};

#[derive(Template)]
#[template(path = "clients/customizations/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    head: Head,
    list: ListView,
    customizations: Vec<Customization>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (head, slice, count, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, *id, &list)?;
            let count = list.count(&slice, || store::count(conn, *id, &list))?;
            Ok((Head::load(conn, *id, TAB)?, slice, count, list))
        })
        .await?;
    let list = list.view(&slice, count);
    let page = Index { shell: head.shell(&context), head, list, customizations: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "clients/customizations/show.html")]
struct Show {
    shell: Shell,
    head: Head,
    customization: Customization,
    history: Vec<Entry>,
}

pub async fn show(
    can: Can<View>,
    context: Context,
    db: Data<Db>,
    ids: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, AppError> {
    let (client_id, id) = ids.into_inner();
    let (head, customization, history) = db
        .read(&can, move |conn| {
            let customization = store::find(conn, id)?;
            if customization.client_id != client_id {
                return Err(AppError::NotFound);
            }
            Ok((Head::load(conn, client_id, TAB)?, customization, history::latest(conn, Of::Target(id), 10)?))
        })
        .await?;
    let title = format!("{} of {}", customization.template_id, head.client.name);
    let shell = head.shell_below(&context, title, TAB, &customization.template_id);
    page::ok(Show { shell, head, customization, history }.render())
}

#[derive(Template)]
#[template(path = "clients/customizations/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    /// None for a new one.
    customization: Option<Customization>,
    conflict: Vec<Difference>,
    post_to: String,
}

impl FormPage {
    fn of_new(context: &Context, form: FormView, head: &Head) -> FormPage {
        let title = format!("New customization for {}", head.client.name);
        let shell = head.shell_below(context, title, TAB, "new");
        let post_to = format!("{}/{TAB}", head.client.url());
        FormPage { shell, form, customization: None, conflict: Vec::new(), post_to }
    }
}

/// A client that is not deleted.
async fn head(can: &Can<Manage>, db: &Db, id: Uuid) -> Result<Head, AppError> {
    let head = db.read(can, move |conn| Head::load(conn, id, TAB)).await?;
    if head.client.is_deleted() { Err(AppError::NotFound) } else { Ok(head) }
}

pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let head = head(&can, &db, *id).await?;
    page::ok(FormPage::of_new(&context, FormView::filled(&[("settings", "{}")]), &head).render())
}

pub async fn create(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    client_id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let head = head(&can, &db, *client_id).await?;
    let refused = |errors: Vec<FieldError>| {
        let page = FormPage::of_new(&context, form.view(errors), &head);
        page::html(StatusCode::UNPROCESSABLE_ENTITY, page.render())
    };
    let values = match CustomizationValues::from_form(&form) {
        Ok(values) => values,
        Err(errors) => return refused(errors),
    };
    let (id, client_id) = (Uuid::now_v7(), head.client.id);
    let location = format!("{}/{TAB}/{id}", head.client.url());
    let action = Action::on("client_customization.create", "client_customization", id)
        .tenant(head.client.tenant_id)
        .client(client_id)
        .once(form.once(), location.clone());
    let done = Flash::ok(format!("The customization of {} is made as a draft.", values.template_id));
    match db.write(&can, action, move |tx| store::insert(tx, id, client_id, &values)).await {
        Ok(()) => Ok(see_other(&location, done)),
        Err(error) => refused(field_errors(error, &CONSTRAINTS)?),
    }
}

impl EditForm for CustomizationPatch {
    type Row = Customization;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = CustomizationValues::COLUMNS;
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Customization, AppError> {
        let row = store::find(conn, id)?;
        if row.is_deleted() { Err(AppError::NotFound) } else { Ok(row) }
    }
    fn values_at(conn: &mut PgConnection, row: &Customization, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "client_customizations", row.id, version)
    }
    fn fill(row: &Customization) -> FormView {
        forms::filled(row)
    }
    fn read(form: &Form) -> Result<CustomizationPatch, Vec<FieldError>> {
        CustomizationPatch::from_form(form)
    }
    fn action(row: &Customization) -> Action {
        Action::on("client_customization.update", "client_customization", row.id)
            .tenant(row.tenant_id)
            .client(row.client_id)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, row: &Customization) -> Result<(), AppError> {
        store::update(tx, row, self)
    }
    fn done(&self, _: &Customization) -> String {
        format!("The customization of {} is saved as a draft.", self.values.template_id)
    }
    fn post_to(row: &Customization) -> String {
        row.url()
    }
    fn back_to(row: &Customization) -> String {
        row.url()
    }
    fn page(context: &Context, row: Customization, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let shell = context
            .shell(format!("Edit customization of {}", row.template_id))
            .under("Clients", "/clients")
            .under(TAB, row.list_url())
            .under(row.template_id.clone(), row.url())
            .under("edit", "");
        let post_to = row.url();
        FormPage { shell, form, customization: Some(row), conflict, post_to }.render()
    }
}
