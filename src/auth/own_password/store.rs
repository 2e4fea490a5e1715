//! The statement that changes it.

use castellan_schema::control::user_credentials as c;
use diesel::dsl::now;
use diesel::prelude::*;
use uuid::Uuid;

use crate::auth::OwnAccount;
use crate::auth::chosen_password::note_change;
use crate::auth::factors::store::{end_sessions, tell};
use crate::db::Tx;
use crate::error::AppError;

/// Puts a new password in the place of the old one, and ends the person's other sessions.
pub fn replace(tx: &mut Tx<'_, OwnAccount>, user_id: Uuid, hash: &str) -> Result<(), AppError> {
    crate::auth::factors::store::take_turns(tx, user_id)?;
    let live = c::user_id.eq(user_id).and(c::kind.eq("password")).and(c::revoked_at.is_null());
    diesel::update(c::table.filter(live)).set(c::revoked_at.eq(now)).execute(&mut **tx)?;
    diesel::insert_into(c::table)
        .values((c::id.eq(Uuid::now_v7()), c::user_id.eq(user_id), c::kind.eq("password"), c::secret_hash.eq(hash)))
        .execute(&mut **tx)?;
    note_change(tx, user_id, "on their own page")?;
    let kept = tx.actor().session_id;
    end_sessions(tx, user_id, kept)?;
    tell(tx, user_id, "Your password was changed", "The password of your account was changed.")
}
