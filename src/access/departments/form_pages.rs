//! Making departments, renaming and moving them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::actions::{action, trail};
use super::forms::{self, CONSTRAINTS, DepartmentFacts, DepartmentPatch};
use super::model::{Branch, Department};
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
#[template(path = "access/departments/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    post_to: String,
    back_to: String,
    parents: Vec<(Uuid, String)>,
    is_new: bool,
    conflict: Vec<Difference>,
}

/// A department and those it could be put below.
pub struct Movable {
    department: Department,
    tree: Vec<Branch>,
}

fn choices(tree: &[Branch], but: Option<Uuid>) -> Vec<(Uuid, String)> {
    let others = tree.iter().filter(|branch| Some(branch.department.id) != but);
    others.map(|branch| (branch.department.id, branch.label())).collect()
}

/// `?parent_id=` says where.
pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let parent = context.pairs()?.get("parent_id").unwrap_or_default().to_owned();
    show_new(&can, &context, &db, *id, FormView::filled(&[("parent_id", &parent)]), StatusCode::OK).await
}

async fn show_new(
    can: &Can<Manage>,
    context: &Context,
    db: &Db,
    tenant_id: Uuid,
    form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let (tenant, tree) = db
        .read(can, move |conn| Ok((store::tenant_name(conn, tenant_id)?, store::of_tenant(conn, tenant_id)?)))
        .await?;
    let post_to = format!("/tenants/{tenant_id}/departments");
    let shell = context.shell(format!("New department of {tenant}")).under("Tenants", "/tenants");
    let shell = shell.under(tenant, format!("/tenants/{tenant_id}")).under("departments", post_to.clone());
    let page = FormPage {
        shell: shell.under("new", ""),
        form,
        back_to: post_to.clone(),
        post_to,
        parents: choices(&tree, None),
        is_new: true,
        conflict: Vec::new(),
    };
    page::html(status, page.render())
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
    let new = match DepartmentFacts::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let id = Uuid::now_v7();
    let back = format!("/tenants/{tenant_id}/departments");
    let action = Action::on("department.create", "department", id).tenant(tenant_id).reason(form.get("reason"));
    let action = action.once(form.once(), back.clone());
    let done = Flash::ok(format!("{} is made.", new.name));
    match db.write(&can, action, move |tx| store::insert(tx, id, tenant_id, &new)).await {
        Ok(()) => Ok(see_other(&back, done)),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?).await,
    }
}

impl EditForm for DepartmentPatch {
    type Row = Movable;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = &["name", "parent_id"];
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Movable, AppError> {
        let department = store::find_living(conn, id)?;
        Ok(Movable { tree: store::of_tenant(conn, department.tenant_id)?, department })
    }
    fn values_at(conn: &mut PgConnection, row: &Movable, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "departments", row.department.id, version)
    }
    fn fill(row: &Movable) -> FormView {
        forms::filled(&row.department)
    }
    fn read(form: &Form) -> Result<DepartmentPatch, Vec<FieldError>> {
        DepartmentPatch::from_form(form)
    }
    fn action(row: &Movable) -> Action {
        action("department.update", &row.department)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, row: &Movable) -> Result<(), AppError> {
        store::update(tx, &row.department, self)
    }
    fn done(&self, _: &Movable) -> String {
        format!("{} is saved.", self.facts.name)
    }
    fn post_to(row: &Movable) -> String {
        row.department.url()
    }
    fn back_to(row: &Movable) -> String {
        row.department.list_url()
    }
    fn page(context: &Context, row: Movable, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let Movable { department, tree } = row;
        let mut shell = context.shell(format!("Edit {}", department.name));
        shell.trail = trail(&department, "edit");
        let parents = choices(&tree, Some(department.id));
        let (post_to, back_to) = (department.url(), department.list_url());
        FormPage { shell, form, post_to, back_to, parents, is_new: false, conflict }.render()
    }
}
