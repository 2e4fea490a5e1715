//! Every statement on overrides of policies.

use castellan_schema::control::policy_overrides;
use diesel::dsl::now;
use diesel::prelude::*;
use uuid::Uuid;

use super::forms::NewOverride;
use super::model::{Override, OverrideOf};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::tenancy::ManagePolicies;
use crate::tenancy::tenants::store as tenants;

/// The overrides of a tenant that hold now.
pub fn of_tenant(conn: &mut PgConnection, tenant_id: Uuid) -> Result<Vec<Override>, AppError> {
    Ok(policy_overrides::table
        .filter(policy_overrides::tenant_id.eq(tenant_id).and(policy_overrides::deleted_at.is_null()))
        .filter(policy_overrides::expires_at.gt(now))
        .order(policy_overrides::created_at)
        .select(Override::as_select())
        .load(conn)?)
}

/// An override that was not ended, with its tenant.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<OverrideOf, AppError> {
    let living = policy_overrides::table.find(id).filter(policy_overrides::deleted_at.is_null());
    let one: Override = living.select(Override::as_select()).first(conn)?;
    Ok(OverrideOf { tenant: tenants::find(conn, one.tenant_id)?, one })
}

/// Makes one; what has expired makes room.
pub fn insert(tx: &mut Tx<'_, ManagePolicies>, id: Uuid, tenant_id: Uuid, new: &NewOverride) -> Result<(), AppError> {
    let Some(expires_at) = new.expires_at else {
        return Err(AppError::Refused("expires_at", "is required".into()));
    };
    tenants::lock(tx, tenant_id)?;
    let over = policy_overrides::table
        .filter(policy_overrides::tenant_id.eq(tenant_id).and(policy_overrides::policy.eq(new.policy)))
        .filter(policy_overrides::deleted_at.is_null().and(policy_overrides::expires_at.le(now)));
    let actor = tx.actor_id();
    diesel::update(over)
        .set((policy_overrides::deleted_at.eq(now), policy_overrides::deleted_by.eq(actor)))
        .execute(&mut **tx)?;
    diesel::insert_into(policy_overrides::table)
        .values((
            policy_overrides::id.eq(id),
            policy_overrides::tenant_id.eq(tenant_id),
            policy_overrides::policy.eq(new.policy),
            policy_overrides::value.eq(&new.value),
            policy_overrides::reason.eq(&new.reason),
            policy_overrides::expires_at.eq(expires_at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Ends it before its time; the tenant's own policy holds again.
pub fn end(tx: &mut Tx<'_, ManagePolicies>, one: &Override) -> Result<(), AppError> {
    let living = policy_overrides::table.find(one.id).filter(policy_overrides::deleted_at.is_null());
    let actor = tx.actor_id();
    let ended = diesel::update(living)
        .set((policy_overrides::deleted_at.eq(now), policy_overrides::deleted_by.eq(actor)))
        .execute(&mut **tx)?;
    fitting(ended, "The override has ended already.")
}
