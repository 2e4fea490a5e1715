//! The pages of tenants.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use diesel::PgConnection;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::forms::{self, CONSTRAINTS, NewTenant, TenantPatch};
use super::model::{ISOLATIONS, OpenJob, REGIONS, STATUSES, Tenant};
use super::store::{self, TabCounts};
use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::audit::history::{self, Entry, Of};
use crate::db::keyset::Slice;
use crate::db::{Db, Tx};
use crate::error::AppError;
use crate::tenancy::people::model::Owner;
use crate::tenancy::policies::model::Policies;
use crate::tenancy::{Export, Make, Manage, View, people, policies};
use crate::web::conflict::Difference;
use crate::web::context::Context;
use crate::web::edit::{EditForm, Rendered};
use crate::web::filters;
use crate::web::flash::Flash;
use crate::web::form::{ConstraintField, FieldError, Form, FormView, field_errors};
use crate::web::list::{Field, FieldKind, List, ListSpec};
use crate::web::list_view::ListView;
use crate::web::page::{self, Crumb, Shell, see_other};

/// What the list of tenants can be asked for.
pub const LIST: ListSpec = ListSpec {
    search: "name, slug or domain",
    fields: &[
        Field { name: "status", label: "status", kind: FieldKind::Choice(&STATUSES) },
        Field { name: "region", label: "region", kind: FieldKind::Choice(&REGIONS) },
        Field { name: "created", label: "created", kind: FieldKind::Days },
        Field { name: "deleted", label: "deleted", kind: FieldKind::Choice(&["yes"]) },
    ],
    sorts: &["-created_at", "name", "last_activity_at"],
};

#[derive(Template)]
#[template(path = "tenancy/tenants/index.html", blocks = ["rows"])]
struct Index {
    shell: Shell,
    list: ListView,
    tenants: Vec<Tenant>,
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
    let page = Index { shell: context.shell("Tenants"), list: list.view(&slice, count), tenants: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

pub async fn export(can: Can<Export>, context: Context, db: Data<Db>) -> Result<HttpResponse, AppError> {
    const HEADER: &[&str] = &["id", "slug", "name", "region", "status", "isolation", "created_at", "last_activity_at"];
    let list = List::of(&LIST, &context)?;
    db.note_read(&can).await?;
    let load = move |list: List| {
        let (db, can) = (db.clone(), can.clone());
        async move { db.read(&can, move |conn| store::list(conn, &list)).await }
    };
    crate::web::export::send("tenants", HEADER, list, load, |tenant: &Tenant| {
        vec![
            tenant.id.to_string(),
            tenant.slug.clone(),
            tenant.name.clone(),
            tenant.region.clone(),
            tenant.status.clone(),
            tenant.isolation.clone(),
            filters::iso(tenant.created_at.to_jiff()),
            filters::iso(tenant.last_activity_at.to_jiff()),
        ]
    })
    .await
}

/// What every tab of a tenant shows above itself.
pub struct Head {
    pub tenant: Tenant,
    pub counts: TabCounts,
    pub tab: &'static str,
}

impl Head {
    /// Loads it for one tab.
    pub fn load(conn: &mut PgConnection, id: Uuid, tab: &'static str) -> Result<Head, AppError> {
        Ok(Head { tenant: store::find(conn, id)?, counts: store::tab_counts(conn, id)?, tab })
    }

    /// Whether who reads the page sees all of it, and not just what belongs to some of its clients.
    pub fn is_whole(&self, shell: &Shell) -> bool {
        shell.may_in_tenant(View::NAME, &self.tenant.id)
    }

    /// Whether it may be deleted: closed, or without clients. Counts know of the rows that one may see; the statement
    /// itself looks again.
    pub fn is_deletable(&self) -> bool {
        self.tenant.status == "closed" || self.counts.clients == 0
    }

    /// The frame of the page.
    pub fn shell(&self, context: &Context) -> Shell {
        context.shell(self.tenant.name.clone()).under("Tenants", "/tenants").under(self.tenant.slug.clone(), "")
    }
}

/// The pages above one that hangs below a tab.
pub fn trail(tenant: &Tenant, tab: &str, here: &str) -> Vec<Crumb> {
    vec![
        Crumb { label: "Tenants".into(), href: "/tenants".into() },
        Crumb { label: tenant.slug.clone(), href: tenant.url() },
        Crumb { label: tab.into(), href: format!("{}/{tab}", tenant.url()) },
        Crumb { label: here.into(), href: String::new() },
    ]
}

#[derive(Template)]
#[template(path = "tenancy/tenants/show.html")]
struct Show {
    shell: Shell,
    head: Head,
    owners: Vec<Owner>,
    policies: Option<Policies>,
    jobs: Vec<OpenJob>,
    history: Vec<Entry>,
}

const OWNERS_SHOWN: i64 = 5;
const JOBS_SHOWN: i64 = 5;

/// By id; a slug leads to the id's page, so that each tenant has one address.
pub async fn show(can: Can<View>, context: Context, db: Data<Db>, id: Path<String>) -> Result<HttpResponse, AppError> {
    let Ok(id) = id.parse::<Uuid>() else {
        let id = db.read(&can, move |conn| store::id_of_slug(conn, &id)).await?;
        return Ok(page::permanent(&format!("/tenants/{id}")));
    };
    let page = db
        .read(&can, move |conn| {
            let head = Head::load(conn, id, "overview")?;
            Ok(Show {
                shell: head.shell(&context),
                owners: people::store::owners(conn, id, OWNERS_SHOWN)?,
                policies: policies::store::of_tenant(conn, id)?,
                jobs: store::open_jobs(conn, id, JOBS_SHOWN)?,
                history: history::latest(conn, Of::Tenant(id), 5)?,
                head,
            })
        })
        .await?;
    page::ok(page.render())
}

/// What every history can be asked for.
const HISTORY: ListSpec = ListSpec { search: "", fields: &[], sorts: &["-occurred_at"] };

#[derive(Template)]
#[template(path = "tenancy/tenants/history.html", blocks = ["rows"])]
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
        .read(&can, move |conn| Ok((Head::load(conn, *id, "history")?, history::page(conn, Of::Tenant(*id), &window)?)))
        .await?;
    let list = list.view(&slice, slice.rows.len() as i64);
    let page = History { shell: head.shell(&context), head, list, history: slice.rows };
    page::ok(if context.wants_list { page.as_rows().render() } else { page.render() })
}

#[derive(Template)]
#[template(path = "tenancy/tenants/form.html")]
struct FormPage {
    shell: Shell,
    form: FormView,
    /// None for a new tenant.
    tenant: Option<Tenant>,
    conflict: Vec<Difference>,
    regions: &'static [&'static str],
    isolations: &'static [&'static str],
}

