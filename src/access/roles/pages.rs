//! The pages of roles.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{Area, Listed, RoleOf, areas};
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
    people: i64,
    history: Vec<Entry>,
}

impl Show {
    fn contains(&self, privilege: &str) -> bool {
        self.of.privileges.iter().any(|name| name == privilege)
    }

    fn contained(&self, area: &Area) -> usize {
        area.privileges.iter().filter(|privilege| self.contains(&privilege.name)).count()
    }
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let id = *id;
    let page = db
        .read(&can, move |conn| {
            let of = store::find(conn, id)?;
            Ok(Show {
                shell: context.shell(of.role.name.clone()).under("Roles", "/roles").under(of.role.name.clone(), ""),
                areas: areas(store::all_privileges(conn)?),
                people: store::holders(conn, id)?,
                history: history::latest(conn, Of::Target(id), 10)?,
                of,
            })
        })
        .await?;
    page::ok(page.render())
}
