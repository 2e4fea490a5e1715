//! The last founder stays, whoever tries to leave and however many at once.

use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::Tx;
use crate::db::functions::lasting_founders;
use crate::error::AppError;

/// Refuses a change after which nobody would be an active founder without an end. To be called once the change is
/// made: it waits for others who are about to take a founder away, and counts with what they did.
pub fn keep_one<P>(tx: &mut Tx<'_, P>) -> Result<(), AppError> {
    let founders: i64 = diesel::select(lasting_founders()).get_result(&mut **tx)?;
    match founders {
        0 => Err(AppError::Conflict(
            "This is the last active founder whose role has no end. Make somebody else founder first, without an end."
                .into(),
        )),
        _ => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Founder {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    email: String,
}

/// The first active founder who holds the role through a group, if there is one.
pub fn first_through_group(conn: &mut PgConnection) -> Result<Option<(Uuid, String)>, AppError> {
    let founder: Option<Founder> = diesel::sql_query(
        "select u.id, u.email::text as email from control.held_assignments h \
        join control.roles r on r.id = h.role_id and r.name = 'founder' and r.is_system and r.deleted_at is null \
        join control.users u on u.id = h.user_id and u.status = 'active' and u.is_staff and u.deleted_at is null \
        where h.scope_kind = 'platform' and h.via_kind = 'group' order by u.created_at, u.id limit 1",
    )
    .get_result(conn)
    .optional()?;
    Ok(founder.map(|founder| (founder.id, founder.email)))
}

/// Whether a person holds the founder's role on the platform, themselves or through a group, in whatever state they are.
pub fn is_one(conn: &mut PgConnection, user_id: Uuid) -> Result<bool, AppError> {
    let held = diesel::sql_query(
        "select h.user_id from control.held_assignments h \
        join control.roles r on r.id = h.role_id and r.name = 'founder' and r.is_system and r.deleted_at is null \
        where h.scope_kind = 'platform' and h.user_id = $1 limit 1",
    );
    Ok(held.bind::<SqlUuid, _>(user_id).execute(conn)? > 0)
}
