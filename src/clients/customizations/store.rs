//! Every statement on customizations.

use castellan_schema::control::client_customizations;
use diesel::dsl::{exists, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{CustomizationPatch, CustomizationValues};
use super::model::Customization;
use crate::clients::Manage;
use crate::clients::clients::store::{find_living, touch};
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::keyset;
use crate::web::list::List;

/// One page of a client's customizations.
pub fn list(conn: &mut PgConnection, client_id: Uuid, list: &List) -> Result<Slice<Customization>, AppError> {
    let window = &list.window;
    let query = narrowed(client_id, list);
    let rows: Vec<Customization> =
        keyset!(query, window, client_customizations::created_at => Timestamp, client_customizations::id)
            .select(Customization::as_select())
            .load(conn)?;
    Ok(window.slice(rows, |row| (row.created_at.to_key(), row.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, client_id: Uuid, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(client_id, list).select(client_customizations::id)).get_result(conn)?)
}

fn narrowed(client_id: Uuid, list: &List) -> client_customizations::BoxedQuery<'static, Pg> {
    let mut query = client_customizations::table.filter(client_customizations::client_id.eq(client_id)).into_boxed();
    query = match list.values("deleted").iter().any(|value| value == "yes") {
        true => query.filter(client_customizations::deleted_at.is_not_null()),
        false => query.filter(client_customizations::deleted_at.is_null()),
    };
    if let Some(pattern) = list.pattern() {
        query = query.filter(client_customizations::template_id.ilike(pattern));
    }
    let statuses = list.values("status");
    if !statuses.is_empty() {
        query = query.filter(client_customizations::status.eq_any(statuses));
    }
    query
}

/// The customization, deleted or not.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Customization, AppError> {
    Ok(client_customizations::table.find(id).select(Customization::as_select()).first(conn)?)
}

/// Makes a draft for a client that is not deleted.
pub fn insert(
    tx: &mut Tx<'_, Manage>,
    id: Uuid,
    client_id: Uuid,
    values: &CustomizationValues,
) -> Result<(), AppError> {
    let client = find_living(tx, client_id)?;
    diesel::insert_into(client_customizations::table)
        .values((
            client_customizations::id.eq(id),
            client_customizations::client_id.eq(client_id),
            client_customizations::tenant_id.eq(client.tenant_id),
            client_customizations::template_id.eq(&values.template_id),
            client_customizations::settings.eq(&values.settings),
            client_customizations::brand_primary_color.eq(&values.brand_primary_color),
            client_customizations::brand_logo_url.eq(&values.brand_logo_url),
        ))
        .execute(&mut **tx)?;
    touch(tx, client_id)
}

/// Writes an edited customization, which makes it a draft again, unless somebody else did so since the patch's
/// version.
pub fn update(tx: &mut Tx<'_, Manage>, row: &Customization, patch: &CustomizationPatch) -> Result<(), AppError> {
    let living = client_customizations::table.find(row.id).filter(client_customizations::deleted_at.is_null());
    let values = &patch.values;
    let updated = diesel::update(living.filter(client_customizations::version.eq(patch.version)))
        .set((
            client_customizations::template_id.eq(&values.template_id),
            client_customizations::settings.eq(&values.settings),
            client_customizations::brand_primary_color.eq(&values.brand_primary_color),
            client_customizations::brand_logo_url.eq(&values.brand_logo_url),
            client_customizations::status.eq("draft"),
        ))
        .execute(&mut **tx)?;
    match updated {
        1 => touch(tx, row.client_id),
        _ if diesel::select(exists(living)).get_result(&mut **tx)? => Err(AppError::Stale),
        _ => Err(AppError::NotFound),
    }
}

/// Publishes a draft.
pub fn publish(tx: &mut Tx<'_, Manage>, row: &Customization) -> Result<(), AppError> {
    let draft = client_customizations::table
        .find(row.id)
        .filter(client_customizations::deleted_at.is_null().and(client_customizations::status.eq("draft")));
    let published = diesel::update(draft)
        .set((client_customizations::status.eq("published"), client_customizations::published_at.eq(now)))
        .execute(&mut **tx)?;
    fitting(published, "Only a draft can be published.")?;
    touch(tx, row.client_id)
}

/// Deletes it from sight; it can be restored.
pub fn delete(tx: &mut Tx<'_, Manage>, row: &Customization) -> Result<(), AppError> {
    let living = client_customizations::table.find(row.id).filter(client_customizations::deleted_at.is_null());
    let actor = tx.actor_id();
    let deleted = diesel::update(living)
        .set((client_customizations::deleted_at.eq(now), client_customizations::deleted_by.eq(actor)))
        .execute(&mut **tx)?;
    fitting(deleted, "It is deleted already.")?;
    touch(tx, row.client_id)
}

/// Brings a deleted one back as a draft, unless its template was customized anew meanwhile.
pub fn restore(tx: &mut Tx<'_, Manage>, row: &Customization) -> Result<(), AppError> {
    find_living(tx, row.client_id)?;
    let gone = client_customizations::table.find(row.id).filter(client_customizations::deleted_at.is_not_null());
    let restored = diesel::update(gone)
        .set((
            client_customizations::deleted_at.eq(None::<Timestamp>),
            client_customizations::deleted_by.eq(None::<Uuid>),
            client_customizations::status.eq("draft"),
        ))
        .execute(&mut **tx);
    match restored.map_err(AppError::from) {
        Err(AppError::Constraint(name)) if name == "client_customizations_template_id_key" => {
            Err(AppError::Conflict(format!(
                "The template {} is customized anew by now. Delete that one, then restore this one.",
                row.template_id
            )))
        }
        Err(error) => Err(error),
        Ok(restored) => fitting(restored, "Only a deleted customization can be restored."),
    }
}
