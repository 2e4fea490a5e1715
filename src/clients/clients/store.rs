//! Every statement on clients.

use std::collections::HashMap;

use castellan_schema::control::{client_customizations, client_deployments, clients, tenants};
use diesel::dsl::{count_star, exists, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{ClientFacts, ClientPatch};
use super::model::{Client, Listed, Owner};
use crate::clients::deployments;
use crate::clients::{Archive, Manage};
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::{Tx, fitting, search};
use crate::error::AppError;
use crate::keyset;
use crate::web::filters::capped;
use crate::web::list::List;

type Boxed<'a> = clients::BoxedQuery<'a, Pg>;

/// One page of the list of all clients, or of one tenant's.
pub fn list(conn: &mut PgConnection, tenant_id: Option<Uuid>, list: &List) -> Result<Slice<Listed>, AppError> {
    let query = narrowed(conn, tenant_id, list)?;
    let window = &list.window;
    let (rows, key): (Vec<Client>, fn(&Client) -> String) = match window.sort {
        "name" => (
            keyset!(query, window, clients::name_sort => String, clients::id).select(Client::as_select()).load(conn)?,
            |client| client.name_sort.clone(),
        ),
        "last_activity_at" => (
            keyset!(query, window, clients::last_activity_at => Timestamp, clients::id)
                .select(Client::as_select())
                .load(conn)?,
            |client| client.last_activity_at.to_key(),
        ),
        _ => (
            keyset!(query, window, clients::created_at => Timestamp, clients::id)
                .select(Client::as_select())
                .load(conn)?,
            |client| client.created_at.to_key(),
        ),
    };
    let slice = window.slice(rows, |client| (key(client), client.id));
    Ok(Slice { rows: with_owners(conn, slice.rows)?, previous: slice.previous, next: slice.next })
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, tenant_id: Option<Uuid>, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(conn, tenant_id, list)?.select(clients::id)).get_result(conn)?)
}

/// How many there are that are not deleted, of all tenants, counted to ten thousand.
pub fn count_living(conn: &mut PgConnection) -> Result<i64, AppError> {
    let living = clients::table.filter(clients::deleted_at.is_null());
    Ok(CappedCount(living.select(clients::id)).get_result(conn)?)
}

/// The filters of the list. Which branch a query takes depends on which filters are set and, for a search, on how much
/// it finds, but not on other values, so that its text stays prepared.
fn narrowed(conn: &mut PgConnection, tenant_id: Option<Uuid>, list: &List) -> Result<Boxed<'static>, AppError> {
    let mut query = clients::table.into_boxed();
    query = match list.values("deleted").iter().any(|value| value == "yes") {
        true => query.filter(clients::deleted_at.is_not_null()),
        false => query.filter(clients::deleted_at.is_null()),
    };
    if let Some(tenant_id) = tenant_id {
        query = query.filter(clients::tenant_id.eq(tenant_id));
    }
    if let Some(pattern) = list.pattern() {
        query = match found(conn, &pattern)? {
            Some(ids) => query.filter(clients::id.eq_any(ids)),
            None => query.filter(clients::name.ilike(pattern.clone()).or(clients::slug.ilike(pattern))),
        };
    }
    let statuses = list.values("status");
    query = match statuses.as_slice() {
        [] => query,
        [status] => query.filter(clients::status.eq(status.clone())),
        _ => query.filter(clients::status.eq_any(statuses)),
    };
    let owners = list.ids("tenant");
    if !owners.is_empty() {
        query = query.filter(clients::tenant_id.eq_any(owners));
    }
    if let Some(created) = list.span("created") {
        if let Some(from) = created.from {
            query = query.filter(clients::created_at.ge(from));
        }
        if let Some(until) = created.until {
            query = query.filter(clients::created_at.lt(until));
        }
    }
    Ok(query)
}

/// What a search finds, by the indexes of names and slugs. None when it finds too much or too short a text.
fn found(conn: &mut PgConnection, pattern: &str) -> Result<Option<Vec<Uuid>>, AppError> {
    if !search::is_indexed(pattern) {
        return Ok(None);
    }
    let fitting = clients::table.filter(clients::name.ilike(pattern).or(clients::slug.ilike(pattern)));
    let ids: Vec<Uuid> = fitting.select(clients::id).limit(search::FEW + 1).load(conn)?;
    Ok((ids.len() as i64 <= search::FEW).then_some(ids))
}

