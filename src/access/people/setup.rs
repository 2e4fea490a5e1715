//! Making staff and giving them means to sign in: the first start, and the command line.

use castellan_schema::control::{assignments, roles, sessions, user_credentials, users};
use diesel::dsl::now;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use uuid::Uuid;

use crate::access::Manage;
use crate::auth::sign_in::pages::link_hash;
use crate::auth::{chosen_password, cookie};
use crate::db::Tx;
use crate::error::AppError;

/// How long a sign-in link can be used.
pub const LINK_MINUTES: i64 = 10;

/// A person of the staff to be made.
#[derive(Debug, Clone)]
pub struct NewStaff {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub role: String,
    /// In PHC form; without one the person signs in by link.
    pub password_hash: Option<String>,
    pub reason: String,
}

/// Makes an active person with a platform-wide role. `NotFound` when there is no such role.
pub fn add_staff(tx: &mut Tx<'_, Manage>, new: &NewStaff) -> Result<(), AppError> {
    let role_id = role_by_name(tx, &new.role)?;
    diesel::insert_into(users::table)
        .values((
            users::id.eq(new.id),
            users::email.eq(&new.email),
            users::name.eq(&new.name),
            users::status.eq("active"),
            users::is_staff.eq(true),
        ))
        .execute(&mut **tx)?;
    diesel::insert_into(assignments::table)
        .values((
            assignments::id.eq(Uuid::now_v7()),
            assignments::user_id.eq(new.id),
            assignments::role_id.eq(role_id),
            assignments::scope_kind.eq("platform"),
            assignments::reason.eq(&new.reason),
        ))
        .execute(&mut **tx)?;
    match &new.password_hash {
        Some(hash) => insert_password(tx, new.id, hash),
        None => Ok(()),
    }
}

/// Replaces a person's password, or takes it away, and ends all their sessions.
pub fn set_password(tx: &mut Tx<'_, Manage>, user_id: Uuid, hash: Option<&str>) -> Result<(), AppError> {
    let live = user_credentials::table
        .filter(user_credentials::user_id.eq(user_id).and(user_credentials::kind.eq("password")))
        .filter(user_credentials::revoked_at.is_null());
    diesel::update(live).set(user_credentials::revoked_at.eq(now)).execute(&mut **tx)?;
    if let Some(hash) = hash {
        insert_password(tx, user_id, hash)?;
    }
    chosen_password::note_change(tx, user_id, "on the command line")?;
    diesel::update(sessions::table.filter(sessions::user_id.eq(user_id).and(sessions::revoked_at.is_null())))
        .set((sessions::revoked_at.eq(now), sessions::revoked_reason.eq("credential_changed")))
        .execute(&mut **tx)?;
    Ok(())
}

/// Makes a person able to open the console again: active, staff, with the founder's role.
pub fn recover(tx: &mut Tx<'_, Manage>, user_id: Uuid) -> Result<(), AppError> {
    diesel::update(users::table.find(user_id))
        .set((
            users::status.eq("active"),
            users::is_staff.eq(true),
            users::failed_login_count.eq(0),
            users::locked_until.eq(None::<DbTimestamp>),
        ))
        .execute(&mut **tx)?;
    let founder: Uuid =
        roles::table.filter(roles::name.eq("founder").and(roles::is_system)).select(roles::id).first(&mut **tx)?;
    // One that has expired stands in the way of another.
    let held = assignments::user_id.eq(user_id).and(assignments::role_id.eq(founder));
    let held = held.and(assignments::scope_kind.eq("platform"));
    diesel::update(assignments::table.filter(held.and(assignments::revoked_at.is_null())))
        .set(assignments::expires_at.eq(None::<DbTimestamp>))
        .execute(&mut **tx)?;
    diesel::insert_into(assignments::table)
        .values((
            assignments::id.eq(Uuid::now_v7()),
            assignments::user_id.eq(user_id),
            assignments::role_id.eq(founder),
            assignments::scope_kind.eq("platform"),
            assignments::reason.eq("recovered on the command line"),
        ))
        .on_conflict_do_nothing()
        .execute(&mut **tx)?;
    Ok(())
}

/// A one-time link for a person. Returns its token, which is stored nowhere.
pub fn make_link(tx: &mut Tx<'_, Manage>, user_id: Uuid) -> Result<String, AppError> {
    let token = cookie::new_token();
    let expires: DbTimestamp = (Timestamp::now() + SignedDuration::from_mins(LINK_MINUTES)).into();
    diesel::insert_into(user_credentials::table)
        .values((
            user_credentials::id.eq(Uuid::now_v7()),
            user_credentials::user_id.eq(user_id),
            user_credentials::kind.eq("sign_in_link"),
            user_credentials::secret_hash.eq(link_hash(&token)),
            user_credentials::expires_at.eq(expires),
        ))
        .execute(&mut **tx)?;
    Ok(token)
}

/// The id and name of a person by address.
pub fn by_email(conn: &mut PgConnection, email: &str) -> Result<(Uuid, String), AppError> {
    let living = users::table.filter(users::email.eq(email).and(users::deleted_at.is_null()));
    Ok(living.select((users::id, users::name)).first(conn)?)
}

/// The address of a living person.
pub fn email(conn: &mut PgConnection, id: Uuid) -> Result<String, AppError> {
    Ok(users::table.find(id).filter(users::deleted_at.is_null()).select(users::email).first(conn)?)
}

/// The role of this name, or `NotFound`.
pub fn role_by_name(conn: &mut PgConnection, name: &str) -> Result<Uuid, AppError> {
    Ok(roles::table.filter(roles::name.eq(name).and(roles::deleted_at.is_null())).select(roles::id).first(conn)?)
}

/// The names of all roles.
pub fn role_names(conn: &mut PgConnection) -> Result<Vec<String>, AppError> {
    Ok(roles::table
        .filter(roles::deleted_at.is_null())
        .order((roles::created_at, roles::name))
        .select(roles::name)
        .load(conn)?)
}

fn insert_password(tx: &mut Tx<'_, Manage>, user_id: Uuid, hash: &str) -> Result<(), AppError> {
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
