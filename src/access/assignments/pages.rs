//! The pages of assignments.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{Assignment, PRINCIPALS, SCOPES, STATES};
use super::{reading, store};
use crate::access::roles::store as roles;
use crate::access::{Export, View};
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the list of assignments can be asked for. Without a state it shows the live ones.
pub const LIST: ListSpec = ListSpec {
    search: "person, group or department",
    fields: &[
        Field { name: "role", label: "role", kind: FieldKind::Id },
        Field { name: "principal", label: "held by", kind: FieldKind::Choice(&PRINCIPALS) },
        Field { name: "scope", label: "scope", kind: FieldKind::Choice(&SCOPES) },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
        Field { name: "expiring", label: "expiring in 30 days", kind: FieldKind::Choice(&["soon"]) },
        Field { name: "used", label: "used", kind: FieldKind::Choice(&["never"]) },
        Field { name: "state", label: "state", kind: FieldKind::Choice(&STATES) },
    ],
    sorts: &["-created_at"],
};

#[derive(Template)]
#[template(path = "access/assignments/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    assignments: Vec<Assignment>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, count, list, roles, tenants) = db
        .read(&can, move |conn| {
            let slice = reading::list(conn, &list)?;
            let count = list.count(&slice, || reading::count(conn, &list))?;
            let tenants = store::tenant_names(conn, &list.ids("tenant"))?;
            Ok((slice, count, list, roles::names(conn)?, tenants))
        })
        .await?;
    let list = list.view(&slice, count).naming("role", &roles).naming("tenant", &tenants);
    let page = Index { shell: context.shell("Assignments"), list, assignments: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

/// Columns of the export.
const HEADER: &[&str] = &[
    "id",
    "role_id",
    "role",
    "principal_kind",
    "principal",
    "email",
    "scope_kind",
    "tenant_id",
    "tenant",
    "client_id",
    "client",
    "state",
    "reason",
    "granted_by",
    "expires_at",
    "last_used_at",
    "created_at",
];

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| reading::list(conn, &list)).await }
    };
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let at = |at: Option<jiff_diesel::Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
    crate::web::export::send("assignments", HEADER, list, load, move |row: &Assignment| {
        vec![
            row.id.to_string(),
            row.role_id.to_string(),
            row.role.clone(),
            row.principal_kind().to_owned(),
            row.principal().to_owned(),
            row.email.clone().unwrap_or_default(),
            row.scope_kind.clone(),
            id(row.tenant_id),
            row.tenant.clone().unwrap_or_default(),
            id(row.client_id),
            row.client.clone().unwrap_or_default(),
            row.state().to_owned(),
            row.reason.clone(),
            id(row.granted_by),
            at(row.expires_at),
            at(row.last_used_at),
            filters::iso(row.created_at.to_jiff()),
        ]
    })
    .await
}

#[derive(Template)]
#[template(path = "access/assignments/show.html")]
struct Show {
    shell: Shell,
    row: Assignment,
    granted_by: Option<String>,
    history: Vec<Entry>,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let id = *id;
    let page = db
        .read(&can, move |conn| {
            let row = store::find(conn, id)?;
            let title = format!("{} of {}", row.role, row.principal());
            Ok(Show {
                shell: context.shell(title.clone()).under("Assignments", "/assignments").under(title, ""),
                granted_by: history::names(conn, row.granted_by.into_iter())?.into_values().next(),
                history: history::latest(conn, Of::Target(id), 10)?,
                row,
            })
        })
        .await?;
    page::ok(page.render())
}
