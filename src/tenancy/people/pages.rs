//! The people tab of a tenant, and the forms behind it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::forms::{self, CONSTRAINTS, MemberPatch, NewMember};
use super::model::{Member, MemberOf, ROLES};
use super::store;
use crate::action::Action;
use crate::actor::{Can, Whole};
use crate::audit::history;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::tenancy::tenants::model::Tenant;
use crate::tenancy::tenants::pages::{Head, trail};
use crate::tenancy::tenants::store as tenants;
use crate::tenancy::workspaces::model::Workspace;
use crate::tenancy::workspaces::store as workspaces;
use crate::tenancy::{Export, Manage, View};
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell, see_other};

/// What the list of a tenant's people can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name or e-mail",
    fields: &[
        Field { name: "role", label: "role", kind: FieldKind::Choice(&ROLES) },
        Field { name: "workspace", label: "workspace", kind: FieldKind::Id },
    ],
    sorts: &["name", "-created_at"],
};

#[derive(Template)]
#[template(path = "tenancy/people/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    head: Head,
    list: ListView,
    members: Vec<Member>,
    workspaces: Vec<Workspace>,
}

pub async fn index(
    can: Can<Whole<View>>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (head, workspaces, slice, count, list) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, *id, "people")?;
            let workspaces = workspaces::of_tenant(conn, *id)?;
            let slice = store::list(conn, *id, &list)?;
            let count = list.count(&slice, || store::count(conn, *id, &list))?;
            Ok((head, workspaces, slice, count, list))
        })
        .await?;
    let names: Vec<(Uuid, String)> = workspaces.iter().map(|one| (one.id, one.name.clone())).collect();
    let list = list.view(&slice, count).naming("workspace", &names);
    let page = Index { shell: head.shell(&context), head, list, members: slice.rows, workspaces };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

pub async fn export(
    can: Can<Whole<Export>>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &[
        "id",
        "user_id",
        "name",
        "email",
        "role",
        "workspace_id",
        "workspace",
        "status",
        "last_login_at",
        "created_at",
    ];
    let list = List::of(&LIST, &context)?;
    let id = *id;
    db.read(&can, move |conn| tenants::find(conn, id).map(drop)).await?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, id, &list)).await }
    };
    crate::web::export::send("people", HEADER, list, load, |member: &Member| {
        vec![
            member.id.to_string(),
            member.user_id.to_string(),
            member.name.clone(),
            member.email.clone(),
            member.role.clone(),
            member.workspace_id.to_string(),
            member.workspace.clone(),
            member.user_status.clone(),
            member.last_login_at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default(),
            filters::iso(member.created_at.to_jiff()),
        ]
    })
    .await
}

#[derive(Template)]
#[template(path = "tenancy/people/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    tenant: Tenant,
    workspaces: Vec<(Uuid, String)>,
    roles: &'static [&'static str],
}

pub async fn new(can: Can<Manage>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let form = FormView::filled(&[("role", "member")]).with("return_to", &context.return_to().unwrap_or_default());
    show_new(&can, &context, &db, *id, form, StatusCode::OK).await
}

async fn show_new(
    can: &Can<Manage>,
    context: &Context,
    db: &Db,
    tenant_id: Uuid,
    mut form: FormView,
    status: StatusCode,
) -> Result<HttpResponse, AppError> {
    let (tenant, workspaces) = db
        .read(can, move |conn| Ok((tenants::find_living(conn, tenant_id)?, workspaces::of_tenant(conn, tenant_id)?)))
        .await?;
    let workspaces: Vec<(Uuid, String)> =
        workspaces.into_iter().filter(Workspace::is_active).map(|one| (one.id, one.name)).collect();
    if let ([only], "") = (workspaces.as_slice(), form.value("workspace_id")) {
        form = form.with("workspace_id", &only.0.to_string());
    }
    let mut shell = context.shell(format!("Add a person to {}", tenant.name));
    shell.trail = trail(&tenant, "people", "new");
    page::html(status, New { shell, form, tenant, workspaces, roles: &ROLES }.render())
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
    let new = match NewMember::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let id = Uuid::now_v7();
    let back = form.return_to().unwrap_or_else(|| format!("/tenants/{tenant_id}/people"));
    let action = Action::on("member.add", "member", id).tenant(tenant_id).once(form.once(), back.clone());
    let whole = can.actor().holds_everywhere("tenants.manage");
    let done = Flash::ok(format!("{} is added as {}.", new.email, new.role));
    match db.write(&can, action, move |tx| store::insert(tx, id, tenant_id, &new, whole)).await {
        Ok(()) => Ok(see_other(&back, done)),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?).await,
    }
}

#[derive(Template)]
#[template(path = "tenancy/people/edit.html")]
struct Edit {
    shell: Shell,
    form: FormView,
    of: MemberOf,
    conflict: Vec<Difference>,
    roles: &'static [&'static str],
}

impl EditForm for MemberPatch {
    type Row = MemberOf;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = &["role"];

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<MemberOf, AppError> {
        store::find(conn, id)
    }
    fn values_at(conn: &mut PgConnection, of: &MemberOf, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "workspace_members", of.member.id, version)
    }
    fn fill(of: &MemberOf) -> FormView {
        forms::filled(&of.member)
    }
    fn read(form: &Form) -> Result<MemberPatch, Vec<FieldError>> {
        MemberPatch::from_form(form)
    }
    fn action(of: &MemberOf) -> Action {
        Action::on("member.change_role", "member", of.member.id).tenant(of.tenant.id)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, of: &MemberOf) -> Result<(), AppError> {
        store::update(tx, &of.member, self)
    }
    fn done(&self, of: &MemberOf) -> String {
        format!("{} is {} in {} now.", of.member.name, self.role, of.member.workspace)
    }
    fn post_to(of: &MemberOf) -> String {
        of.member.url()
    }
    fn back_to(of: &MemberOf) -> String {
        format!("{}/people", of.tenant.url())
    }
    fn page(context: &Context, of: MemberOf, form: FormView, conflict: Vec<Difference>) -> Rendered {
        let mut shell = context.shell(format!("Role of {}", of.member.name));
        shell.trail = trail(&of.tenant, "people", "role");
        Edit { shell, form, of, conflict, roles: &ROLES }.render()
    }
}
