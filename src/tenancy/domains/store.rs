//! Every statement on the domains of tenants.

use castellan_schema::control::{job_queue, tenant_domains, tenants as tenant_table};
use diesel::dsl::{exists, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::forms::NewDomain;
use super::jobs::VERIFY;
use super::model::{Domain, DomainOf, Finding};
use crate::db::Tx;
use crate::db::functions::text;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::error::AppError;
use crate::jobs::{self, NewJob};
use crate::keyset;
use crate::tenancy::Manage;
use crate::tenancy::tenants::store as tenants;
use crate::web::list::List;

/// One page of a tenant's domains.
pub fn list(conn: &mut PgConnection, tenant_id: Uuid, list: &List) -> Result<Slice<Domain>, AppError> {
    let query = narrowed(tenant_id, list);
    let rows: Vec<Domain> = keyset!(query, &list.window, tenant_domains::created_at => Timestamp, tenant_domains::id)
        .select(Domain::as_select())
        .load(conn)?;
    Ok(list.window.slice(rows, |domain| (domain.created_at.to_key(), domain.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, tenant_id: Uuid, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(tenant_id, list).select(tenant_domains::id)).get_result(conn)?)
}

fn narrowed(tenant_id: Uuid, list: &List) -> tenant_domains::BoxedQuery<'static, Pg> {
    let mut query = tenant_domains::table
        .into_boxed()
        .filter(tenant_domains::tenant_id.eq(tenant_id).and(tenant_domains::deleted_at.is_null()));
    if let Some(pattern) = list.pattern() {
        query = query.filter(text(tenant_domains::domain).ilike(pattern));
    }
    let statuses = list.values("status");
    if !statuses.is_empty() {
        query = query.filter(tenant_domains::status.eq_any(statuses));
    }
    query
}

/// A domain that was not removed, with its tenant.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<DomainOf, AppError> {
    let domain: Domain = tenant_domains::table
        .find(id)
        .filter(tenant_domains::deleted_at.is_null())
        .select(Domain::as_select())
        .first(conn)?;
    Ok(DomainOf { tenant: tenants::find(conn, domain.tenant_id)?, domain })
}

/// Claims a domain for a tenant, with a new token to publish.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, tenant_id: Uuid, new: &NewDomain) -> Result<(), AppError> {
    tenants::lock(tx, tenant_id)?;
    unclaimed(tx, tenant_id, &new.domain)?;
    let token: String = rand::random::<[u8; 16]>().iter().map(|byte| format!("{byte:02x}")).collect();
    diesel::insert_into(tenant_domains::table)
        .values((
            tenant_domains::id.eq(id),
            tenant_domains::tenant_id.eq(tenant_id),
            tenant_domains::domain.eq(&new.domain),
            tenant_domains::verification_token.eq(token),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

fn unclaimed(tx: &mut Tx<'_, Manage>, tenant_id: Uuid, domain: &str) -> Result<(), AppError> {
    let holder: Option<(Uuid, String)> = tenant_domains::table
        .inner_join(tenant_table::table)
        .filter(tenant_domains::domain.eq(domain).and(tenant_domains::deleted_at.is_null()))
        .select((tenant_table::id, tenant_table::name))
        .first(&mut **tx)
        .optional()?;
    match holder {
        None => Ok(()),
        Some((id, _)) if id == tenant_id => Err(AppError::Refused("domain", "is in this tenant's list already".into())),
        Some((_, name)) => Err(AppError::Refused("domain", format!("belongs to another tenant, {name}"))),
    }
}

/// Has a job look for the domain's record, unless one is about to. Whether one was added.
pub fn request_check(tx: &mut Tx<'_, Manage>, domain: &Domain) -> Result<bool, AppError> {
    tenants::lock(tx, domain.tenant_id)?;
    if is_being_checked(tx, domain)? {
        return Ok(false);
    }
    let job = NewJob::of(VERIFY).payload(json!({ "domain_id": domain.id })).tenant(domain.tenant_id);
    jobs::enqueue(tx, &job)?;
    Ok(true)
}

/// Whether a job will look for the domain's record, or does so now.
pub fn is_being_checked(conn: &mut PgConnection, domain: &Domain) -> Result<bool, AppError> {
    let open = job_queue::table
        .filter(job_queue::tenant_id.eq(domain.tenant_id).and(job_queue::kind.eq(VERIFY)))
        .filter(job_queue::status.eq_any(["queued", "running", "failed"]))
        .filter(job_queue::payload.contains(json!({ "domain_id": domain.id })));
    Ok(diesel::select(exists(open)).get_result(conn)?)
}

/// Writes down what a look-up found. A domain that was verified stays so when nobody could answer.
pub fn record(tx: &mut Tx<'_, Manage>, id: Uuid, finding: &Finding) -> Result<(), AppError> {
    let living = tenant_domains::table.find(id).filter(tenant_domains::deleted_at.is_null());
    let was: Option<String> = living.select(tenant_domains::status).for_update().first(&mut **tx).optional()?;
    let Some(was) = was else { return Ok(()) };
    let (status, verified_at, last_error) = match finding {
        Finding::Found => ("verified", Some(tenant_domains::verified_at.eq(now)), None),
        Finding::NoAnswer(why) if was == "verified" => ("verified", None, Some(why)),
        Finding::NoAnswer(why) | Finding::Absent(why) => ("failed", None, Some(why)),
    };
    diesel::update(living)
        .set((
            tenant_domains::status.eq(status),
            verified_at,
            tenant_domains::last_checked_at.eq(now),
            tenant_domains::last_error.eq(last_error),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Makes it the one domain that is shown for the tenant.
pub fn make_primary(tx: &mut Tx<'_, Manage>, domain: &Domain) -> Result<(), AppError> {
    tenants::lock(tx, domain.tenant_id)?;
    let current = tenant_domains::table
        .filter(tenant_domains::tenant_id.eq(domain.tenant_id).and(tenant_domains::is_primary))
        .filter(tenant_domains::deleted_at.is_null().and(tenant_domains::id.ne(domain.id)));
    diesel::update(current).set(tenant_domains::is_primary.eq(false)).execute(&mut **tx)?;
    let fitting = tenant_domains::table
        .find(domain.id)
        .filter(tenant_domains::status.eq("verified").and(tenant_domains::deleted_at.is_null()))
        .filter(tenant_domains::is_primary.eq(false));
    let made = diesel::update(fitting).set(tenant_domains::is_primary.eq(true)).execute(&mut **tx)?;
    match made {
        0 => Err(AppError::Conflict("Only a verified domain that is not primary already can be made primary.".into())),
        _ => Ok(()),
    }
}

/// Gives the claim up; anybody may claim the domain then.
pub fn remove(tx: &mut Tx<'_, Manage>, domain: &Domain) -> Result<(), AppError> {
    tenants::lock(tx, domain.tenant_id)?;
    let living = tenant_domains::table.find(domain.id).filter(tenant_domains::deleted_at.is_null());
    let actor = tx.actor_id();
    let removed = diesel::update(living)
        .set((
            tenant_domains::deleted_at.eq(now),
            tenant_domains::deleted_by.eq(actor),
            tenant_domains::is_primary.eq(false),
        ))
        .execute(&mut **tx)?;
    match removed {
        0 => Err(AppError::Conflict("The domain was removed already.".into())),
        _ => Ok(()),
    }
}
