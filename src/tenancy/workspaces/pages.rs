//! Making and renaming workspaces.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::forms::{self, NewWorkspace, WorkspacePatch};
use super::model::{Workspace, WorkspaceOf};
use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::audit::history;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::tenancy::Manage;
use crate::tenancy::tenants::model::Tenant;
use crate::tenancy::tenants::pages::trail;
use crate::tenancy::tenants::store as tenants;
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::page::{self, Shell, see_other};

#[derive(Template)]
#[template(path = "tenancy/workspaces/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    tenant: Tenant,
    /// None for a new workspace.
    workspace: Option<Workspace>,
    conflict: Vec<Difference>,
}

pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    show_new(&can, &context, &db, *id, FormView::filled(&[]), StatusCode::OK).await
}

async fn show_new(
    can: &Can<Manage>,
    context: &Context,
    db: &Db,
    tenant_id: Uuid,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let tenant = db.read(can, move |conn| tenants::find_living(conn, tenant_id)).await?;
    let mut shell = context.shell(format!("New workspace of {}", tenant.name));
    shell.trail = trail(&tenant, "people", "new workspace");
    page::html(status, FormPage { shell, form, tenant, workspace: None, conflict: Vec::new() }.render())
}

pub async fn create(
    can: Can<Manage>,
    context: Context,
    db: Data<Db>,
    tenant_id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let tenant_id = *tenant_id;
    let again = |errors: Vec<FieldError>| {
        show_new(&can, &context, &db, tenant_id, form.view(errors), StatusCode::UNPROCESSABLE_ENTITY)
    };
    let new = match NewWorkspace::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let id = Uuid::now_v7();
    let back = format!("/tenants/{tenant_id}/people");
    let action = Action::on("workspace.create", "workspace", id).tenant(tenant_id).once(form.once(), back.clone());
    let done = Flash::ok(format!("{} is made.", new.name));
    match db.write(&can, action, move |tx| store::insert(tx, id, tenant_id, &new)).await {
        Ok(()) => Ok(see_other(&back, done)),
        Err(error) => again(field_errors(error, &[])?).await,
    }
}

impl EditForm for WorkspacePatch {
    type Row = WorkspaceOf;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = &["name"];

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<WorkspaceOf, AppError> {
        store::find(conn, id)
    }
    fn values_at(conn: &mut PgConnection, of: &WorkspaceOf, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "workspaces", of.workspace.id, version)
    }
    fn fill(of: &WorkspaceOf) -> FormView {
        forms::filled(&of.workspace)
    }
    fn read(form: &Form) -> Result<WorkspacePatch, Vec<FieldError>> {
        WorkspacePatch::from_form(form)
    }
    fn action(of: &WorkspaceOf) -> Action {
        Action::on("workspace.update", "workspace", of.workspace.id).tenant(of.tenant.id)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, of: &WorkspaceOf) -> Result<(), AppError> {
        store::update(tx, &of.workspace, self)
    }
    fn done(&self, _: &WorkspaceOf) -> String {
        format!("{} is saved.", self.name)
    }
    fn post_to(of: &WorkspaceOf) -> String {
        of.workspace.url()
    }
    fn back_to(of: &WorkspaceOf) -> String {
        format!("{}/people", of.tenant.url())
    }
    fn page(context: &Context, of: WorkspaceOf, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let mut shell = context.shell(format!("Rename {}", of.workspace.name));
        shell.trail = trail(&of.tenant, "people", "rename");
        FormPage { shell, form, tenant: of.tenant, workspace: Some(of.workspace), conflict }.render()
    }
}
