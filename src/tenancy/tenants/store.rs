//! Every statement on tenants.

use castellan_schema::control::{
    clients, job_queue, sessions, tenant_domains, tenant_policies, tenants, users, workspace_members, workspaces,
};
use diesel::dsl::{count_star, exists, not, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{NewTenant, TenantPatch};
use super::model::{OpenJob, Tenant};
use crate::db::functions::text;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::{Tx, fitting, search};
use crate::error::AppError;
use crate::keyset;
use crate::mail::{self, Letter};
use crate::tenancy::{Make, Manage, Suspend};
use crate::web::list::List;

type Boxed<'a> = tenants::BoxedQuery<'a, Pg>;

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Tenant>, AppError> {
    let query = narrowed(conn, list)?;
    let window = &list.window;
    let (rows, key): (Vec<Tenant>, fn(&Tenant) -> String) = match window.sort {
        "name" => (
            keyset!(query, window, tenants::name_sort => String, tenants::id).select(Tenant::as_select()).load(conn)?,
            |tenant| tenant.name_sort.clone(),
        ),
        "last_activity_at" => (
            keyset!(query, window, tenants::last_activity_at => Timestamp, tenants::id)
                .select(Tenant::as_select())
                .load(conn)?,
            |tenant| tenant.last_activity_at.to_key(),
        ),
        _ => (
            keyset!(query, window, tenants::created_at => Timestamp, tenants::id)
                .select(Tenant::as_select())
                .load(conn)?,
            |tenant| tenant.created_at.to_key(),
        ),
    };
    Ok(window.slice(rows, |tenant| (key(tenant), tenant.id)))
}

/// How many there are that are not deleted, counted to ten thousand.
pub fn count_living(conn: &mut PgConnection) -> Result<i64, AppError> {
    let living = tenants::table.filter(tenants::deleted_at.is_null());
    Ok(CappedCount(living.select(tenants::id)).get_result(conn)?)
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(conn, list)?.select(tenants::id)).get_result(conn)?)
}

/// The filters of the list. Which branch a query takes depends on which filters are set and, for a search, on how much
/// it finds, but not on other values, so that its text stays prepared.
fn narrowed(conn: &mut PgConnection, list: &List) -> Result<Boxed<'static>, AppError> {
    let mut query = tenants::table.into_boxed();
    query = match list.values("deleted").iter().any(|value| value == "yes") {
        true => query.filter(tenants::deleted_at.is_not_null()),
        false => query.filter(tenants::deleted_at.is_null()),
    };
    if let Some(pattern) = list.pattern() {
        query = match found(conn, &pattern)? {
            Some(ids) => query.filter(tenants::id.eq_any(ids)),
            None => {
                // One look per row; with `exists` the database would collect all fitting domains first.
                let domain = tenant_domains::table
                    .filter(tenant_domains::tenant_id.eq(tenants::id).and(tenant_domains::deleted_at.is_null()))
                    .filter(text(tenant_domains::domain).ilike(pattern.clone()))
                    .select(tenant_domains::id)
                    .single_value()
                    .is_not_null();
                query.filter(tenants::name.ilike(pattern.clone()).or(tenants::slug.ilike(pattern)).or(domain))
            }
        };
    }
    let statuses = list.values("status");
    query = match statuses.as_slice() {
        [] => query,
        [status] => query.filter(tenants::status.eq(status.clone())),
        _ => query.filter(tenants::status.eq_any(statuses)),
    };
    let regions = list.values("region");
    if !regions.is_empty() {
        query = query.filter(tenants::region.eq_any(regions));
    }
    if let Some(created) = list.span("created") {
        if let Some(from) = created.from {
            query = query.filter(tenants::created_at.ge(from));
        }
        if let Some(until) = created.until {
            query = query.filter(tenants::created_at.lt(until));
        }
    }
    Ok(query)
}

/// What a search finds, by the indexes of names and of domains, which one condition over both tables could not use.
/// None when it finds too much or too short a text.
fn found(conn: &mut PgConnection, pattern: &str) -> Result<Option<Vec<Uuid>>, AppError> {
    if !search::is_indexed(pattern) {
        return Ok(None);
    }
    let named = tenants::table.filter(tenants::name.ilike(pattern).or(tenants::slug.ilike(pattern)));
    let mut ids: Vec<Uuid> = named.select(tenants::id).limit(search::FEW + 1).load(conn)?;
    if ids.len() as i64 <= search::FEW {
        let domains = tenant_domains::table
            .filter(tenant_domains::deleted_at.is_null().and(text(tenant_domains::domain).ilike(pattern)));
        ids.extend(domains.select(tenant_domains::tenant_id).limit(search::FEW + 1).load::<Uuid>(conn)?);
    }
    Ok((ids.len() as i64 <= search::FEW).then_some(ids))
}

