//! The pages of deployments, of all clients and under one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use uuid::Uuid;

use super::forms::NewDeployment;
use super::model::{Deployment, ENVIRONMENTS, Listed, STATUSES, TrackingEvent};
use super::store;
use crate::action::Action;
use crate::actor::Can;
use crate::audit::history;
use crate::clients::clients::store::{self as clients, chosen_tenants};
use crate::clients::{Deploy, Export, Head, View};
use crate::db::Db;
use crate::db::keyset::Slice;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormView, field_errors};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell, see_other};

const TAB: &str = "deployments";

/// What the list of all deployments can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "environment", label: "environment", kind: FieldKind::Choice(&ENVIRONMENTS) },
        Field { name: "status", label: "status", kind: FieldKind::Choice(&STATUSES) },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
        Field { name: "created", label: "created", kind: FieldKind::Days },
    ],
    sorts: &["-created_at"],
};

/// What the list of one client's deployments can be asked for.
pub const LIST_OF_CLIENT: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "environment", label: "environment", kind: FieldKind::Choice(&ENVIRONMENTS) },
        Field { name: "status", label: "status", kind: FieldKind::Choice(&STATUSES) },
        Field { name: "created", label: "created", kind: FieldKind::Days },
    ],
    sorts: &["-created_at"],
};

#[derive(Template)]
#[template(path = "clients/deployments/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    deployments: Vec<Listed>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (tenants, (slice, count, list)) =
        db.read(&can, move |conn| Ok((chosen_tenants(conn, &list)?, listed(conn, None, list)?))).await?;
    let list = list.view(&slice, count).naming("tenant", &tenants);
    let page = Index { shell: context.shell("Deployments"), list, deployments: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "clients/deployments/of_client.html", blocks = ["rows"])]
struct OfClient {
    shell: Shell,
    head: Head,
    list: ListView,
    deployments: Vec<Listed>,
    /// Why nothing can be deployed now.
    refusal: Option<String>,
}

pub async fn of_client(
    can: Can<View>,
    context: Context,
    db: Data<Db>,
    client_id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (id, list) = (*client_id, List::of(&LIST_OF_CLIENT, &context)?);
    let (head, refusal, (slice, count, list)) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, id, TAB)?;
            let refusal = store::refusal(conn, &head.client)?;
            Ok((head, refusal, listed(conn, Some(id), list)?))
        })
        .await?;
    let list = list.view(&slice, count);
    let page = OfClient { shell: head.shell(&context), head, list, deployments: slice.rows, refusal };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

fn listed(
    conn: &mut PgConnection,
    client_id: Option<Uuid>,
    list: List,
) -> Result<(Slice<Listed>, i64, List), AppError> {
    let slice = store::list(conn, client_id, &list)?;
    let count = list.count(&slice, || store::count(conn, client_id, &list))?;
    Ok((slice, count, list))
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    csv(can, db, None, list).await
}

pub async fn export_of_client(
    can: Can<Export>,
    context: Context,
    db: Data<Db>,
    client_id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (client_id, list) = (*client_id, List::of(&LIST_OF_CLIENT, &context)?);
    db.read(&can, move |conn| clients::find(conn, client_id)).await?;
    csv(can, db, Some(client_id), list).await
}

async fn csv(can: Can<Export>, db: Data<Db>, client_id: Option<Uuid>, list: List) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &[
        "id",
        "client_id",
        "tenant_id",
        "environment",
        "status",
        "version_label",
        "url",
        "created_at",
        "started_at",
        "finished_at",
        "duration_ms",
    ];
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, client_id, &list)).await }
    };
    crate::web::export::send("deployments", HEADER, list, load, |listed: &Listed| {
        let deployment = &listed.deployment;
        let time = |at: Option<jiff_diesel::Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
        vec![
            deployment.id.to_string(),
            deployment.client_id.to_string(),
            deployment.tenant_id.to_string(),
            deployment.environment.clone(),
            deployment.status.clone(),
            deployment.version_label.clone().unwrap_or_default(),
            deployment.url.clone().unwrap_or_default(),
            time(Some(deployment.created_at)),
            time(deployment.started_at),
            time(deployment.finished_at),
            deployment.duration_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        ]
    })
    .await
}

