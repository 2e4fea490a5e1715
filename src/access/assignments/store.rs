//! Every statement on assignments.

use castellan_schema::control::{assignments, clients, departments, groups, roles, tenants, users};
use diesel::dsl::{exists, now};
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{ExpiryPatch, NewAssignment, To};
use super::model::{Assignment, Principal};
use crate::access::giving::{self, Place};
use crate::access::reach::measured;
use crate::access::roles::store as role_store;
use crate::access::{Manage, founders};
use crate::db::{Tx, fitting};
use crate::error::AppError;

/// Assignments with the names of who holds what where.
#[diesel::dsl::auto_type]
pub fn joined() -> _ {
    assignments::table
        .inner_join(roles::table)
        .left_join(users::table)
        .left_join(groups::table)
        .left_join(departments::table)
        .left_join(tenants::table.on(assignments::tenant_id.eq(tenants::id.nullable())))
        .left_join(clients::table.on(assignments::client_id.eq(clients::id.nullable())))
}

/// The assignment, whatever became of it.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Assignment, AppError> {
    Ok(joined().filter(assignments::id.eq(id)).select(Assignment::as_select()).first(conn)?)
}

/// What a principal holds now, the latest first, up to some.
pub fn of(conn: &mut PgConnection, principal: Principal) -> Result<Vec<Assignment>, AppError> {
    const MOST: i64 = 200;
    let query = joined().into_boxed();
    let query = match principal {
        Principal::Person(id) => query.filter(assignments::user_id.eq(id)),
        Principal::Group(id) => query.filter(assignments::group_id.eq(id)),
        Principal::Department(id) => query.filter(assignments::department_id.eq(id)),
    };
    Ok(query
        .filter(assignments::revoked_at.is_null())
        .order((assignments::created_at.desc(), assignments::id.desc()))
        .limit(MOST)
        .select(Assignment::as_select())
        .load(conn)?)
}

/// Names of tenants that a filter was given.
pub fn tenant_names(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, AppError> {
    Ok(tenants::table.filter(tenants::id.eq_any(ids)).select((tenants::id, tenants::name)).load(conn)?)
}

/// What a principal is called, or `NotFound`.
pub fn name_of(conn: &mut PgConnection, principal: Principal) -> Result<String, AppError> {
    Ok(match principal {
        Principal::Person(id) => {
            users::table.find(id).filter(users::deleted_at.is_null()).select(users::name).first(conn)?
        }
        Principal::Group(id) => {
            groups::table.find(id).filter(groups::deleted_at.is_null()).select(groups::name).first(conn)?
        }
        Principal::Department(id) => departments::table
            .find(id)
            .filter(departments::deleted_at.is_null())
            .select(departments::name)
            .first(conn)?,
    })
}

/// Groups to choose from, by name, up to some.
pub fn group_names(conn: &mut PgConnection) -> Result<Vec<(Uuid, String)>, AppError> {
    const MOST: i64 = 500;
    Ok(groups::table
        .filter(groups::deleted_at.is_null())
        .order((groups::name_sort, groups::id))
        .limit(MOST)
        .select((groups::id, groups::name))
        .load(conn)?)
}

/// The tenant behind a slug or id, unless it was deleted.
pub fn tenant_by_text(conn: &mut PgConnection, named: &str) -> Result<Option<Uuid>, AppError> {
    let living = tenants::table.filter(tenants::deleted_at.is_null()).select(tenants::id);
    Ok(match named.parse::<Uuid>() {
        Ok(id) => living.filter(tenants::id.eq(id)).first(conn).optional()?,
        Err(_) => living.filter(tenants::slug.eq(named)).first(conn).optional()?,
    })
}

/// The person behind an address, unless they were deleted.
pub fn person_by_email(conn: &mut PgConnection, email: &str) -> Result<Option<Uuid>, AppError> {
    let living = users::table.filter(users::email.eq(email).and(users::deleted_at.is_null()));
    Ok(living.select(users::id).first(conn).optional()?)
}

/// An assignment whose every part is known to exist.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub role_id: Uuid,
    pub principal: Principal,
    pub scope_kind: &'static str,
    pub place: Place,
    pub expires_at: Option<Timestamp>,
    pub reason: String,
}