/// Adds the tenants in one more statement; a join would also have to be counted.
fn with_owners(conn: &mut PgConnection, rows: Vec<Client>) -> Result<Vec<Listed>, AppError> {
    let mut ids: Vec<Uuid> = rows.iter().map(|client| client.tenant_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = tenants::table.filter(tenants::id.eq_any(ids)).select(OWNER).load::<OwnerRow>(conn)?;
    let owners: HashMap<Uuid, Owner> = found.into_iter().map(|row| (row.0, row.into())).collect();
    let listed = |client: Client| Some(Listed { owner: owners.get(&client.tenant_id)?.clone(), client });
    Ok(rows.into_iter().filter_map(listed).collect())
}

type OwnerRow = (Uuid, String, String, String, Option<Timestamp>);

const OWNER: (tenants::id, tenants::slug, tenants::name, tenants::status, tenants::deleted_at) =
    (tenants::id, tenants::slug, tenants::name, tenants::status, tenants::deleted_at);

impl From<OwnerRow> for Owner {
    fn from((id, slug, name, status, deleted_at): OwnerRow) -> Owner {
        Owner { id, slug, name, status, is_deleted: deleted_at.is_some() }
    }
}

/// The client, deleted or not.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Client, AppError> {
    Ok(clients::table.find(id).select(Client::as_select()).first(conn)?)
}

/// The client, unless it is deleted.
pub fn find_living(conn: &mut PgConnection, id: Uuid) -> Result<Client, AppError> {
    find(conn, id).and_then(|client| if client.is_deleted() { Err(AppError::NotFound) } else { Ok(client) })
}

/// The id behind a slug that only one living client has among those that can be seen.
pub fn id_of_slug(conn: &mut PgConnection, slug: &str) -> Result<Uuid, AppError> {
    let living = clients::table.filter(clients::slug.eq(slug).and(clients::deleted_at.is_null()));
    let ids: Vec<Uuid> = living.select(clients::id).limit(2).load(conn)?;
    match ids[..] {
        [id] => Ok(id),
        _ => Err(AppError::NotFound),
    }
}

/// A client's tenant.
pub fn owner(conn: &mut PgConnection, tenant_id: Uuid) -> Result<Owner, AppError> {
    Ok(tenants::table.find(tenant_id).select(OWNER).first::<OwnerRow>(conn)?.into())
}

/// Names of the tenants that a list is narrowed to, so that nobody reads an id.
pub fn chosen_tenants(conn: &mut PgConnection, list: &List) -> Result<Vec<(Uuid, String)>, AppError> {
    match list.ids("tenant") {
        ids if ids.is_empty() => Ok(Vec::new()),
        ids => Ok(tenants::table.filter(tenants::id.eq_any(ids)).select((tenants::id, tenants::name)).load(conn)?),
    }
}

/// The tenant of an id, or of a slug among those not deleted.
pub fn owner_by_text(conn: &mut PgConnection, text: &str) -> Result<Owner, AppError> {
    match text.parse::<Uuid>() {
        Ok(id) => owner(conn, id),
        Err(_) => {
            let living = tenants::table.filter(tenants::slug.eq(text).and(tenants::deleted_at.is_null()));
            Ok(living.select(OWNER).first::<OwnerRow>(conn)?.into())
        }
    }
}

/// The numbers on a client's tabs.
#[derive(Debug, Clone, Copy)]
pub struct TabCounts {
    pub customizations: i64,
    deployments: i64,
}

impl TabCounts {
    /// As text, since they are counted to ten thousand.
    pub fn deployments(&self) -> String {
        capped(self.deployments)
    }
}

/// Counts what a client's tabs hold.
pub fn tab_counts(conn: &mut PgConnection, id: Uuid) -> Result<TabCounts, AppError> {
    let customizations = client_customizations::table
        .filter(client_customizations::client_id.eq(id).and(client_customizations::deleted_at.is_null()))
        .select(count_star());
    let deployments =
        client_deployments::table.filter(client_deployments::client_id.eq(id)).select(client_deployments::id);
    let customizations: Option<i64> = diesel::select(customizations.single_value()).first(conn)?;
    let deployments = CappedCount(deployments).get_result(conn)?;
    Ok(TabCounts { customizations: customizations.unwrap_or(0), deployments })
}