/// The tenant, deleted or not.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Tenant, AppError> {
    Ok(tenants::table.find(id).select(Tenant::as_select()).first(conn)?)
}

/// The id behind a slug of a tenant that is not deleted.
pub fn id_of_slug(conn: &mut PgConnection, slug: &str) -> Result<Uuid, AppError> {
    let living = tenants::table.filter(tenants::slug.eq(slug).and(tenants::deleted_at.is_null()));
    Ok(living.select(tenants::id).first(conn)?)
}

/// The tenant, unless it was deleted.
pub fn find_living(conn: &mut PgConnection, id: Uuid) -> Result<Tenant, AppError> {
    Ok(tenants::table.find(id).filter(tenants::deleted_at.is_null()).select(Tenant::as_select()).first(conn)?)
}

/// Makes those who change what belongs to a tenant wait for each other. A deleted one takes no changes, and one of
/// others is not found.
pub fn lock<P>(tx: &mut Tx<'_, P>, id: Uuid) -> Result<(), AppError> {
    let row = tenants::table.find(id).select(tenants::deleted_at.is_not_null());
    let is_deleted: bool = row.for_no_key_update().first(&mut **tx)?;
    match is_deleted {
        false => Ok(()),
        true => Err(AppError::Conflict("The tenant is deleted. Restore it first.".into())),
    }
}

/// The numbers on a tenant's tabs.
#[derive(Debug, Clone, Copy)]
pub struct TabCounts {
    pub people: i64,
    pub clients: i64,
    pub domains: i64,
}

/// Counts what a tenant's tabs hold.
pub fn tab_counts(conn: &mut PgConnection, id: Uuid) -> Result<TabCounts, AppError> {
    let people = workspace_members::table
        .filter(workspace_members::tenant_id.eq(id).and(workspace_members::deleted_at.is_null()))
        .select(diesel::dsl::count(workspace_members::user_id).aggregate_distinct());
    let clients =
        clients::table.filter(clients::tenant_id.eq(id).and(clients::deleted_at.is_null())).select(count_star());
    let domains = tenant_domains::table
        .filter(tenant_domains::tenant_id.eq(id).and(tenant_domains::deleted_at.is_null()))
        .select(count_star());
    let (people, clients, domains): (Option<i64>, Option<i64>, Option<i64>) =
        diesel::select((people.single_value(), clients.single_value(), domains.single_value())).first(conn)?;
    Ok(TabCounts { people: people.unwrap_or(0), clients: clients.unwrap_or(0), domains: domains.unwrap_or(0) })
}

/// The latest jobs about a tenant that are not done yet, or that nobody could do.
pub fn open_jobs(conn: &mut PgConnection, id: Uuid, most: i64) -> Result<Vec<OpenJob>, AppError> {
    Ok(job_queue::table
        .filter(job_queue::tenant_id.eq(id).and(job_queue::status.ne_all(["succeeded", "cancelled"])))
        .order((job_queue::created_at.desc(), job_queue::id.desc()))
        .select((job_queue::id, job_queue::kind, job_queue::status))
        .limit(most)
        .load(conn)?)
}