impl Resolved {
    /// A role that holds everywhere and has no end.
    pub fn everywhere(role_id: Uuid, principal: Principal, reason: &str) -> Resolved {
        let reason = reason.to_owned();
        Resolved { role_id, principal, scope_kind: "platform", place: Place::default(), expires_at: None, reason }
    }
}

/// Finds what a form names. What is not there, or not for the asker to see, is an error at its field.
pub fn resolve(conn: &mut PgConnection, new: &NewAssignment) -> Result<Resolved, AppError> {
    let refused = |field: &'static str, why: &str| AppError::Refused(field, why.to_owned());
    let principal = match &new.to {
        To::Known(principal) => *principal,
        To::Email(email) => person_by_email(conn, email)?
            .map(Principal::Person)
            .ok_or_else(|| refused("email", "belongs to nobody who is known here"))?,
    };
    match (name_of(conn, principal), principal) {
        (Ok(_), _) => {}
        (Err(AppError::NotFound), Principal::Person(_)) => return Err(refused("user_id", "is nobody")),
        (Err(AppError::NotFound), Principal::Group(_)) => {
            return Err(refused("group_id", "must be one of the groups"));
        }
        (Err(AppError::NotFound), Principal::Department(_)) => {
            return Err(refused("department_id", "is no department"));
        }
        (Err(error), _) => return Err(error),
    }
    resolve_for(conn, new, principal)
}

/// The same for a principal that is known to be there, or is made with it.
pub fn resolve_for(conn: &mut PgConnection, new: &NewAssignment, principal: Principal) -> Result<Resolved, AppError> {
    let living = roles::table.find(new.role_id).filter(roles::deleted_at.is_null());
    let role: Option<Uuid> = living.select(roles::id).first(conn).optional()?;
    role.ok_or_else(|| AppError::Refused("role_id", "must be one of the roles".into()))?;
    let place = place(conn, new)?;
    Ok(Resolved {
        role_id: new.role_id,
        principal,
        scope_kind: new.scope_kind,
        place,
        expires_at: new.expires_at,
        reason: new.reason.clone(),
    })
}

/// The tenant of a client is filled in.
fn place(conn: &mut PgConnection, new: &NewAssignment) -> Result<Place, AppError> {
    let no_tenant = || AppError::Refused("tenant_id", "is not the slug or id of a tenant".into());
    let tenant_id = match new.tenant.as_str() {
        "" => None,
        named => Some(tenant_by_text(conn, named)?.ok_or_else(no_tenant)?),
    };
    if new.scope_kind != "client" {
        return Ok(Place { tenant_id, client_id: None });
    }
    let mut query =
        clients::table.filter(clients::deleted_at.is_null()).select((clients::id, clients::tenant_id)).into_boxed();
    query = match new.client.parse::<Uuid>() {
        Ok(id) => query.filter(clients::id.eq(id)),
        Err(_) => query.filter(clients::slug.eq(new.client.clone())),
    };
    if let Some(tenant_id) = tenant_id {
        query = query.filter(clients::tenant_id.eq(tenant_id));
    }
    match query.limit(2).load::<(Uuid, Uuid)>(conn)?.as_slice() {
        [(id, tenant_id)] => Ok(Place { tenant_id: Some(*tenant_id), client_id: Some(*id) }),
        [] => Err(AppError::Refused("client_id", "is not the slug or id of a client".into())),
        _ => Err(AppError::Refused("client_id", "is the slug of several clients; name the tenant, too".into())),
    }
}

/// Gives a role. Whoever gives it holds all that it contains on that place or a wider one.
pub fn insert(tx: &mut Tx<'_, Manage>, id: Uuid, new: &Resolved) -> Result<(), AppError> {
    check_giving(tx, new)?;
    measured(tx, new.principal.touched(), |tx| write(tx, id, new))
}

/// Gives another assignment to whoever holds this one, which ends.
pub fn replace(tx: &mut Tx<'_, Manage>, row: &Assignment, id: Uuid, new: &Resolved) -> Result<(), AppError> {
    check_giving(tx, new)?;
    check_taking(tx, &[row.id])?;
    measured(tx, row.touched(), |tx| {
        end(tx, row)?;
        write(tx, id, new)?;
        founders::keep_one(tx)
    })
}

