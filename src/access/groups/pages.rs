//! The pages of groups.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{Group, Listed, Member};
use super::store;
use crate::access::assignments::model::{Assignment, Principal};
use crate::access::assignments::store as assignments;
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

/// What the list of groups can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name",
    fields: &[
        Field { name: "kind", label: "kind", kind: FieldKind::Choice(&["platform", "tenant"]) },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
        Field { name: "deleted", label: "deleted", kind: FieldKind::Choice(&["yes"]) },
    ],
    sorts: &["name", "-created_at"],
};

/// What the members of a group can be asked for.
pub const MEMBERS: ListSpec = ListSpec { search: "name or e-mail", fields: &[], sorts: &["-created_at"] };

#[derive(Template)]
#[template(path = "access/groups/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    groups: Vec<Listed>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, count, list, tenants) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let count = list.count(&slice, || store::count(conn, &list))?;
            let tenants = assignments::tenant_names(conn, &list.ids("tenant"))?;
            Ok((slice, count, list, tenants))
        })
        .await?;
    let list = list.view(&slice, count).naming("tenant", &tenants);
    let page = Index { shell: context.shell("Groups"), list, groups: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] =
        &["id", "name", "description", "tenant_id", "tenant", "members", "created_at", "deleted_at"];
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, &list)).await }
    };
    crate::web::export::send("groups", HEADER, list, load, |Listed { group, members }: &Listed| {
        vec![
            group.id.to_string(),
            group.name.clone(),
            group.description.clone(),
            group.tenant_id.map(|id| id.to_string()).unwrap_or_default(),
            group.tenant.clone().unwrap_or_default(),
            members.to_string(),
            filters::iso(group.created_at.to_jiff()),
            group.deleted_at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default(),
        ]
    })
    .await
}

#[derive(Template)]
#[template(path = "access/groups/show.html", blocks = ["rows"])]
struct Show {
    shell: Shell,
    group: Group,
    list: ListView,
    members: Vec<Member>,
    assignments: Vec<Assignment>,
    history: Vec<Entry>,
}

pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let (id, list) = (*id, List::of(&MEMBERS, &context)?);
    let wants_list = context.wants_list;
    let page = db
        .read(&can, move |conn| {
            let group = store::find(conn, id)?;
            let slice = store::members(conn, id, &list)?;
            let count = list.count(&slice, || store::count_members(conn, id, &list))?;
            Ok(Show {
                shell: context.shell(group.name.clone()).under("Groups", "/groups").under(group.name.clone(), ""),
                list: list.view(&slice, count),
                members: slice.rows,
                assignments: assignments::of(conn, Principal::Group(id))?,
                history: history::latest(conn, Of::Target(id), 10)?,
                group,
            })
        })
        .await?;
    page::ok(if wants_list { page.as_rows().render() } else { page.render() })
}
