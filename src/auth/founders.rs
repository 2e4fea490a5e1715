//! Founders: active staff who hold the founder's role everywhere, themselves or through a group or department. There is
//! one reading of that, the view `control.founders`. The last one stays, whoever tries to leave and however many at once.

use castellan_schema::control::{role_privileges, roles};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::lacking::{few, lacking};
use crate::db::Tx;
use crate::db::functions::{is_founder, lasting_founders};
use crate::error::AppError;

/// Somebody who is one.
#[derive(Debug, Clone, QueryableByName)]
pub struct Founder {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub email: String,
}

/// All founders, who has been here longest first.
pub fn all(conn: &mut PgConnection) -> Result<Vec<Founder>, AppError> {
    let query = "select user_id, name, email::text as email from control.founders order by created_at, user_id";
    Ok(diesel::sql_query(query).load(conn)?)
}

/// Whether a person is one now, whatever the asker may see of them.
pub fn is_one(conn: &mut PgConnection, user_id: Uuid) -> Result<bool, AppError> {
    Ok(diesel::select(is_founder(user_id)).get_result(conn)?)
}

/// Refuses to let anybody take the founder's role away who lacks what it contains: they could not touch a founder's
/// account either. The command line and jobs may.
pub fn within_reach<P>(tx: &mut Tx<'_, P>) -> Result<(), AppError> {
    let contained = role_privileges::table
        .inner_join(roles::table.on(roles::id.eq(role_privileges::role_id)))
        .filter(roles::name.eq("founder").and(roles::is_system).and(roles::deleted_at.is_null()))
        .order(role_privileges::privilege_name)
        .select(role_privileges::privilege_name);
    let contained: Vec<String> = contained.load(&mut **tx)?;
    match lacking(tx, &contained)?.as_slice() {
        [] => Ok(()),
        rights => Err(AppError::Conflict(format!(
            "This takes the founder's role away, which has rights that you lack ({}), so only somebody who has them may \
             do this.",
            few(rights)
        ))),
    }
}

/// Refuses a change after which nobody would be a founder without an end. To be called once the change is made: it
/// waits for others who are about to take a founder away, and counts with what they did.
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
