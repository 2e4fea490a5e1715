//! Every statement on invitations.

use castellan_schema::control::users;
use diesel::prelude::*;
use uuid::Uuid;

use crate::access::assignments::store::{self as assignments, Resolved};
use crate::access::people::store as people;
use crate::access::{Manage, links};
use crate::db::Tx;
use crate::error::AppError;

/// Somebody to be invited, whose first role is known to be there.
#[derive(Debug, Clone)]
pub struct Invitee {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub given: Resolved,
}

/// Makes a pending person with a first role and sends the invitation. Nobody gives away what they lack.
pub fn insert(tx: &mut Tx<'_, Manage>, new: &Invitee) -> Result<(), AppError> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(new.id),
            users::email.eq(&new.email),
            users::name.eq(&new.name),
            users::status.eq("pending"),
            users::is_staff.eq(true),
        ))
        .execute(&mut **tx)?;
    assignments::insert(tx, Uuid::now_v7(), &new.given)?;
    let person = people::find(tx, new.id)?;
    links::store::send_invitation(tx, &person)
}
