//! The pages of roles.

use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{Area, Cell, Column, Listed, RoleOf, areas};
use super::store;
use crate::access::View;
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the list of roles can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name",
    fields: &[
        Field { name: "kind", label: "kind", kind: FieldKind::Choice(&["system", "own"]) },
        Field { name: "deleted", label: "deleted", kind: FieldKind::Choice(&["yes"]) },
    ],
    sorts: &["name"],
};

#[derive(Template)]
#[template(path = "access/roles/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    roles: Vec<Listed>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, count, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let count = list.count(&slice, || store::count(conn, &list))?;
            Ok((slice, count, list))
        })
        .await?;
    let page = Index { shell: context.shell("Roles"), list: list.view(&slice, count), roles: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "access/roles/show.html")]
struct Show {
    shell: Shell,
    of: RoleOf,
    areas: Vec<Area>,
    column: Column,
    /// Events that the asker may open.
    events: HashSet<Uuid>,
    people: i64,
    history: Vec<Entry>,
}

impl Show {
    /// The page of the event by which a privilege came into the role.
    fn event_of(&self, cell: &Cell) -> Option<String> {
        cell.event_id.filter(|id| self.events.contains(id)).map(|id| format!("/audit/{id}"))
    }
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let id = *id;
    let page = db
        .read(&can, move |conn| {
            let of = store::find(conn, id)?;
            let shell = context.shell(of.role.name.clone()).under("Roles", "/roles").under(of.role.name.clone(), "");
            let cells = store::cells(conn, &[id])?;
            let events = match shell.may_everywhere("audit.view") {
                true => history::known(conn, cells.iter().filter_map(|cell| cell.event_id))?,
                false => HashSet::new(),
            };
            Ok(Show {
                shell,
                events,
                column: Column { role: of.role.clone(), cells },
                areas: areas(store::all_privileges(conn)?),
                people: store::holders(conn, id)?,
                history: history::latest(conn, Of::Target(id), 10)?,
                of,
            })
        })
        .await?;
    page::ok(page.render())
}
