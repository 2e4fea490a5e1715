//! The domains tab of a tenant, and the page of a domain with the record to publish.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::forms::{CONSTRAINTS, NewDomain};
use super::model::{Domain, DomainOf, STATUSES};
use super::store;
use crate::action::Action;
use crate::actor::{Can, Whole};
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::tenancy::tenants::model::Tenant;
use crate::tenancy::tenants::pages::{Head, trail};
use crate::tenancy::tenants::store as tenants;
use crate::tenancy::{Export, Manage, ViewSecrets};
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell, see_other};
use crate::web::route::{RowId, own_address};

/// What the list of a tenant's domains can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "domain",
    fields: &[Field { name: "status", label: "state", kind: FieldKind::Choice(&STATUSES) }],
    sorts: &["-created_at"],
};

#[derive(Template)]
#[template(path = "tenancy/domains/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    head: Head,
    list: ListView,
    domains: Vec<Domain>,
}

pub async fn index(
    can: Can<ViewSecrets>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (head, slice, count, list) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, *id, "domains")?;
            let slice = store::list(conn, *id, &list)?;
            let count = list.count(&slice, || store::count(conn, *id, &list))?;
            Ok((head, slice, count, list))
        })
        .await?;
    let page = Index { shell: head.shell(&context), head, list: list.view(&slice, count), domains: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

pub async fn export(
    can: Can<Whole<Export>>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] =
        &["id", "domain", "status", "is_primary", "verified_at", "last_checked_at", "last_error", "created_at"];
    let list = List::of(&LIST, &context)?;
    let id = *id;
    db.read(&can, move |conn| tenants::find(conn, id).map(drop)).await?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, id, &list)).await }
    };
    let iso = |at: jiff_diesel::Timestamp| filters::iso(at.to_jiff());
    crate::web::export::send("domains", HEADER, list, load, move |domain: &Domain| {
        vec![
            domain.id.to_string(),
            domain.domain.clone(),
            domain.status.clone(),
            domain.is_primary.to_string(),
            domain.verified_at.map(iso).unwrap_or_default(),
            domain.last_checked_at.map(iso).unwrap_or_default(),
            domain.last_error.clone().unwrap_or_default(),
            iso(domain.created_at),
        ]
    })
    .await
}

#[derive(Template)]
#[template(path = "tenancy/domains/show.html")]
struct Show {
    shell: Shell,
    tenant: Tenant,
    domain: Domain,
    is_being_checked: bool,
    history: Vec<Entry>,
}

pub async fn show(can: Can<ViewSecrets>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    let (DomainOf { tenant, domain }, is_being_checked, history) = db
        .read(&can, move |conn| {
            let of = store::find(conn, id.0)?;
            let is_being_checked = store::is_being_checked(conn, &of.domain)?;
            Ok((of, is_being_checked, history::latest(conn, Of::Target(id.0), 10)?))
        })
        .await?;
    own_address(&context.path, &domain.url())?;
    let mut shell = context.shell(domain.domain.clone());
    shell.trail = trail(&tenant, "domains", &domain.domain);
    page::ok(Show { shell, tenant, domain, is_being_checked, history }.render())
}

#[derive(Template)]
#[template(path = "tenancy/domains/new.html")]
struct New {
    shell: Shell,
    form: FormView,
    tenant: Tenant,
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
    let mut shell = context.shell(format!("New domain of {}", tenant.name));
    shell.trail = trail(&tenant, "domains", "new");
    page::html(status, New { shell, form, tenant }.render())
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
    let new = match NewDomain::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(errors).await,
    };
    let id = Uuid::now_v7();
    let location = format!("/tenants/{tenant_id}/domains/{id}");
    let action = Action::on("domain.add", "domain", id).tenant(tenant_id).once(form.once(), location.clone());
    let done = Flash::ok(format!("{} is added. Publish the record below, then have it checked.", new.domain));
    match db.write(&can, action, move |tx| store::insert(tx, id, tenant_id, &new)).await {
        Ok(()) => Ok(see_other(&location, done)),
        Err(error) => again(field_errors(error, &CONSTRAINTS)?).await,
    }
}

/// Looking is left to a job, which may wait for name servers as long as they need.
pub async fn check(can: Can<Manage>, context: Context, db: Data<Db>, id: RowId) -> Result<HttpResponse, AppError> {
    let DomainOf { tenant, domain } = db.read(&can, move |conn| store::find(conn, id.0)).await?;
    own_address(&context.path, &format!("{}/check", domain.url()))?;
    let action = Action::on("domain.check", "domain", domain.id).tenant(tenant.id);
    let back = domain.url();
    let name = domain.domain.clone();
    let added = db.write(&can, action, move |tx| store::request_check(tx, &domain)).await?;
    let done = match added {
        true => Flash::ok(format!("{name} is being checked. Load this page again in a moment.")),
        false => Flash::warn(format!("{name} is being checked already.")),
    };
    Ok(see_other(&back, done))
}
