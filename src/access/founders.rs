//! There is always a founder: without one nobody could decide who may do what.

use castellan_schema::control::{assignments, roles, users};
use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::AppError;

/// Name of the role that may do everything.
const FOUNDER: &str = "founder";

/// Refuses a transaction that leaves no active founder whose role stays. Called at the end of every transaction that
/// may take a founder away: by state, by assignment or by expiry.
///
/// Whoever calls waits here for the others who do, and then sees what they committed. So two people cannot each take
/// away the founder whom the other relies on.
pub fn keep_one<P>(tx: &mut Tx<'_, P>) -> Result<(), AppError> {
    let role = roles::table.filter(roles::name.eq(FOUNDER).and(roles::is_system).and(roles::deleted_at.is_null()));
    let role: Uuid = role.select(roles::id).for_no_key_update().first(&mut **tx)?;
    let staying = users::table
        .inner_join(assignments::table)
        .filter(assignments::role_id.eq(role).and(assignments::scope_kind.eq("platform")))
        .filter(assignments::revoked_at.is_null().and(assignments::expires_at.is_null()))
        .filter(users::status.eq("active").and(users::is_staff).and(users::deleted_at.is_null()))
        .filter(users::kind.eq("human"));
    match diesel::select(exists(staying)).get_result(&mut **tx)? {
        true => Ok(()),
        false => Err(AppError::Conflict(
            "This would take away the last active founder, and nobody could decide any more who may do what. Make \
             somebody else founder first."
                .into(),
        )),
    }
}

/// Whether a person holds the founder's role on the platform, in whatever state they are.
pub fn is_one(conn: &mut PgConnection, user_id: Uuid) -> Result<bool, AppError> {
    let held = assignments::table
        .inner_join(roles::table)
        .filter(roles::name.eq(FOUNDER).and(roles::is_system).and(assignments::user_id.eq(user_id)))
        .filter(assignments::scope_kind.eq("platform").and(assignments::revoked_at.is_null()));
    Ok(diesel::select(exists(held)).get_result(conn)?)
}
