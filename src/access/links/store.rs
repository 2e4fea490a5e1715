//! Every statement on links that come by mail.

use castellan_schema::control::{assignments, clients, roles, sessions, tenants, user_credentials, users};
use diesel::dsl::now;
use diesel::prelude::*;
use jiff::SignedDuration;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::letters::letter;
use super::model::{Given, Kind, Link};
use crate::access::people::model::Person;
use crate::access::{Manage, UseLink};
use crate::auth::chosen_password::note_change;
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::mail;

/// Sends an invitation; an earlier one stops working.
pub fn send_invitation(tx: &mut Tx<'_, Manage>, person: &Person) -> Result<(), AppError> {
    let fits = person.status == "pending" && person.may_have_a_password();
    fitting(usize::from(fits), "Only somebody of the staff who is pending can be invited.")?;
    send(tx, Kind::Invitation, person)
}

/// Sends a link for a new password; an earlier one stops working.
pub fn send_password_reset(tx: &mut Tx<'_, Manage>, person: &Person) -> Result<(), AppError> {
    let fits = person.status == "active" && person.may_have_a_password();
    fitting(usize::from(fits), "Only somebody of the staff who is active signs in here with a password.")?;
    send(tx, Kind::PasswordReset, person)
}

fn send(tx: &mut Tx<'_, Manage>, kind: Kind, person: &Person) -> Result<(), AppError> {
    revoke(tx, kind, person.id)?;
    let id = Uuid::now_v7();
    let expires: Timestamp = (jiff::Timestamp::now() + SignedDuration::from_hours(kind.hours())).into();
    diesel::insert_into(user_credentials::table)
        .values((
            user_credentials::id.eq(id),
            user_credentials::user_id.eq(person.id),
            user_credentials::kind.eq(kind.as_str()),
            user_credentials::expires_at.eq(expires),
        ))
        .execute(&mut **tx)?;
    let given = given(tx, person.id)?;
    mail::post(tx, &letter(kind, id, person, &given))
}

/// Makes links of a kind stop working, and takes back what is not sent yet. Returns how many there were.
pub fn revoke(tx: &mut Tx<'_, Manage>, kind: Kind, user_id: Uuid) -> Result<usize, AppError> {
    let live = user_credentials::table
        .filter(user_credentials::user_id.eq(user_id).and(user_credentials::kind.eq(kind.as_str())))
        .filter(user_credentials::used_at.is_null().and(user_credentials::revoked_at.is_null()));
    let revoked: Vec<Uuid> = diesel::update(live)
        .set(user_credentials::revoked_at.eq(now))
        .returning(user_credentials::id)
        .get_results(&mut **tx)?;
    for id in &revoked {
        mail::withdraw(tx, *id)?;
    }
    Ok(revoked.len())
}

/// Makes every link of a person stop working.
pub fn revoke_all(tx: &mut Tx<'_, Manage>, user_id: Uuid) -> Result<(), AppError> {
    revoke(tx, Kind::Invitation, user_id)?;
    revoke(tx, Kind::PasswordReset, user_id)?;
    let printed = user_credentials::table
        .filter(user_credentials::user_id.eq(user_id).and(user_credentials::kind.eq("sign_in_link")))
        .filter(user_credentials::used_at.is_null().and(user_credentials::revoked_at.is_null()));
    diesel::update(printed).set(user_credentials::revoked_at.eq(now)).execute(&mut **tx)?;
    Ok(())
}

/// The link of this kind with this id.
pub fn find(conn: &mut PgConnection, kind: Kind, id: Uuid) -> Result<Link, AppError> {
    Ok(user_credentials::table
        .inner_join(users::table)
        .filter(user_credentials::id.eq(id).and(user_credentials::kind.eq(kind.as_str())))
        .filter(users::deleted_at.is_null())
        .select((
            user_credentials::id,
            users::id,
            users::email,
            users::name,
            users::status,
            user_credentials::expires_at,
            user_credentials::used_at,
            user_credentials::revoked_at,
        ))
        .first(conn)?)
}