/// Makes a client as a draft.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, tenant_id: Uuid, facts: &ClientFacts) -> Result<(), AppError> {
    if let Some(why) = owner(tx, tenant_id)?.refuses_clients() {
        return Err(AppError::Conflict(why));
    }
    diesel::insert_into(clients::table)
        .values((
            clients::id.eq(id),
            clients::tenant_id.eq(tenant_id),
            clients::name.eq(&facts.name),
            clients::slug.eq(&facts.slug),
            clients::industry.eq(&facts.industry),
            clients::website.eq(&facts.website),
            clients::contact_name.eq(&facts.contact_name),
            clients::contact_email.eq(&facts.contact_email),
            clients::notes.eq(&facts.notes),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes an edited client, unless somebody else did so since the patch's version.
pub fn update(tx: &mut Tx<'_, Manage>, id: Uuid, patch: &ClientPatch) -> Result<(), AppError> {
    let living = clients::table.find(id).filter(clients::deleted_at.is_null());
    let facts = &patch.facts;
    let updated = diesel::update(living.filter(clients::version.eq(patch.version)))
        .set((
            clients::name.eq(&facts.name),
            clients::slug.eq(&facts.slug),
            clients::industry.eq(&facts.industry),
            clients::website.eq(&facts.website),
            clients::contact_name.eq(&facts.contact_name),
            clients::contact_email.eq(&facts.contact_email),
            clients::notes.eq(&facts.notes),
        ))
        .execute(&mut **tx)?;
    match updated {
        1 => touch(tx, id),
        _ if diesel::select(exists(living)).get_result(&mut **tx)? => Err(AppError::Stale),
        _ => Err(AppError::NotFound),
    }
}

/// Notes a sign of life. On its own, since a statement that sets only this is no change to be recorded.
pub fn touch<P>(tx: &mut Tx<'_, P>, id: Uuid) -> Result<(), AppError> {
    diesel::update(clients::table.find(id)).set(clients::last_activity_at.eq(now)).execute(&mut **tx)?;
    Ok(())
}

/// Takes a client into service, for the first time or again.
pub fn activate(tx: &mut Tx<'_, Manage>, client: &Client) -> Result<(), AppError> {
    if let Some(why) = owner(tx, client.tenant_id)?.refuses_operation() {
        return Err(AppError::Conflict(why));
    }
    let change = (&["draft", "paused", "archived"][..], "active");
    set_status(tx, client.id, change, "Only a client that is a draft, paused or archived can be activated.")
}

/// Takes a client offline for a while; nothing more goes out.
pub fn pause(tx: &mut Tx<'_, Manage>, id: Uuid) -> Result<(), AppError> {
    set_status(tx, id, (&["active"], "paused"), "Only an active client can be paused.")?;
    deployments::store::cancel_unfinished(tx, id, "The client was paused.")
}

/// Keeps a client for reference only; nothing more goes out.
pub fn archive(tx: &mut Tx<'_, Archive>, id: Uuid) -> Result<(), AppError> {
    let change = (&["draft", "active", "paused"][..], "archived");
    set_status(tx, id, change, "Only a client that is a draft, active or paused can be archived.")?;
    deployments::store::cancel_unfinished(tx, id, "The client was archived.")
}

/// Deletes a client that is not in service from sight; it can be restored.
pub fn delete(tx: &mut Tx<'_, Archive>, id: Uuid) -> Result<(), AppError> {
    let fit = clients::table
        .find(id)
        .filter(clients::deleted_at.is_null().and(clients::status.eq_any(["draft", "archived"])));
    let actor = tx.actor_id();
    let deleted =
        diesel::update(fit).set((clients::deleted_at.eq(now), clients::deleted_by.eq(actor))).execute(&mut **tx)?;
    fitting(deleted, "A client that is active or paused must be archived before it can be deleted.")?;
    deployments::store::cancel_unfinished(tx, id, "The client was deleted.")
}

/// Brings a deleted client back, unless its slug was taken or its tenant closed meanwhile.
pub fn restore(tx: &mut Tx<'_, Archive>, client: &Client) -> Result<(), AppError> {
    if let Some(why) = owner(tx, client.tenant_id)?.refuses_clients() {
        return Err(AppError::Conflict(why));
    }
    let gone = clients::table.find(client.id).filter(clients::deleted_at.is_not_null());
    let restored = diesel::update(gone)
        .set((clients::deleted_at.eq(None::<Timestamp>), clients::deleted_by.eq(None::<Uuid>)))
        .execute(&mut **tx);
    match restored.map_err(AppError::from) {
        Err(AppError::Constraint(name)) if name == "clients_slug_key" => Err(AppError::Conflict(format!(
            "Another client of this tenant uses the slug {} by now. Change that one's slug, then restore this one.",
            client.slug
        ))),
        Err(error) => Err(error),
        Ok(restored) => fitting(restored, "Only a deleted client can be restored."),
    }
}

fn set_status<P>(tx: &mut Tx<'_, P>, id: Uuid, (from, to): (&[&str], &str), otherwise: &str) -> Result<(), AppError> {
    let fit = clients::table.find(id).filter(clients::deleted_at.is_null().and(clients::status.eq_any(from)));
    let changed = diesel::update(fit).set(clients::status.eq(to)).execute(&mut **tx)?;
    fitting(changed, otherwise)?;
    touch(tx, id)
}
