//! The list of campaigns, and each with its items.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use uuid::Uuid;

use super::model::{Counts, Listed, Review, STATES};
use super::store;
use super::{ExportReviews, ViewReviews};
use crate::access::assignments::model::PRINCIPALS;
use crate::access::assignments::store::tenant_names;
use crate::access::review_items::model::{Item, OUTCOMES};
use crate::access::review_items::store as items;
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::db::Db;
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the list of campaigns can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name",
    fields: &[Field { name: "state", label: "state", kind: FieldKind::Choice(&STATES) }],
    sorts: &["-created_at", "due_at"],
};

/// What the items of a campaign can be asked for.
pub const ITEMS: ListSpec = ListSpec {
    search: "name or e-mail",
    fields: &[
        Field { name: "outcome", label: "outcome", kind: FieldKind::Choice(&OUTCOMES) },
        Field { name: "principal", label: "held by", kind: FieldKind::Choice(&PRINCIPALS) },
        Field { name: "role", label: "role", kind: FieldKind::Id },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
        Field { name: "used", label: "used", kind: FieldKind::Choice(&["never"]) },
    ],
    sorts: &["last_used_at", "name"],
};

#[derive(Template)]
#[template(path = "access/reviews/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    reviews: Vec<Listed>,
}

pub async fn index(can: Can<ViewReviews>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (slice, count, list) = db
        .read(&can, move |conn| {
            let slice = store::list(conn, &list)?;
            let count = list.count(&slice, || store::count(conn, &list))?;
            Ok((slice, count, list))
        })
        .await?;
    let list = list.view(&slice, count);
    let page = Index { shell: context.shell("Reviews"), list, reviews: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "access/reviews/show.html", blocks = ["rows"])]
struct Show {
    shell: Shell,
    review: Review,
    counts: Counts,
    list: ListView,
    items: Vec<Item>,
    /// Assignments that the asker holds, about which somebody else decides.
    mine: Vec<Uuid>,
    who: Names,
    history: Vec<Entry>,
}

type Names = std::collections::HashMap<Uuid, String>;

impl Show {
    /// Whether the asker can answer.
    fn may_decide(&self, item: &Item) -> bool {
        item.is_open() && !self.mine.contains(&item.assignment_id)
    }

    /// Whom an id stands for, or nothing.
    fn name(&self, id: Option<&Uuid>) -> &str {
        id.and_then(|id| self.who.get(id)).map(String::as_str).unwrap_or_default()
    }
}

pub async fn show(
    can: Can<ViewReviews>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (id, list) = (*id, List::of(&ITEMS, &context)?);
    let (me, wants_list) = (can.actor().user_id, context.wants_list);
    let page = db
        .read(&can, move |conn| {
            let review = store::find(conn, id)?;
            let slice = items::list(conn, id, &list)?;
            let count = list.count(&slice, || items::count(conn, id, &list))?;
            let (roles, tenants) = (items::role_names(conn, id)?, tenant_names(conn, &list.ids("tenant"))?);
            let people = slice.rows.iter().filter_map(|item| item.granted_by);
            let people = people.chain([review.created_by, review.closed_by].into_iter().flatten());
            Ok(Show {
                shell: context.shell(review.name.clone()).under("Reviews", "/reviews").under(review.name.clone(), ""),
                list: list.view(&slice, count).naming("role", &roles).naming("tenant", &tenants),
                who: history::names(conn, people)?,
                items: slice.rows,
                mine: items::held_by(conn, me)?,
                counts: store::counts(conn, id)?,
                history: history::latest(conn, Of::Target(id), 10)?,
                review,
            })
        })
        .await?;
    page::ok(if wants_list { page.as_rows().render() } else { page.render() })
}

/// Columns of the evidence.
const HEADER: &[&str] = &[
    "id",
    "review_id",
    "review",
    "assignment_id",
    "principal_kind",
    "principal",
    "email",
    "role_id",
    "role",
    "scope_kind",
    "tenant_id",
    "tenant",
    "client_id",
    "client",
    "granted_at",
    "granted_by",
    "granted_reason",
    "last_used_at",
    "expires_at",
    "outcome",
    "reason",
    "decided_at",
    "decided_by",
    "decided_by_email",
    "replacement_id",
    "closed_at",
];

pub async fn export(
    can: Can<ExportReviews>,
    context: Context,
    db: Data<Db>,
    id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (id, list) = (*id, List::of(&ITEMS, &context)?);
    db.read(&can, move |conn| store::find(conn, id)).await?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| items::list(conn, id, &list)).await }
    };
    crate::web::export::send("access-review", HEADER, list, load, cells).await
}

fn cells(item: &Item) -> Vec<String> {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let at = |at: Option<jiff_diesel::Timestamp>| at.map(|at| filters::iso(at.to_jiff())).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        item.id.to_string(),
        item.review_id.to_string(),
        item.review.clone(),
        item.assignment_id.to_string(),
        item.principal_kind.clone(),
        item.principal_name.clone(),
        text(&item.principal_email),
        item.role_id.to_string(),
        item.role_name.clone(),
        item.scope_kind.clone(),
        id(item.tenant_id),
        text(&item.tenant_name),
        id(item.client_id),
        text(&item.client_name),
        at(Some(item.granted_at)),
        id(item.granted_by),
        item.granted_reason.clone(),
        at(item.last_used_at),
        at(item.expires_at),
        item.outcome.clone(),
        text(&item.reason),
        at(item.decided_at),
        id(item.decided_by),
        text(&item.decided_by_email),
        id(item.replacement_id),
        at(item.closed_at),
    ]
}
