//! All roles beside each other: which contains what, and how it came there.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use uuid::Uuid;

use super::model::{Area, Cell, Column, Role, areas};
use super::pages::LIST;
use super::store;
use crate::access::{Export, View};
use crate::actor::Can;
use crate::db::Db;
use crate::db::keyset::Slice;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::List;
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// Roles on one page; more would be further apart than one can compare.
const COLUMNS: usize = 20;

#[derive(Template)]
#[template(path = "access/roles/matrix.html", blocks = ["rows"])]
struct Matrix {
    shell: Shell,
    list: ListView,
    columns: Vec<Column>,
    areas: Vec<Area>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?.with_rows(COLUMNS);
    let (slice, count, list, areas) = db
        .read(&can, move |conn| {
            let slice = store::columns(conn, &list)?;
            let count = list.count(&slice, || store::count(conn, &list))?;
            Ok((slice, count, list, areas(store::all_privileges(conn)?)))
        })
        .await?;
    let shell = context.shell("Roles and privileges").under("Roles", "/roles").under("matrix", "");
    let page = Matrix { shell, list: list.view(&slice, count), columns: slice.rows, areas };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

/// Columns of the export, which has a row for each privilege of each role.
const HEADER: &[&str] = &[
    "role_id",
    "role",
    "privilege",
    "source",
    "copied_from_id",
    "copied_from",
    "given_by_id",
    "given_by",
    "given_at",
    "event_id",
];

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| Ok(cells_of(store::columns(conn, &list)?))).await }
    };
    crate::web::export::send("roles-matrix", HEADER, list, load, line).await
}

fn cells_of(slice: Slice<Column>) -> Slice<(Role, Cell)> {
    let cells = |column: Column| column.cells.into_iter().map(move |cell| (column.role.clone(), cell));
    let rows = slice.rows.into_iter().flat_map(cells).collect();
    Slice { rows, previous: slice.previous, next: slice.next }
}

fn line((role, cell): &(Role, Cell)) -> Vec<String> {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let (copied_from_id, copied_from) = cell.copied_from.clone().unzip();
    vec![
        role.id.to_string(),
        role.name.clone(),
        cell.privilege.clone(),
        cell.source().to_owned(),
        id(copied_from_id),
        copied_from.unwrap_or_default(),
        id(cell.given_by),
        cell.giver.clone().unwrap_or_default(),
        filters::iso(cell.given_at.to_jiff()),
        id(cell.event_id),
    ]
}
