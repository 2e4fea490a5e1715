//! Every statement on invitations.

use castellan_schema::control::{assignments, role_privileges, roles, users};
use diesel::prelude::*;
use uuid::Uuid;

use super::forms::NewPerson;
use crate::access::people::store as people;
use crate::access::{Manage, links};
use crate::auth::lacking::{few, lacking};
use crate::db::Tx;
use crate::error::AppError;

/// Makes a pending person with a first role and sends the invitation. Nobody gives away what they lack.
pub fn insert(tx: &mut Tx<'_, Manage>, new: &NewPerson) -> Result<(), AppError> {
    may_give(tx, new.role_id)?;
    diesel::insert_into(users::table)
        .values((
            users::id.eq(new.id),
            users::email.eq(&new.email),
            users::name.eq(&new.name),
            users::status.eq("pending"),
            users::is_staff.eq(true),
        ))
        .execute(&mut **tx)?;
    let granted_by = tx.actor_id();
    diesel::insert_into(assignments::table)
        .values((
            assignments::id.eq(Uuid::now_v7()),
            assignments::user_id.eq(new.id),
            assignments::role_id.eq(new.role_id),
            assignments::scope_kind.eq("platform"),
            assignments::granted_by.eq(granted_by),
            assignments::reason.eq(&new.reason),
        ))
        .execute(&mut **tx)?;
    let person = people::find(tx, new.id)?;
    links::store::send_invitation(tx, &person)
}

fn may_give(tx: &mut Tx<'_, Manage>, role_id: Uuid) -> Result<(), AppError> {
    let known: Option<Uuid> =
        roles::table.find(role_id).filter(roles::deleted_at.is_null()).select(roles::id).first(&mut **tx).optional()?;
    if known.is_none() {
        return Err(AppError::Refused("role_id", "must be one of the roles".into()));
    }
    let privileges: Vec<String> = role_privileges::table
        .filter(role_privileges::role_id.eq(role_id))
        .order(role_privileges::privilege_name)
        .select(role_privileges::privilege_name)
        .load(&mut **tx)?;
    match lacking(tx, &privileges)?.as_slice() {
        [] => Ok(()),
        rights => {
            let why = format!("holds rights that you lack yourself: {}", few(rights));
            Err(AppError::Refused("role_id", why))
        }
    }
}
