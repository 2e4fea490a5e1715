//! The pages of clients.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use uuid::Uuid;

use super::model::{Client, Listed, Owner, STATUSES};
use super::store::{self, TabCounts};
use crate::actor::Can;
use crate::audit::history::{self, Entry, Of};
use crate::clients::deployments::{self, model::Deployment};
use crate::clients::{Export, View};
use crate::db::Db;
use crate::db::keyset::Slice;
use crate::error::AppError;
use crate::tenancy;
use crate::web::context::Context;
use crate::web::filters;
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Shell};

/// What the list of all clients can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name or slug",
    fields: &[
        Field { name: "status", label: "status", kind: FieldKind::Choice(&STATUSES) },
        Field { name: "tenant", label: "tenant", kind: FieldKind::Id },
        Field { name: "created", label: "created", kind: FieldKind::Days },
        Field { name: "deleted", label: "deleted", kind: FieldKind::Choice(&["yes"]) },
    ],
    sorts: &["-created_at", "name", "last_activity_at"],
};

/// What the list of one tenant's clients can be asked for.
pub const LIST_OF_TENANT: ListSpec = ListSpec {
    search: "name or slug",
    fields: &[
        Field { name: "status", label: "status", kind: FieldKind::Choice(&STATUSES) },
        Field { name: "created", label: "created", kind: FieldKind::Days },
        Field { name: "deleted", label: "deleted", kind: FieldKind::Choice(&["yes"]) },
    ],
    sorts: &["-created_at", "name", "last_activity_at"],
};

#[derive(Template)]
#[template(path = "clients/clients/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    clients: Vec<Listed>,
}

pub async fn index(can: Can<View>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    let (tenants, (slice, count, list)) =
        db.read(&can, move |conn| Ok((store::chosen_tenants(conn, &list)?, listed(conn, None, list)?))).await?;
    let list = list.view(&slice, count).naming("tenant", &tenants);
    let page = Index { shell: context.shell("Clients"), list, clients: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "clients/clients/of_tenant.html", blocks = ["rows"])]
struct OfTenant {
    shell: Shell,
    head: tenancy::Head,
    list: ListView,
    clients: Vec<Listed>,
    /// The tenant takes clients, and the person may make them.
    may_make: bool,
}

pub async fn of_tenant(
    can: Can<View>,
    context: Context,
    db: Data<Db>,
    tenant_id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (id, list) = (*tenant_id, List::of(&LIST_OF_TENANT, &context)?);
    let (head, owner, (slice, count, list)) = db
        .read(&can, move |conn| {
            let head = tenancy::Head::load(conn, id, "clients")?;
            Ok((head, store::owner(conn, id)?, listed(conn, Some(id), list)?))
        })
        .await?;
    let may_make = owner.refuses_clients().is_none() && context.actor.holds_in_tenant("clients.manage", id);
    let page =
        OfTenant { shell: head.shell(&context), head, list: list.view(&slice, count), clients: slice.rows, may_make };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

fn listed(
    conn: &mut PgConnection,
    tenant_id: Option<Uuid>,
    list: List,
) -> Result<(Slice<Listed>, i64, List), AppError> {
    let slice = store::list(conn, tenant_id, &list)?;
    let count = list.count(&slice, || store::count(conn, tenant_id, &list))?;
    Ok((slice, count, list))
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    let list = List::of(&LIST, &context)?;
    csv(can, db, None, list).await
}

pub async fn export_of_tenant(
    can: Can<Export>,
    context: Context,
    db: Data<Db>,
    tenant_id: Path<Uuid>,
) -> Result<HttpResponse, AppError> {
    let (tenant_id, list) = (*tenant_id, List::of(&LIST_OF_TENANT, &context)?);
    db.read(&can, move |conn| store::owner(conn, tenant_id)).await?;
    csv(can, db, Some(tenant_id), list).await
}

async fn csv(can: Can<Export>, db: Data<Db>, tenant_id: Option<Uuid>, list: List) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &[
        "id",
        "tenant_id",
        "slug",
        "name",
        "status",
        "industry",
        "website",
        "contact_name",
        "contact_email",
        "created_at",
        "last_activity_at",
    ];
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, tenant_id, &list)).await }
    };
    crate::web::export::send("clients", HEADER, list, load, |listed: &Listed| {
        let client = &listed.client;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            client.id.to_string(),
            client.tenant_id.to_string(),
            client.slug.clone(),
            client.name.clone(),
            client.status.clone(),
            text(&client.industry),
            text(&client.website),
            text(&client.contact_name),
            text(&client.contact_email),
            filters::iso(client.created_at.to_jiff()),
            filters::iso(client.last_activity_at.to_jiff()),
        ]
    })
    .await
}

/// What every tab of a client shows above itself.
pub struct Head {
    pub client: Client,
    pub owner: Owner,
    pub counts: TabCounts,
    pub tab: &'static str,
}

impl Head {
    /// Loads it for one tab.
    pub fn load(conn: &mut PgConnection, id: Uuid, tab: &'static str) -> Result<Head, AppError> {
        let client = store::find(conn, id)?;
        Ok(Head { owner: store::owner(conn, client.tenant_id)?, counts: store::tab_counts(conn, id)?, client, tab })
    }

    /// The frame of the page.
    pub fn shell(&self, context: &Context) -> Shell {
        context.shell(self.client.name.clone()).under("Clients", "/clients").under(self.client.slug.clone(), "")
    }

    /// The frame of a page below a tab.
    pub fn shell_below(&self, context: &Context, title: String, tab: &str, here: &str) -> Shell {
        context
            .shell(title)
            .under("Clients", "/clients")
            .under(self.client.slug.clone(), self.client.url())
            .under(tab, format!("{}/{tab}", self.client.url()))
            .under(here, "")
    }
}

#[derive(Template)]
#[template(path = "clients/clients/show.html")]
struct Show {
    shell: Shell,
    head: Head,
    history: Vec<Entry>,
    deployment: Option<Deployment>,
}

/// By id; a slug that only one client has leads to the id's page.
pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<String>) -> Result<HttpResponse, AppError> {
    let Ok(id) = id.parse::<Uuid>() else {
        let id = db.read(&can, move |conn| store::id_of_slug(conn, &id)).await?;
        return Ok(page::permanent(&format!("/clients/{id}")));
    };
    let (head, history, deployment) = db
        .read(&can, move |conn| {
            let head = Head::load(conn, id, "overview")?;
            Ok((head, history::latest(conn, Of::Client(id), 5)?, deployments::store::latest(conn, id)?))
        })
        .await?;
    page::ok(Show { shell: head.shell(&context), head, history, deployment }.render())
}

/// What every history can be asked for.
const HISTORY: ListSpec = ListSpec { search: "", fields: &[], sorts: &["-occurred_at"] };

#[derive(Template)]
#[template(path = "clients/clients/history.html", blocks = ["rows"])]
struct History {
    shell: Shell,
    head: Head,
    list: ListView,
    history: Vec<Entry>,
}

pub async fn history(can: Can<View>, context: Context, db: Data<Db>, id: Path<Uuid>) -> Result<HttpResponse, AppError> {
    let list = List::of(&HISTORY, &context)?;
    let window = list.window.clone();
    let (head, slice): (Head, Slice<Entry>) = db
        .read(&can, move |conn| Ok((Head::load(conn, *id, "history")?, history::page(conn, Of::Client(*id), &window)?)))
        .await?;
    let list = list.view(&slice, slice.rows.len() as i64);
    let page = History { shell: head.shell(&context), head, list, history: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}