/// What somebody may do themselves, by the names of roles and places.
pub fn given(conn: &mut PgConnection, user_id: Uuid) -> Result<Vec<Given>, AppError> {
    const MOST: i64 = 20;
    Ok(assignments::table
        .inner_join(roles::table)
        .left_join(tenants::table.on(assignments::tenant_id.eq(tenants::id.nullable())))
        .left_join(clients::table.on(assignments::client_id.eq(clients::id.nullable())))
        .filter(assignments::user_id.eq(user_id).and(assignments::revoked_at.is_null()))
        .filter(assignments::expires_at.is_null().or(assignments::expires_at.gt(now)))
        .order((assignments::created_at, assignments::id))
        .limit(MOST)
        .select((
            roles::name,
            assignments::scope_kind,
            tenants::name.nullable(),
            tenants::deleted_at.nullable(),
            clients::name.nullable(),
            clients::deleted_at.nullable(),
        ))
        .load(conn)?)
}

/// The latest invitation of a person: its id, and until when it counts.
pub fn latest_invitation(conn: &mut PgConnection, user_id: Uuid) -> Result<Option<Invited>, AppError> {
    Ok(user_credentials::table
        .filter(user_credentials::user_id.eq(user_id))
        .filter(user_credentials::kind.eq(Kind::Invitation.as_str()))
        .order((user_credentials::created_at.desc(), user_credentials::id.desc()))
        .select((
            user_credentials::id,
            user_credentials::created_at,
            user_credentials::expires_at,
            user_credentials::revoked_at,
        ))
        .first(conn)
        .optional()?)
}

/// An invitation as staff see it.
#[derive(Debug, Clone, Queryable)]
pub struct Invited {
    pub id: Uuid,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl Invited {
    /// `open`, `revoked` or `expired`.
    pub fn state(&self) -> &'static str {
        let is_over = self.expires_at.is_some_and(|at| at.to_jiff() <= jiff::Timestamp::now());
        match (self.revoked_at.is_some(), is_over) {
            (true, _) => "revoked",
            (_, true) => "expired",
            _ => "open",
        }
    }
}

/// Uses a link up and sets the password by it. `NotFound` when it does not count any more, be it since a moment ago.
pub fn use_up(tx: &mut Tx<'_, UseLink>, kind: Kind, link: &Link, password_hash: &str) -> Result<(), AppError> {
    let used: Option<Uuid> = diesel::update(user_credentials::table.find(link.id))
        .filter(user_credentials::used_at.is_null().and(user_credentials::revoked_at.is_null()))
        .filter(user_credentials::expires_at.gt(now))
        .set(user_credentials::used_at.eq(now))
        .returning(user_credentials::user_id)
        .get_result(&mut **tx)
        .optional()?;
    let user_id = used.ok_or(AppError::NotFound)?;
    let fit =
        users::table.find(user_id).filter(users::status.eq(kind.fitting_status()).and(users::deleted_at.is_null()));
    let changed = diesel::update(fit)
        .set((
            users::status.eq("active"),
            users::email_verified_at.eq(now),
            users::failed_login_count.eq(0),
            users::authority_epoch.eq(users::authority_epoch + 1),
        ))
        .execute(&mut **tx)?;
    if changed == 0 {
        return Err(AppError::NotFound);
    }
    replace_password(tx, user_id, password_hash)?;
    note_change(tx, user_id, kind.as_str())?;
    let alive = sessions::table.filter(sessions::user_id.eq(user_id).and(sessions::revoked_at.is_null()));
    diesel::update(alive.filter(sessions::absolute_expires_at.gt(now)))
        .set((sessions::revoked_at.eq(now), sessions::revoked_reason.eq("credential_changed")))
        .execute(&mut **tx)?;
    Ok(())
}

fn replace_password(tx: &mut Tx<'_, UseLink>, user_id: Uuid, hash: &str) -> Result<(), AppError> {
    let live = user_credentials::table
        .filter(user_credentials::user_id.eq(user_id).and(user_credentials::kind.eq("password")))
        .filter(user_credentials::revoked_at.is_null());
    diesel::update(live).set(user_credentials::revoked_at.eq(now)).execute(&mut **tx)?;
    diesel::insert_into(user_credentials::table)
        .values((
            user_credentials::id.eq(Uuid::now_v7()),
            user_credentials::user_id.eq(user_id),
            user_credentials::kind.eq("password"),
            user_credentials::secret_hash.eq(hash),
        ))
        .execute(&mut **tx)?;
    Ok(())
}