/// What a deployment's log can be asked for.
const LOG: ListSpec = ListSpec { search: "", fields: &[], sorts: &["-occurred_at"] };

#[derive(Template)]
#[template(path = "clients/deployments/show.html", blocks = ["rows"])]
struct Show {
    shell: Shell,
    head: Head,
    deployment: Deployment,
    /// Who started it, in words.
    starter: String,
    list: ListView,
    log: Vec<TrackingEvent>,
}

pub async fn show(
    can: Can<View>,
    context: Context,
    db: Data<Db>,
    ids: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, AppError> {
    let (client_id, id) = ids.into_inner();
    let list = List::of(&LOG, &context)?;
    let window = list.window.clone();
    let (head, deployment, names, slice) = db
        .read(&can, move |conn| {
            let deployment = store::find(conn, id)?;
            if deployment.client_id != client_id {
                return Err(AppError::NotFound);
            }
            let names = history::names(conn, deployment.triggered_by.into_iter())?;
            Ok((Head::load(conn, client_id, TAB)?, deployment, names, store::log(conn, id, &window)?))
        })
        .await?;
    let starter = match deployment.triggered_by {
        None => "a schedule or another system".to_owned(),
        Some(id) => names.get(&id).cloned().unwrap_or_else(|| format!("person {id}")),
    };
    let list = list.view(&slice, slice.rows.len() as i64);
    let shell = head.shell_below(&context, deployment.name(), TAB, &deployment.name());
    let page = Show { shell, head, deployment, starter, list, log: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "clients/deployments/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    list_url: String,
    environments: &'static [&'static str],
}

impl FormPage {
    fn new(context: &Context, form: FormView, head: &Head) -> FormPage {
        let title = format!("Start a deployment for {}", head.client.name);
        let shell = head.shell_below(context, title, TAB, "new");
        FormPage { shell, form, list_url: format!("{}/{TAB}", head.client.url()), environments: &ENVIRONMENTS }
    }
}

/// A client that is not deleted.
async fn head(can: &Can<Deploy>, db: &Db, id: Uuid) -> Result<(Head, Option<String>), AppError> {
    let (head, refusal) = db
        .read(can, move |conn| {
            let head = Head::load(conn, id, TAB)?;
            let refusal = store::refusal(conn, &head.client)?;
            Ok((head, refusal))
        })
        .await?;
    if head.client.is_deleted() { Err(AppError::NotFound) } else { Ok((head, refusal)) }
}

pub async fn new(can: Can<Deploy>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let (head, refusal) = head(&can, &db, *id).await?;
    let status = if refusal.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let errors = refusal.into_iter().map(|why| FieldError::new("base", why)).collect();
    let form = FormView::filled(&[]).refused(errors);
    page::html(status, FormPage::new(&context, form, &head).render())
}

pub async fn create(
    can: Can<Deploy>,
    context: Context,
    db: Data<Db>,
    client_id: Path<Uuid>,
    form: Form,
) -> Result<HttpResponse, AppError> {
    let (head, _) = head(&can, &db, *client_id).await?;
    let again = |status: StatusCode, errors: Vec<FieldError>| {
        page::html(status, FormPage::new(&context, form.view(errors), &head).render())
    };
    let new = match NewDeployment::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return again(StatusCode::UNPROCESSABLE_ENTITY, errors),
    };
    let (id, client_id) = (Uuid::now_v7(), head.client.id);
    let location = format!("{}/{TAB}/{id}", head.client.url());
    let action = Action::on("client_deployment.start", "client_deployment", id)
        .tenant(head.client.tenant_id)
        .client(client_id)
        .reason(&new.reason)
        .once(form.once(), location.clone());
    let done = Flash::ok(format!("{} waits in the queue for {}.", new.version_label, new.environment));
    match db.write(&can, action, move |tx| store::start(tx, id, client_id, &new)).await {
        Ok(()) => Ok(see_other(&location, done)),
        Err(AppError::Conflict(why)) => again(StatusCode::CONFLICT, vec![FieldError::new("base", why)]),
        Err(error) => again(StatusCode::UNPROCESSABLE_ENTITY, field_errors(error, &[])?),
    }
}
