//! What each page asks the database.

use std::iter;
use std::sync::Arc;

use castellan::actor::{Actor, Can, Privilege};
use castellan::audit::history::{self, Event, Of};
use castellan::clients::clients as client_list;
use castellan::db::{Cursor, Db};
use castellan::error::AppError;
use castellan::operations::overview::store as overview;
use castellan::tenancy::tenants;
use castellan::web::list::{List, ListSpec};
use castellan::web::many::Counter;
use castellan::{audit, clients, operations, tenancy};
use castellan_schema::control::tenants as table;
use diesel::prelude::*;
use uuid::Uuid;

/// The main pages.
#[derive(Debug, Clone, Copy)]
pub enum Page {
    Tenants,
    TenantsDeep,
    TenantsByState,
    TenantsRare,
    TenantsCommon,
    Tenant,
    Clients,
    Audit,
    AuditOfTenant,
    Overview,
}

/// The addresses that depend on what was loaded.
#[derive(Clone)]
pub struct Sample {
    tenant: Uuid,
    deep: String,
    /// Remembers which lists are long, as the console does.
    counter: Counter,
}

impl Sample {
    /// The tenant with the longest history, and a place four fifths down the list.
    pub async fn take(db: &Db, actor: Arc<Actor>) -> Result<Sample, AppError> {
        let can = Can::<tenancy::View>::prove(actor)?;
        db.read(&can, |conn| {
            let living = table::table.filter(table::deleted_at.is_null());
            let tenant = living.order((table::created_at, table::id)).select(table::id).first(conn)?;
            let count: i64 = living.count().get_result(conn)?;
            let by_name = living.order((table::name_sort, table::id)).select((table::name_sort, table::id));
            let (key, id) = by_name.offset(count * 4 / 5).first(conn)?;
            let deep = Cursor { sort: "name".into(), key, id, backwards: false }.encode();
            Ok(Sample { tenant, deep, counter: Counter::over(Arc::default()) })
        })
        .await
    }

    /// Path and query of a page.
    pub fn address(&self, page: Page) -> String {
        match page.path() {
            (path, "") => self.filled(path),
            (path, query) => format!("{}?{}", self.filled(path), self.filled(query)),
        }
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{deep}", &self.deep).replace("{id}", &self.tenant.to_string())
    }

    fn list(&self, page: Page, spec: &'static ListSpec) -> Result<List, AppError> {
        let (path, query) = page.path();
        Ok(List::parse(spec, path, self.filled(query).as_bytes())?.counting(self.counter.clone()))
    }
}

impl Page {
    pub const ALL: [Page; 10] = [
        Page::Tenants,
        Page::TenantsDeep,
        Page::TenantsByState,
        Page::TenantsRare,
        Page::TenantsCommon,
        Page::Tenant,
        Page::Clients,
        Page::Audit,
        Page::AuditOfTenant,
        Page::Overview,
    ];

    /// As the report calls it.
    pub fn name(self) -> String {
        match self.path() {
            (path, "") => path.to_owned(),
            (path, query) => format!("{path}?{query}"),
        }
    }

    fn path(self) -> (&'static str, &'static str) {
        match self {
            Page::Tenants => ("/tenants", ""),
            Page::TenantsDeep => ("/tenants", "sort=name&after={deep}"),
            Page::TenantsByState => ("/tenants", "status=suspended"),
            Page::TenantsRare => ("/tenants", "q=ostfold"),
            Page::TenantsCommon => ("/tenants", "q=logistics"),
            Page::Tenant => ("/tenants/{id}", ""),
            Page::Clients => ("/clients", ""),
            Page::Audit => ("/audit", ""),
            Page::AuditOfTenant => ("/audit", "tenant={id}"),
            Page::Overview => ("/", ""),
        }
    }

    /// Asks it once.
    pub async fn ask(self, db: &Db, actor: &Arc<Actor>, sample: &Sample) -> Result<(), AppError> {
        let id = sample.tenant;
        match self {
            Page::Clients => {
                let list = sample.list(self, &client_list::pages::LIST)?;
                read::<clients::View>(db, actor, move |conn| {
                    let slice = client_list::store::list(conn, None, &list)?;
                    list.count(&slice, || client_list::store::count(conn, None, &list)).map(drop)
                })
                .await
            }
            Page::Tenant => {
                read::<tenancy::View>(db, actor, move |conn| {
                    tenants::pages::Head::load(conn, id, "overview")?;
                    history::latest(conn, Of::Tenant(id), 5).map(drop)
                })
                .await
            }
            Page::Audit | Page::AuditOfTenant => {
                ask_audit(db, actor, sample.list(self, &audit::events::pages::LIST)?).await
            }
            Page::Overview => ask_overview(db, actor, sample.counter.clone()).await,
            _ => {
                let list = sample.list(self, &tenants::pages::LIST)?;
                read::<tenancy::View>(db, actor, move |conn| {
                    let slice = tenants::store::list(conn, &list)?;
                    list.count(&slice, || tenants::store::count(conn, &list)).map(drop)
                })
                .await
            }
        }
    }
}

async fn ask_audit(db: &Db, actor: &Arc<Actor>, list: List) -> Result<(), AppError> {
    read::<audit::View>(db, actor, move |conn| {
        let slice = audit::events::store::list(conn, &list)?;
        let (people, tenants) = (|event: &Event| event.actor_id, |event: &Event| event.tenant_id);
        let people = slice.rows.iter().filter_map(people);
        audit::events::store::words(conn, people, slice.rows.iter().filter_map(tenants), iter::empty()).map(drop)
    })
    .await
}

async fn ask_overview(db: &Db, actor: &Arc<Actor>, counter: Counter) -> Result<(), AppError> {
    let now = jiff::Timestamp::now();
    read::<operations::ViewOverview>(db, actor, move |conn| {
        overview::tenants(conn, now, &counter)?;
        overview::clients(conn, now, &counter)?;
        overview::failed_jobs(conn)?;
        overview::latest_changes(conn)?;
        overview::closing_tenants(conn)?;
        overview::dead_jobs(conn).map(drop)
    })
    .await
}

async fn read<P: Privilege>(
    db: &Db,
    actor: &Arc<Actor>,
    work: impl FnOnce(&mut PgConnection) -> Result<(), AppError> + Send + 'static,
) -> Result<(), AppError> {
    db.read(&Can::<P>::prove(actor.clone())?, work).await
}
