//! Every statement on policies.

use castellan_schema::control::tenant_policies;
use diesel::prelude::*;
use uuid::Uuid;

use super::forms::PoliciesPatch;
use super::model::{Policies, PoliciesOf};
use crate::db::Tx;
use crate::error::AppError;
use crate::tenancy::tenants::store as tenants;
use crate::tenancy::{ManagePolicies, overrides};

/// The policies of a tenant; every tenant is made with some.
pub fn of_tenant(conn: &mut PgConnection, tenant_id: Uuid) -> Result<Option<Policies>, AppError> {
    let own = tenant_policies::table.filter(tenant_policies::tenant_id.eq(tenant_id));
    Ok(own.select(Policies::as_select()).first(conn).optional()?)
}

/// What holds for a tenant now: its policies with the overrides in their place.
pub fn effective(conn: &mut PgConnection, tenant_id: Uuid) -> Result<Option<Policies>, AppError> {
    let Some(policies) = of_tenant(conn, tenant_id)? else { return Ok(None) };
    Ok(Some(overrides::model::effective(policies, &overrides::store::of_tenant(conn, tenant_id)?)))
}

/// The policies of a tenant that is not deleted, with the tenant.
pub fn find(conn: &mut PgConnection, tenant_id: Uuid) -> Result<PoliciesOf, AppError> {
    let tenant = tenants::find_living(conn, tenant_id)?;
    Ok(PoliciesOf { tenant, policies: of_tenant(conn, tenant_id)?.ok_or(AppError::NotFound)? })
}

/// Writes edited policies, unless somebody else did so since.
pub fn update(tx: &mut Tx<'_, ManagePolicies>, id: Uuid, patch: &PoliciesPatch) -> Result<(), AppError> {
    let same = tenant_policies::table.find(id).filter(tenant_policies::version.eq(patch.version));
    let domains: Vec<Option<&str>> = patch.allowed_email_domains.iter().map(|domain| Some(domain.as_str())).collect();
    let updated = diesel::update(same)
        .set((
            tenant_policies::default_visibility.eq(patch.default_visibility),
            tenant_policies::external_sharing_allowed.eq(patch.external_sharing_allowed),
            tenant_policies::public_links_allowed.eq(patch.public_links_allowed),
            tenant_policies::session_idle_minutes.eq(patch.session_idle_minutes),
            tenant_policies::session_absolute_hours.eq(patch.session_absolute_hours),
            tenant_policies::mfa_required.eq(patch.mfa_required),
            tenant_policies::allowed_email_domains.eq(domains),
            tenant_policies::activity_retention_days.eq(patch.activity_retention_days),
            tenant_policies::trash_retention_days.eq(patch.trash_retention_days),
        ))
        .execute(&mut **tx)?;
    match updated {
        0 => Err(AppError::Stale),
        _ => Ok(()),
    }
}
