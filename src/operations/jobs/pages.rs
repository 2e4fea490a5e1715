//! The pages of jobs.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;

use super::model::{CAUSES, Job, STATUSES};
use super::store;
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::jobs::Handlers;
use crate::mail;
use crate::operations::{ExportJobs, ViewJobs};
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};
use crate::web::route::RowId;

/// What the list of jobs can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "",
    fields: &[
        Field { name: "status", label: "status", kind: FieldKind::Choice(&STATUSES) },
        Field { name: "kind", label: "kind", kind: FieldKind::Text },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
        Field { name: "cause", label: "cause", kind: FieldKind::Choice(&CAUSES) },
        Field { name: "created", label: "created", kind: FieldKind::Days },
    ],
    sorts: &["-created_at"],
};

/// Lists that are worth an address of their own, by the states they show.
const TABS: [(&str, &str); 4] =
    [("All", ""), ("Waiting", "queued,failed"), ("Running", "running"), ("Dead letters", "dead")];

/// One tab above the list.
struct Tab {
    label: &'static str,
    href: String,
    is_current: bool,
}

fn tabs(list: &List) -> Vec<Tab> {
    let chosen = list.values("status").join(",");
    let tab = |(label, states): (&'static str, &str)| Tab {
        label,
        href: if states.is_empty() { "/jobs".into() } else { format!("/jobs?status={states}") },
        is_current: chosen == states,
    };
    TABS.into_iter().map(tab).collect()
}

#[derive(Template)]
#[template(path = "operations/jobs/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    tabs: Vec<Tab>,
    /// Mails and webhooks that are not sent yet.
    unsent: i64,
    /// Whether this process sends mail.
    sends_mail: bool,
    list: ListView,
    jobs: Vec<Job>,
    slugs: HashMap<Uuid, String>,
}

pub async fn index(
    can: Can<ViewJobs>,
    context: Context,
    db: Data<Db>,
    handlers: Data<Handlers>,
) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let tabs = tabs(&list);
    let (slice, count, slugs, unsent, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let count = list.count(&slice, || store::count(conn, &list))?;
            let tenants = slice.rows.iter().filter_map(|job| job.tenant_id).chain(list.ids("tenant"));
            let slugs = store::slugs(conn, tenants)?;
            Ok((slice, count, slugs, store::count_unsent(conn)?, list))
        })
        .await?;
    let mut view = list.view(&slice, count);
    view.offer("kind", handlers.kinds().into_iter().map(str::to_owned).collect());
    if let [tenant] = list.ids("tenant").as_slice()
        && let Some(slug) = slugs.get(tenant)
    {
        view.word("tenant", slug.clone());
    }
    let sends_mail = handlers.kinds().contains(&mail::SEND);
    let page = Index { shell: context.shell("Jobs"), tabs, unsent, sends_mail, list: view, jobs: slice.rows, slugs };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

pub async fn export(can: Can<ExportJobs>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &[
        "id",
        "kind",
        "status",
        "priority",
        "run_at",
        "attempts",
        "max_attempts",
        "worker",
        "progress_done",
        "progress_total",
        "last_error",
        "schedule_slot",
        "tenant_id",
        "client_id",
        "actor_id",
        "event_id",
        "created_at",
        "started_at",
        "finished_at",
    ];
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, &list)).await }
    };
    crate::web::export::send("jobs", HEADER, list, load, cells).await
}

fn cells(job: &Job) -> Vec<String> {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let moment = |at: Option<jiff_diesel::Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
    vec![
        job.id.to_string(),
        job.kind.clone(),
        job.status.clone(),
        job.priority.to_string(),
        moment(Some(job.run_at)),
        job.attempts.to_string(),
        job.max_attempts.to_string(),
        job.worker.clone().unwrap_or_default(),
        job.progress_done.to_string(),
        job.progress_total.map(|total| total.to_string()).unwrap_or_default(),
        job.last_error.clone().unwrap_or_default(),
        moment(job.schedule_slot),
        id(job.tenant_id),
        id(job.client_id),
        id(job.actor_id),
        id(job.event_id),
        moment(Some(job.created_at)),
        moment(job.started_at),
        moment(job.finished_at),
    ]
}

#[derive(Template)]
#[template(path = "operations/jobs/show.html", blocks = ["job"])]
struct Show {
    shell: Shell,
    job: Job,
    /// Whether this build does jobs of this kind.
    is_known: bool,
    tenant: Option<String>,
    actor: Option<String>,
    history: Vec<Entry>,
}

pub async fn show(
    can: Can<ViewJobs>,
    context: Context,
    db: Data<Db>,
    handlers: Data<Handlers>,
    id: RowId,
) -> Result<HttpResponse, AppError> {
    let (job, slugs, names, history) = db
        .read(&can, move |conn| {
            let job = store::find(conn, id.0)?;
            let slugs = store::slugs(conn, job.tenant_id.into_iter())?;
            let names = history::names(conn, job.actor_id.into_iter())?;
            Ok((job, slugs, names, history::latest(conn, Of::Target(id.0), 20)?))
        })
        .await?;
    let page = Show {
        shell: context.shell(job.kind.clone()).under("Jobs", "/jobs").under(job.kind.clone(), ""),
        is_known: handlers.kinds().contains(&job.kind.as_str()),
        tenant: job.tenant_id.map(|id| slugs.get(&id).cloned().unwrap_or_else(|| id.to_string())),
        actor: job.actor_id.map(|id| names.get(&id).cloned().unwrap_or_else(|| format!("person {id}"))),
        history,
        job,
    };
    page::ok(if context.wants("job") { page.as_job().render() } else { page.render() })
}