impl FormPage {
    fn new(context: &Context, form: FormView, tenant: Option<Tenant>, conflict: Vec<Difference>) -> FormPage {
        let shell = match &tenant {
            None => context.shell("New tenant").under("Tenants", "/tenants").under("new", ""),
            Some(tenant) => context
                .shell(format!("Edit {}", tenant.name))
                .under("Tenants", "/tenants")
                .under(tenant.slug.clone(), tenant.url())
                .under("edit", ""),
        };
        FormPage { shell, form, tenant, conflict, regions: &REGIONS, isolations: &ISOLATIONS }
    }
}

pub async fn new(_: Can<Make>, context: Context) -> Result<HttpResponse, AppError> {
    let form = FormView::filled(&[("region", REGIONS[0]), ("isolation", ISOLATIONS[0])]);
    page::ok(FormPage::new(&context, form, None, Vec::new()).render())
}

pub async fn create(can: Can<Make>, context: Context, db: Data<Db>, form: Form) -> Result<HttpResponse, AppError> {
    let refused = |errors: Vec<FieldError>| {
        let page = FormPage::new(&context, form.view(errors), None, Vec::new());
        page::html(StatusCode::UNPROCESSABLE_ENTITY, page.render())
    };
    let new = match NewTenant::from_form(&form) {
        Ok(new) => new,
        Err(errors) => return refused(errors),
    };
    let id = Uuid::now_v7();
    let location = format!("/tenants/{id}");
    let action = Action::on("tenant.create", "tenant", id).tenant(id).once(form.once(), location.clone());
    let name = new.name.clone();
    match db.write(&can, action, move |tx| store::insert(tx, id, &new)).await {
        Ok(()) => Ok(see_other(&location, Flash::ok(format!("{name} is made.")))),
        Err(error) => refused(field_errors(error, &CONSTRAINTS)?),
    }
}

impl EditForm for TenantPatch {
    type Row = Tenant;
    type Needs = Manage;
    const COLUMNS: &'static [&'static str] = TenantPatch::COLUMNS;
    const CONSTRAINTS: &'static [ConstraintField] = &CONSTRAINTS;

    fn load(conn: &mut PgConnection, id: Uuid) -> Result<Tenant, AppError> {
        store::find_living(conn, id)
    }
    fn values_at(conn: &mut PgConnection, tenant: &Tenant, version: i32) -> Result<Map<String, Value>, AppError> {
        history::values_at(conn, "tenants", tenant.id, version)
    }
    fn fill(tenant: &Tenant) -> FormView {
        forms::filled(tenant)
    }
    fn read(form: &Form) -> Result<TenantPatch, Vec<FieldError>> {
        TenantPatch::from_form(form)
    }
    fn action(tenant: &Tenant) -> Action {
        Action::on("tenant.update", "tenant", tenant.id).tenant(tenant.id)
    }
    fn apply(&self, tx: &mut Tx<'_, Manage>, tenant: &Tenant) -> Result<(), AppError> {
        store::update(tx, tenant, self)
    }
    fn done(&self, _: &Tenant) -> String {
        format!("{} is saved.", self.name)
    }
    fn post_to(tenant: &Tenant) -> String {
        tenant.url()
    }
    fn back_to(tenant: &Tenant) -> String {
        tenant.url()
    }
    fn page(context: &Context, tenant: Tenant, form: FormView, conflict: Vec<Difference>) -> Rendered {
        FormPage::new(context, form, Some(tenant), conflict).render()
    }
}
