//! The departments tab of a tenant, and the page of one.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{Branch, Department, Member};
use super::store;
use crate::access::View;
use crate::access::assignments::model::{Assignment, Principal};
use crate::access::assignments::store as assignments;
use crate::actor::{Can, Whole};
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::tenancy::Head;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the members of a department can be asked for.
pub const MEMBERS: ListSpec = ListSpec { search: "name or e-mail", fields: &[], sorts: &["name"] };

#[derive(Template)]
#[template(path = "access/departments/index.html")]
struct Index {
    shell: Shell,
    head: Head,
    tree: Vec<Branch>,
    deleted: Vec<Department>,
}

pub async fn index(
    can: Can<Whole<View>>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let id = *id;
    let page = db
        .read(&can, move |conn| {
            let head = Head::load(conn, id, "departments")?;
            Ok(Index {
                shell: head.shell(&context),
                tree: store::of_tenant(conn, id)?,
                deleted: store::deleted_of_tenant(conn, id)?,
                head,
            })
        })
        .await?;
    page::ok(page.render())
}

#[derive(Template)]
#[template(path = "access/departments/show.html", blocks = ["rows"])]
struct Show {
    shell: Shell,
    head: Head,
    department: Department,
    above: Option<Department>,
    below: Vec<Department>,
    list: ListView,
    members: Vec<Member>,
    assignments: Vec<Assignment>,
    history: Vec<Entry>,
}

pub async fn show(
    can: Can<Whole<View>>,
    context: Context,
    db: Data<Db>,
    path: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, AppError> {
    let ((tenant_id, id), list) = (*path, List::of(&MEMBERS, &context)?);
    let wants_list = context.wants_list;
    let page = db
        .read(&can, move |conn| {
            let department = store::find(conn, id)?;
            if department.tenant_id != tenant_id {
                return Err(AppError::NotFound);
            }
            let slice = store::members(conn, id, &list)?;
            let count = list.count(&slice, || store::count_members(conn, id, &list))?;
            let head = Head::load(conn, tenant_id, "departments")?;
            let tree = store::of_tenant(conn, tenant_id)?;
            Ok(Show {
                shell: head.shell(&context),
                above: department.parent_id.map(|id| store::find(conn, id)).transpose()?,
                below: tree.into_iter().map(|one| one.department).filter(|one| one.parent_id == Some(id)).collect(),
                list: list.view(&slice, count),
                members: slice.rows,
                assignments: assignments::of(conn, Principal::Department(id))?,
                history: history::latest(conn, Of::Target(id), 10)?,
                head,
                department,
            })
        })
        .await?;
    page::ok(if wants_list { page.as_rows().render() } else { page.render() })
}
