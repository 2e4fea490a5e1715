//! The list of impersonations, and the page of each with what was seen and done.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{Done, Listed, MODES, STATES};
use super::{ViewImpersonations, store};
use crate::access::Export;
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the list can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name or e-mail",
    fields: &[
        Field { name: "state", label: "state", kind: FieldKind::Choice(&STATES) },
        Field { name: "mode", label: "mode", kind: FieldKind::Choice(&MODES) },
        Field { name: "admin", label: "by", kind: FieldKind::Id },
        Field { name: "person", label: "as", kind: FieldKind::Id },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
        Field { name: "created", label: "asked for", kind: FieldKind::Days },
    ],
    sorts: &["-created_at"],
};

const BY_OCCURRENCE: ListSpec = ListSpec { search: "", fields: &[], sorts: &["-occurred_at"] };

#[derive(Template)]
#[template(path = "access/impersonations/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    impersonations: Vec<Listed>,
}

pub async fn index(can: Can<ViewImpersonations>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, count, list, people, tenants) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let count = list.count(&slice, || store::count(conn, &list))?;
            let people = store::person_names(conn, [list.ids("admin"), list.ids("person")].concat())?;
            let tenants = store::tenant_names(conn, &list.ids("tenant"))?;
            Ok((slice, count, list, people, tenants))
        })
        .await?;
    let list = list.view(&slice, count).naming("admin", &people).naming("person", &people).naming("tenant", &tenants);
    let page = Index { shell: context.shell("Impersonations"), list, impersonations: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

/// Columns of the export.
const HEADER: &[&str] = &[
    "id",
    "admin_user_id",
    "admin",
    "target_user_id",
    "target",
    "tenant_id",
    "tenant",
    "mode",
    "state",
    "ticket",
    "reason",
    "minutes",
    "decided_by",
    "decided_at",
    "started_at",
    "ended_at",
    "ended_reason",
    "pages",
    "writes",
    "created_at",
];

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, &list)).await }
    };
    crate::web::export::send("impersonations", HEADER, list, load, cells).await
}

fn cells(listed: &Listed) -> Vec<String> {
    let row = &listed.row;
    let at = |at: Option<jiff_diesel::Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
    vec![
        row.id.to_string(),
        row.admin_user_id.to_string(),
        listed.admin.clone(),
        row.target_user_id.to_string(),
        listed.target.clone(),
        row.tenant_id.to_string(),
        listed.tenant.clone(),
        row.mode.clone(),
        row.state().to_owned(),
        row.ticket.clone(),
        row.reason.clone(),
        row.minutes.to_string(),
        row.decided_by.map(|id| id.to_string()).unwrap_or_default(),
        at(row.decided_at),
        at(row.started_at),
        at(row.over_at()),
        row.ended_reason.clone().unwrap_or_default(),
        listed.pages.to_string(),
        listed.writes.to_string(),
        at(Some(row.created_at)),
    ]
}

#[derive(Template)]
#[template(path = "access/impersonations/show.html", blocks = ["rows"])]
struct Show {
    shell: Shell,
    listed: Listed,
    list: ListView,
    done: Vec<Done>,
    history: Vec<Entry>,
    is_mine: bool,
}

pub async fn show(
    can: Can<ViewImpersonations>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (id, list) = (*id, List::of(&BY_OCCURRENCE, &context)?);
    let window = list.window.clone();
    let (listed, slice, history) = db
        .read(&can, move |conn| {
            let listed = store::find(conn, id)?;
            Ok((listed, store::done(conn, id, &window)?, history::latest(conn, Of::Target(id), 10)?))
        })
        .await?;
    let title = listed.title();
    let page = Show {
        shell: context.shell(title.clone()).under("Impersonations", "/impersonations").under(title, ""),
        list: list.view(&slice, slice.rows.len() as i64),
        done: slice.rows,
        history,
        is_mine: can.actor().user_id == Some(listed.row.admin_user_id),
        listed,
    };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}