/// Makes a tenant with its policies and a first workspace.
pub fn insert(tx: &mut Tx<'_, Make>, id: Uuid, new: &NewTenant) -> Result<(), AppError> {
    diesel::insert_into(tenants::table)
        .values((
            tenants::id.eq(id),
            tenants::name.eq(&new.name),
            tenants::slug.eq(&new.slug),
            tenants::region.eq(new.region),
            tenants::isolation.eq(new.isolation),
            tenants::status.eq(if new.trial_ends_at.is_some() { "trial" } else { "active" }),
            tenants::trial_ends_at.eq(new.trial_ends_at),
            tenants::notes.eq(&new.notes),
        ))
        .execute(&mut **tx)?;
    diesel::insert_into(tenant_policies::table)
        .values((tenant_policies::id.eq(Uuid::now_v7()), tenant_policies::tenant_id.eq(id)))
        .execute(&mut **tx)?;
    diesel::insert_into(workspaces::table)
        .values((workspaces::id.eq(Uuid::now_v7()), workspaces::tenant_id.eq(id), workspaces::name.eq("Main")))
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes an edited tenant, unless somebody else changed or deleted it since.
pub fn update(tx: &mut Tx<'_, Manage>, tenant: &Tenant, patch: &TenantPatch) -> Result<(), AppError> {
    let row = tenants::table.find(tenant.id);
    let same = row.filter(tenants::version.eq(patch.version).and(tenants::deleted_at.is_null()));
    let updated = diesel::update(same)
        .set((
            tenants::name.eq(&patch.name),
            tenants::slug.eq(&patch.slug),
            tenants::region.eq(patch.region),
            tenants::isolation.eq(patch.isolation),
            tenants::trial_ends_at.eq(tenant.trial_ending_on(patch.trial_ends_at)),
            tenants::notes.eq(&patch.notes),
        ))
        .execute(&mut **tx)?;
    match updated {
        0 => Err(AppError::Stale),
        _ => Ok(()),
    }
}

/// Ends a trial: the tenant is a customer.
pub fn activate(tx: &mut Tx<'_, Manage>, id: Uuid) -> Result<(), AppError> {
    lock(tx, id)?;
    let fit = tenants::table.find(id).filter(tenants::status.eq("trial"));
    let activated = diesel::update(fit)
        .set((tenants::status.eq("active"), tenants::trial_ends_at.eq(None::<Timestamp>)))
        .execute(&mut **tx)?;
    fitting(activated, "Only a tenant on trial can be activated.")
}

/// Suspends it: its people are signed out and its owners told.
pub fn suspend(tx: &mut Tx<'_, Suspend>, id: Uuid, reason: &str) -> Result<(), AppError> {
    lock(tx, id)?;
    let fit = tenants::table.find(id).filter(tenants::status.eq_any(["trial", "active"]));
    let suspended = diesel::update(fit)
        .set((tenants::status.eq("suspended"), tenants::suspended_at.eq(now), tenants::suspension_reason.eq(reason)))
        .execute(&mut **tx)?;
    fitting(suspended, "Only a tenant that is active or on trial can be suspended.")?;
    end_sessions(tx, id)?;
    tell_owners(tx, id, "Your organisation was suspended", reason)
}

/// Ends a suspension.
pub fn reactivate(tx: &mut Tx<'_, Suspend>, tenant: &Tenant) -> Result<(), AppError> {
    lock(tx, tenant.id)?;
    let fit = tenants::table.find(tenant.id).filter(tenants::status.eq("suspended"));
    let reactivated = diesel::update(fit)
        .set((
            tenants::status.eq(tenant.state_underneath()),
            tenants::suspended_at.eq(None::<Timestamp>),
            tenants::suspension_reason.eq(None::<String>),
        ))
        .execute(&mut **tx)?;
    fitting(reactivated, "Only a suspended tenant can be reactivated.")?;
    tell_owners(tx, tenant.id, "Your organisation is active again", "")
}

/// Begins closing; until `closing_at` it can be called off.
pub fn close(tx: &mut Tx<'_, Suspend>, id: Uuid, closing_at: Timestamp) -> Result<(), AppError> {
    lock(tx, id)?;
    let fit = tenants::table.find(id).filter(tenants::status.eq_any(["trial", "active", "suspended"]));
    let closing = diesel::update(fit)
        .set((tenants::status.eq("closing"), tenants::closing_at.eq(closing_at)))
        .execute(&mut **tx)?;
    fitting(closing, "Only a tenant that is active, on trial or suspended can be closed.")?;
    tell_owners(tx, id, "Your organisation will be closed", "")
}

/// Calls the closing off within the grace period.
pub fn cancel_closing(tx: &mut Tx<'_, Suspend>, tenant: &Tenant) -> Result<(), AppError> {
    lock(tx, tenant.id)?;
    let fit = tenants::table.find(tenant.id).filter(tenants::status.eq("closing").and(tenants::closing_at.gt(now)));
    let cancelled = diesel::update(fit)
        .set((tenants::status.eq(tenant.state_underneath()), tenants::closing_at.eq(None::<Timestamp>)))
        .execute(&mut **tx)?;
    fitting(cancelled, "Only a closing tenant whose grace period still runs can be kept.")?;
    tell_owners(tx, tenant.id, "Your organisation stays open", "")
}

/// Deletes a closed tenant, or one that never had clients, from sight; it can be restored.
pub fn delete(tx: &mut Tx<'_, Suspend>, id: Uuid) -> Result<(), AppError> {
    lock(tx, id)?;
    let has_clients = exists(clients::table.filter(clients::tenant_id.eq(id).and(clients::deleted_at.is_null())));
    let fit = tenants::table.find(id).filter(tenants::status.eq("closed").or(not(has_clients)));
    let actor = tx.actor_id();
    let deleted =
        diesel::update(fit).set((tenants::deleted_at.eq(now), tenants::deleted_by.eq(actor))).execute(&mut **tx)?;
    fitting(deleted, "A tenant with clients must be closed before it can be deleted.")?;
    end_sessions(tx, id)
}

/// Brings a deleted tenant back, unless its slug was taken meanwhile.
pub fn restore(tx: &mut Tx<'_, Suspend>, tenant: &Tenant) -> Result<(), AppError> {
    let gone = tenants::table.find(tenant.id).filter(tenants::deleted_at.is_not_null());
    let restored = diesel::update(gone)
        .set((tenants::deleted_at.eq(None::<Timestamp>), tenants::deleted_by.eq(None::<Uuid>)))
        .execute(&mut **tx);
    match restored.map_err(AppError::from) {
        Err(AppError::Constraint(name)) if name == "tenants_slug_key" => Err(AppError::Conflict(format!(
            "Another tenant uses the slug {} by now. Change that one's slug, then restore this one.",
            tenant.slug
        ))),
        Err(error) => Err(error),
        Ok(restored) => fitting(restored, "Only a deleted tenant can be restored."),
    }
}

/// Tenants whose grace period is over, the longest over first.
pub fn due_closings(conn: &mut PgConnection) -> Result<Vec<Uuid>, AppError> {
    let due = tenants::table
        .filter(tenants::status.eq("closing").and(tenants::closing_at.le(now)))
        .filter(tenants::deleted_at.is_null());
    Ok(due.order(tenants::closing_at).select(tenants::id).load(conn)?)
}

/// Closes a tenant whose grace period is over: its people are signed out and its owners told.
pub fn finish_closing(tx: &mut Tx<'_, Suspend>, id: Uuid) -> Result<(), AppError> {
    lock(tx, id)?;
    let due = tenants::table.find(id).filter(tenants::status.eq("closing").and(tenants::closing_at.le(now)));
    let closed =
        diesel::update(due).set((tenants::status.eq("closed"), tenants::closed_at.eq(now))).execute(&mut **tx)?;
    fitting(closed, "Only a closing tenant whose grace period is over can be closed.")?;
    end_sessions(tx, id)?;
    tell_owners(tx, id, "Your organisation was closed", "")
}

/// Signs out people who belong to this tenant and to no other, staff apart.
fn end_sessions(tx: &mut Tx<'_, Suspend>, id: Uuid) -> Result<(), AppError> {
    let elsewhere = diesel::alias!(workspace_members as elsewhere);
    let members = workspace_members::table
        .inner_join(users::table)
        .filter(workspace_members::tenant_id.eq(id).and(workspace_members::deleted_at.is_null()))
        .filter(users::is_staff.eq(false))
        .filter(not(exists(
            elsewhere.filter(
                elsewhere
                    .field(workspace_members::user_id)
                    .eq(workspace_members::user_id)
                    .and(elsewhere.field(workspace_members::tenant_id).ne(id))
                    .and(elsewhere.field(workspace_members::deleted_at).is_null()),
            ),
        )))
        .select(workspace_members::user_id);
    let alive = sessions::table.filter(sessions::revoked_at.is_null().and(sessions::absolute_expires_at.gt(now)));
    let actor = tx.actor_id();
    diesel::update(alive.filter(sessions::user_id.eq_any(members)))
        .set((
            sessions::revoked_at.eq(now),
            sessions::revoked_reason.eq("account_changed"),
            sessions::revoked_by.eq(actor),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// A mail to every owner, sent by a job once this is committed.
fn tell_owners(tx: &mut Tx<'_, Suspend>, id: Uuid, subject: &str, reason: &str) -> Result<(), AppError> {
    let owners: Vec<(String, String)> = workspace_members::table
        .inner_join(users::table)
        .filter(workspace_members::tenant_id.eq(id).and(workspace_members::deleted_at.is_null()))
        .filter(workspace_members::role.eq("owner").and(users::deleted_at.is_null()))
        .select((users::email, users::name))
        .distinct()
        .load(&mut **tx)?;
    let name: String = tenants::table.find(id).select(tenants::name).first(&mut **tx)?;
    let why = if reason.is_empty() { String::new() } else { format!("\n\nThe reason given: {reason}") };
    for (email, owner) in owners {
        let text = format!("{subject}: {name}.{why}");
        mail::post(tx, &Letter::new(&email, &owner, subject, text).tenant(id))?;
    }
    Ok(())
}