fn check_giving(tx: &mut Tx<'_, Manage>, new: &Resolved) -> Result<(), AppError> {
    // Somebody who adds a privilege to the role meanwhile waits, or is waited for.
    let living = roles::table.find(new.role_id).filter(roles::deleted_at.is_null());
    let locked: Option<Uuid> = living.select(roles::id).for_share().first(&mut **tx).optional()?;
    locked.ok_or_else(|| AppError::Refused("role_id", "must be one of the roles".into()))?;
    let privileges = role_store::privileges_of(tx, new.role_id)?;
    giving::check(tx, "role_id", &privileges, new.place)?;
    lock_members(tx, new.principal)
}

fn write(tx: &mut Tx<'_, Manage>, id: Uuid, new: &Resolved) -> Result<(), AppError> {
    let (user_id, group_id, department_id) = match new.principal {
        Principal::Person(id) => (Some(id), None, None),
        Principal::Group(id) => (None, Some(id), None),
        Principal::Department(id) => (None, None, Some(id)),
    };
    // One that has expired stands in the way of another; it is over either way.
    let same = assignments::user_id
        .is_not_distinct_from(user_id)
        .and(assignments::group_id.is_not_distinct_from(group_id))
        .and(assignments::department_id.is_not_distinct_from(department_id))
        .and(assignments::role_id.eq(new.role_id))
        .and(assignments::scope_kind.eq(new.scope_kind))
        .and(assignments::tenant_id.is_not_distinct_from(new.place.tenant_id))
        .and(assignments::client_id.is_not_distinct_from(new.place.client_id));
    let by = tx.actor_id();
    diesel::update(
        assignments::table.filter(same).filter(assignments::revoked_at.is_null().and(assignments::expires_at.le(now))),
    )
    .set((assignments::revoked_at.eq(now), assignments::revoked_by.eq(by)))
    .execute(&mut **tx)?;
    diesel::insert_into(assignments::table)
        .values((
            assignments::id.eq(id),
            assignments::user_id.eq(user_id),
            assignments::group_id.eq(group_id),
            assignments::department_id.eq(department_id),
            assignments::role_id.eq(new.role_id),
            assignments::scope_kind.eq(new.scope_kind),
            assignments::tenant_id.eq(new.place.tenant_id),
            assignments::client_id.eq(new.place.client_id),
            assignments::expires_at.eq(new.expires_at),
            assignments::reason.eq(&new.reason),
            assignments::granted_by.eq(by),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Nobody is added to a group or department while it gets a role; see there.
fn lock_members(tx: &mut Tx<'_, Manage>, principal: Principal) -> Result<(), AppError> {
    match principal {
        Principal::Person(_) => {}
        Principal::Group(id) => {
            let group = groups::table.find(id).filter(groups::deleted_at.is_null());
            group.select(groups::id).for_no_key_update().first::<Uuid>(&mut **tx)?;
        }
        Principal::Department(id) => {
            let of = departments::table.find(id).filter(departments::deleted_at.is_null());
            let tenant_id: Uuid = of.select(departments::tenant_id).first(&mut **tx)?;
            tenants::table.find(tenant_id).select(tenants::id).for_no_key_update().first::<Uuid>(&mut **tx)?;
        }
    }
    Ok(())
}

/// Ends it at once.
pub fn revoke(tx: &mut Tx<'_, Manage>, row: &Assignment) -> Result<(), AppError> {
    check_taking(tx, &[row.id])?;
    measured(tx, row.touched(), |tx| {
        end(tx, row)?;
        founders::keep_one(tx)
    })
}

/// The row alone: whoever calls it sees to it that a founder stays, and is taken away by their equals alone.
pub fn end(tx: &mut Tx<'_, Manage>, row: &Assignment) -> Result<(), AppError> {
    let living = assignments::table.find(row.id).filter(assignments::revoked_at.is_null());
    let actor = tx.actor_id();
    let revoked = diesel::update(living)
        .set((assignments::revoked_at.eq(now), assignments::revoked_by.eq(actor)))
        .execute(&mut **tx)?;
    fitting(revoked, "The assignment is revoked already.")
}

/// An assignment that was not revoked: one that has expired can be given another end.
pub fn find_changeable(conn: &mut PgConnection, id: Uuid) -> Result<Assignment, AppError> {
    let row = find(conn, id)?;
    match row.is_revocable() {
        true => Ok(row),
        false => Err(AppError::Conflict("The assignment is revoked. Assign the role anew instead.".into())),
    }
}

/// Gives it another end, unless somebody else changed it since. Whoever lets it last longer gives what the role
/// contains.
pub fn change_expiry(tx: &mut Tx<'_, Manage>, row: &Assignment, patch: &ExpiryPatch) -> Result<(), AppError> {
    let lasts_longer = match (row.expires_at, patch.expires_at) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(was), Some(becomes)) => becomes.to_jiff() > was.to_jiff(),
    };
    if lasts_longer {
        let living = roles::table.find(row.role_id).filter(roles::deleted_at.is_null());
        living.select(roles::id).for_share().first::<Uuid>(&mut **tx).optional()?;
        let privileges = role_store::privileges_of(tx, row.role_id)?;
        giving::check(tx, "expires_at", &privileges, Place { tenant_id: row.tenant_id, client_id: row.client_id })?;
        lock_members(tx, row.holder())?;
    }
    if !lasts_longer && row.expires_at != patch.expires_at {
        check_taking(tx, &[row.id])?;
    }
    measured(tx, row.touched(), |tx| {
        let same = assignments::table
            .find(row.id)
            .filter(assignments::version.eq(patch.version).and(assignments::revoked_at.is_null()));
        let changed = diesel::update(same).set(assignments::expires_at.eq(patch.expires_at)).execute(&mut **tx)?;
        if changed == 0 {
            return Err(AppError::Stale);
        }
        if patch.expires_at.is_some() { founders::keep_one(tx) } else { Ok(()) }
    })
}

/// What makes somebody founder is taken away by those alone who have all that founders have.
pub fn check_taking(tx: &mut Tx<'_, Manage>, ids: &[Uuid]) -> Result<(), AppError> {
    let founding = assignments::table
        .inner_join(roles::table)
        .filter(roles::name.eq("founder").and(roles::is_system))
        .filter(assignments::scope_kind.eq("platform").and(assignments::revoked_at.is_null()))
        .filter(assignments::expires_at.is_null().or(assignments::expires_at.gt(now)))
        .filter(assignments::id.eq_any(ids));
    match diesel::select(exists(founding)).get_result(&mut **tx)? {
        true => founders::within_reach(tx),
        false => Ok(()),
    }
}

/// Whoever lets somebody leave a group or department, or ends it, takes what it holds.
pub fn check_leaving(tx: &mut Tx<'_, Manage>, principal: Principal) -> Result<(), AppError> {
    let held = assignments::table.select(assignments::id).filter(assignments::revoked_at.is_null()).into_boxed();
    let held: Vec<Uuid> = match principal {
        Principal::Person(id) => held.filter(assignments::user_id.eq(id)),
        Principal::Group(id) => held.filter(assignments::group_id.eq(id)),
        Principal::Department(id) => held.filter(assignments::department_id.eq(id)),
    }
    .load(&mut **tx)?;
    check_taking(tx, &held)
}

/// Whoever lets somebody join a group or department gives what it holds, all of it.
pub fn check_joining(tx: &mut Tx<'_, Manage>, field: &'static str, principal: Principal) -> Result<(), AppError> {
    let query = assignments::table
        .select((assignments::role_id, assignments::tenant_id, assignments::client_id))
        .distinct()
        .filter(assignments::revoked_at.is_null())
        .filter(assignments::expires_at.is_null().or(assignments::expires_at.gt(now)))
        .into_boxed();
    let query = match principal {
        Principal::Person(id) => query.filter(assignments::user_id.eq(id)),
        Principal::Group(id) => query.filter(assignments::group_id.eq(id)),
        Principal::Department(id) => query.filter(assignments::department_id.eq(id)),
    };
    let held: Vec<(Uuid, Option<Uuid>, Option<Uuid>)> = query.load(&mut **tx)?;
    for (role_id, tenant_id, client_id) in held {
        let privileges = role_store::privileges_of(tx, role_id)?;
        giving::check(tx, field, &privileges, Place { tenant_id, client_id })?;
    }
    Ok(())
}
