//! Every statement on people and what belongs to them.

use castellan_schema::control::{
    assignments, clients, login_attempts, roles, sessions, tenants, user_credentials, users, workspace_members,
    workspaces,
};
use diesel::dsl::{not, now, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use jiff::SignedDuration;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::PersonPatch;
use super::model::{Credential, Membership, Person, Session, SessionOf, SignIn};
use crate::access::assignments::model::place;
use crate::access::{Manage, founders, links};
use crate::auth::lacking::{few, grants, lacking};
use crate::auth::sessions::revoke_tokens;
use crate::db::functions::text;
use crate::db::keyset::{CappedCount, Slice, SortKey, Window};
use crate::db::{Tx, fitting, search};
use crate::error::AppError;
use crate::mail::{self, Letter};
use crate::web::list::List;
use crate::{keyset, one_of};

type Boxed = users::BoxedQuery<'static, Pg>;

/// Who never signed in comes before all others; the index is on this very expression.
fn signed_in() -> SqlLiteral<Timestamptz> {
    sql("coalesce(users.last_login_at, timestamptz '1970-01-01 00:00:00+00')")
}

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Person>, AppError> {
    let query = narrowed(conn, list)?;
    let window = &list.window;
    let (rows, key): (Vec<Person>, fn(&Person) -> String) = match window.sort {
        "name" => (
            keyset!(query, window, users::name_sort => String, users::id).select(Person::as_select()).load(conn)?,
            |person| person.name_sort.clone(),
        ),
        "last_login_at" => (
            keyset!(query, window, signed_in() => Timestamp, users::id).select(Person::as_select()).load(conn)?,
            |person| person.last_login_at.map_or_else(|| "0".to_owned(), |at| at.to_key()),
        ),
        _ => (
            keyset!(query, window, users::created_at => Timestamp, users::id).select(Person::as_select()).load(conn)?,
            |person| person.created_at.to_key(),
        ),
    };
    Ok(window.slice(rows, |person| (key(person), person.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(conn, list)?.select(users::id)).get_result(conn)?)
}

fn narrowed(conn: &mut PgConnection, list: &List) -> Result<Boxed, AppError> {
    let mut query = users::table.into_boxed().filter(users::deleted_at.is_null());
    if let Some(pattern) = list.pattern() {
        query = match found(conn, &pattern)? {
            Some(ids) => query.filter(users::id.eq_any(ids)),
            None => query.filter(users::name.ilike(pattern.clone()).or(text(users::email).ilike(pattern))),
        };
    }
    query = one_of!(query, users::status, list.values("status"));
    query = one_of!(query, users::kind, list.values("kind"));
    // Spelled as in the partial index, which a bound value would not find.
    query = match only(list, "staff") {
        Some(true) => query.filter(users::is_staff),
        Some(false) => query.filter(not(users::is_staff)),
        None => query,
    };
    query = match only(list, "mfa") {
        Some(wanted) => query.filter(users::mfa_enabled.eq(wanted)),
        None => query,
    };
    let roles = list.ids("role");
    if !roles.is_empty() {
        let holders = counting().filter(assignments::role_id.eq_any(roles)).select(assignments::user_id);
        query = query.filter(users::id.nullable().eq_any(holders));
    }
    if let Some(created) = list.span("created") {
        if let Some(from) = created.from {
            query = query.filter(users::created_at.ge(from));
        }
        if let Some(until) = created.until {
            query = query.filter(users::created_at.lt(until));
        }
    }
    Ok(query)
}

/// A yes or a no that was chosen alone.
fn only(list: &List, field: &str) -> Option<bool> {
    match list.values(field).as_slice() {
        [one] => Some(one == "yes"),
        _ => None,
    }
}

/// Assignments that grant something now.
fn counting() -> assignments::BoxedQuery<'static, Pg> {
    let unexpired = assignments::expires_at.is_null().or(assignments::expires_at.gt(now));
    assignments::table.filter(assignments::revoked_at.is_null()).filter(unexpired).into_boxed()
}

/// What a search finds by the indexes of names and addresses; none when it finds too much or too short a text.
fn found(conn: &mut PgConnection, pattern: &str) -> Result<Option<Vec<Uuid>>, AppError> {
    if !search::is_indexed(pattern) {
        return Ok(None);
    }
    let matching = users::table.filter(users::name.ilike(pattern).or(text(users::email).ilike(pattern)));
    let ids: Vec<Uuid> = matching.select(users::id).limit(search::FEW + 1).load(conn)?;
    Ok((ids.len() as i64 <= search::FEW).then_some(ids))
}

/// Every role there is, to filter by and to choose from.
pub fn roles(conn: &mut PgConnection) -> Result<Vec<(Uuid, String)>, AppError> {
    let living = roles::table.filter(roles::deleted_at.is_null());
    Ok(living.order((roles::created_at, roles::name)).select((roles::id, roles::name)).load(conn)?)
}

/// The names of the roles that some people hold now, with the place where one does not hold everywhere.
pub fn roles_of(conn: &mut PgConnection, ids: Vec<Uuid>) -> Result<Vec<(Uuid, String)>, AppError> {
    type Held = (Uuid, String, String, Option<String>, Option<String>);
    let unexpired = assignments::expires_at.is_null().or(assignments::expires_at.gt(now));
    let held: Vec<Held> = assignments::table
        .inner_join(roles::table)
        .left_join(tenants::table.on(assignments::tenant_id.eq(tenants::id.nullable())))
        .left_join(clients::table.on(assignments::client_id.eq(clients::id.nullable())))
        .filter(assignments::user_id.eq_any(ids))
        .filter(assignments::revoked_at.is_null().and(unexpired))
        .order((roles::name, tenants::name, clients::name))
        .select((
            assignments::user_id.assume_not_null(),
            roles::name,
            assignments::scope_kind,
            tenants::name.nullable(),
            clients::name.nullable(),
        ))
        .distinct()
        .load(conn)?;
    let named = |(id, role, scope_kind, tenant, client): Held| match scope_kind.as_str() {
        "platform" => (id, role),
        _ => (id, format!("{role} ({})", place(&scope_kind, tenant.as_deref(), client.as_deref()))),
    };
    Ok(held.into_iter().map(named).collect())
}

/// The person, unless deleted.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Person, AppError> {
    Ok(users::table.find(id).filter(users::deleted_at.is_null()).select(Person::as_select()).first(conn)?)
}

/// Tenants that a person belongs to.
pub fn memberships(conn: &mut PgConnection, id: Uuid, most: i64) -> Result<Vec<Membership>, AppError> {
    Ok(workspace_members::table
        .inner_join(workspaces::table.on(workspaces::id.eq(workspace_members::workspace_id)))
        .inner_join(tenants::table.on(tenants::id.eq(workspace_members::tenant_id)))
        .filter(workspace_members::user_id.eq(id).and(workspace_members::deleted_at.is_null()))
        .order((tenants::slug, workspaces::name))
        .limit(most)
        .select((tenants::id, tenants::slug, workspaces::name, workspace_members::role))
        .load(conn)?)
}

/// Whether somebody holds a role that is limited to no tenant, whatever it contains.
pub fn holds_on_platform(conn: &mut PgConnection, id: Uuid) -> Result<bool, AppError> {
    Ok(grants(conn, id)?.iter().any(|grant| !grant.contains('@')))
}

/// A page of a person's sessions, the latest first.
pub fn sessions(conn: &mut PgConnection, id: Uuid, window: &Window) -> Result<Slice<Session>, AppError> {
    let query = sessions::table.inner_join(users::table).filter(sessions::user_id.eq(id)).into_boxed();
    let rows = keyset!(query, window, sessions::created_at => Timestamp, sessions::id)
        .select(Session::as_select())
        .load(conn)?;
    Ok(window.slice(rows, |session: &Session| (session.created_at.to_key(), session.id)))
}

/// How many sessions of a person are alive.
pub fn alive_sessions(conn: &mut PgConnection, id: Uuid) -> Result<i64, AppError> {
    let alive = sessions::table
        .inner_join(users::table)
        .filter(sessions::user_id.eq(id).and(sessions::revoked_at.is_null()))
        .filter(sessions::idle_expires_at.gt(now).and(sessions::absolute_expires_at.gt(now)))
        .filter(sessions::user_epoch.eq(users::authority_epoch));
    Ok(alive.count().get_result(conn)?)
}

/// A session and whose it is.
pub fn session(conn: &mut PgConnection, id: Uuid) -> Result<SessionOf, AppError> {
    let session: Session = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(id))
        .select(Session::as_select())
        .first(conn)?;
    Ok(SessionOf { person: find(conn, session.user_id)?, session })
}

/// A page of a person's tries to sign in, the latest first.
pub fn sign_ins(conn: &mut PgConnection, id: Uuid, window: &Window) -> Result<Slice<SignIn>, AppError> {
    let query = login_attempts::table.filter(login_attempts::user_id.eq(id)).into_boxed();
    let rows = keyset!(query, window, login_attempts::occurred_at => Timestamp, login_attempts::id)
        .select(SignIn::as_select())
        .load(conn)?;
    Ok(window.slice(rows, |sign_in: &SignIn| (sign_in.occurred_at.to_key(), sign_in.id)))
}

/// Nobody has more that anybody would read.
const CREDENTIALS_SHOWN: i64 = 100;

/// The means of a person to sign in, the latest first.
pub fn credentials(conn: &mut PgConnection, id: Uuid) -> Result<Vec<Credential>, AppError> {
    use user_credentials::dsl as c;
    Ok(c::user_credentials
        .filter(c::user_id.eq(id))
        .order((c::created_at.desc(), c::id.desc()))
        .limit(CREDENTIALS_SHOWN)
        .select((c::id, c::kind, c::label, c::created_at, c::used_at, c::expires_at, c::revoked_at))
        .load(conn)?)
}

/// Nobody changes the account of somebody who may do more than they may: whoever can take an account over has its
/// rights. The command line and jobs may everything.
pub fn within_reach(tx: &mut Tx<'_, Manage>, id: Uuid) -> Result<(), AppError> {
    let grants = grants(tx, id)?;
    match lacking(tx, &grants)?.as_slice() {
        [] => Ok(()),
        rights => Err(AppError::Conflict(format!(
            "This person has rights that you lack ({}), so only somebody who has them may do this.",
            few(rights)
        ))),
    }
}

/// Writes an edited person, unless somebody else changed them since. Another address is not proven yet, and whoever
/// reads the old one must not get in by what was sent there.
pub fn update(tx: &mut Tx<'_, Manage>, person: &Person, patch: &PersonPatch) -> Result<(), AppError> {
    within_reach(tx, person.id)?;
    let same = users::table.find(person.id).filter(users::version.eq(patch.version));
    let updated = diesel::update(same.filter(users::deleted_at.is_null()))
        .set((
            users::name.eq(&patch.name),
            users::email.eq(&patch.email),
            users::locale.eq(&patch.locale),
            users::time_zone.eq(&patch.time_zone),
        ))
        .execute(&mut **tx)?;
    if updated == 0 {
        return Err(AppError::Stale);
    }
    if patch.email.eq_ignore_ascii_case(&person.email) {
        return Ok(());
    }
    links::store::revoke_all(tx, person.id)?;
    tell_old_address(tx, person, &patch.email)?;
    diesel::update(users::table.find(person.id))
        .set((users::email_verified_at.eq(None::<Timestamp>), users::authority_epoch.eq(users::authority_epoch + 1)))
        .execute(&mut **tx)?;
    end_sessions(tx, person.id, "account_changed")
}

/// Somebody else may have asked for it. An address that was never proven may be a stranger's, who is told nothing.
fn tell_old_address(tx: &mut Tx<'_, Manage>, person: &Person, email: &str) -> Result<(), AppError> {
    if person.email_verified_at.is_none() {
        return Ok(());
    }
    let text = format!(
        "Hello {},\n\nyour account at Castellan has the address {email} from now on, and you are signed out \
         everywhere. If you did not ask for this, tell whoever looks after accounts.",
        person.name
    );
    mail::post(tx, &Letter::new(&person.email, &person.name, "Your address at Castellan was changed", text))
}

/// No sign-in for so many hours.
pub fn lock(tx: &mut Tx<'_, Manage>, person: &Person, hours: i32) -> Result<(), AppError> {
    let until: Timestamp = (jiff::Timestamp::now() + SignedDuration::from_hours(i64::from(hours))).into();
    take_access(tx, person, "locked", Some(until), &["active"], "Only somebody who is active can be locked.")
}

/// No sign-in until somebody decides otherwise.
pub fn suspend(tx: &mut Tx<'_, Manage>, person: &Person) -> Result<(), AppError> {
    let otherwise = "Only somebody who is active or locked can be suspended.";
    take_access(tx, person, "suspended", None, &["active", "locked"], otherwise)
}

/// They left.
pub fn deactivate(tx: &mut Tx<'_, Manage>, person: &Person) -> Result<(), AppError> {
    let fit = ["pending", "active", "locked", "suspended"];
    take_access(tx, person, "deactivated", None, &fit, "Somebody who is deactivated already stays so.")?;
    links::store::revoke_all(tx, person.id)
}

/// Another state, in which nothing is allowed, from now on: sessions end with it.
fn take_access(
    tx: &mut Tx<'_, Manage>,
    person: &Person,
    status: &str,
    until: Option<Timestamp>,
    fit: &[&str],
    otherwise: &str,
) -> Result<(), AppError> {
    if tx.actor_id() == Some(person.id) {
        return Err(AppError::Conflict("Nobody can do this to themselves. Ask somebody else.".into()));
    }
    within_reach(tx, person.id)?;
    let was_founder = founders::is_one(tx, person.id)?;
    let row = users::table.find(person.id).filter(users::status.eq_any(fit).and(users::deleted_at.is_null()));
    let changed = diesel::update(row)
        .set((
            users::status.eq(status),
            users::locked_until.eq(until),
            users::authority_epoch.eq(users::authority_epoch + 1),
        ))
        .execute(&mut **tx)?;
    fitting(changed, otherwise)?;
    end_sessions(tx, person.id, "account_changed")?;
    match was_founder {
        true => founders::keep_one(tx),
        false => Ok(()),
    }
}

/// Ends a lock, a suspension or a deactivation.
pub fn give_access(tx: &mut Tx<'_, Manage>, person: &Person, from: &str, otherwise: &str) -> Result<(), AppError> {
    within_reach(tx, person.id)?;
    let status = if from == "deactivated" && was_never_here(tx, person)? { "pending" } else { "active" };
    let row = users::table.find(person.id).filter(users::status.eq(from).and(users::deleted_at.is_null()));
    let changed = diesel::update(row)
        .set((users::status.eq(status), users::locked_until.eq(None::<Timestamp>), users::failed_login_count.eq(0)))
        .execute(&mut **tx)?;
    fitting(changed, otherwise)
}

/// Somebody who never took their invitation up still has to.
fn was_never_here(tx: &mut Tx<'_, Manage>, person: &Person) -> Result<bool, AppError> {
    use user_credentials::dsl as c;
    let means = c::user_credentials
        .filter(c::user_id.eq(person.id).and(c::revoked_at.is_null()))
        .filter(c::kind.eq_any(["password", "passkey"]));
    let means: i64 = means.count().get_result(&mut **tx)?;
    Ok(person.email_verified_at.is_none() && person.last_login_at.is_none() && means == 0)
}

/// People whose lock is over.
pub fn due_unlocks(conn: &mut PgConnection) -> Result<Vec<Uuid>, AppError> {
    let due = users::table.filter(users::status.eq("locked").and(users::locked_until.le(now)));
    Ok(due.order(users::locked_until).select(users::id).load(conn)?)
}

/// Ends a lock whose time is over.
pub fn finish_lock(tx: &mut Tx<'_, Manage>, id: Uuid) -> Result<(), AppError> {
    let due = users::table.find(id).filter(users::status.eq("locked").and(users::locked_until.le(now)));
    let unlocked = diesel::update(due)
        .set((users::status.eq("active"), users::locked_until.eq(None::<Timestamp>), users::failed_login_count.eq(0)))
        .execute(&mut **tx)?;
    fitting(unlocked, "Only a lock whose time is over ends by itself.")
}

/// Signs somebody out everywhere, and their programs with them when their tokens are to go, too.
pub fn sign_out(tx: &mut Tx<'_, Manage>, person: &Person, with_tokens: bool) -> Result<(), AppError> {
    within_reach(tx, person.id)?;
    let revoked = if with_tokens { revoke_tokens(tx, person.id)? } else { 0 };
    let is_signed_in = revoked > 0 || alive_sessions(tx, person.id)? > 0;
    let otherwise = match with_tokens {
        true => "Nobody is signed in with this account now, and it has no API token that works.",
        false => "Nobody is signed in with this account now.",
    };
    fitting(usize::from(is_signed_in), otherwise)?;
    diesel::update(users::table.find(person.id))
        .set(users::authority_epoch.eq(users::authority_epoch + 1))
        .execute(&mut **tx)?;
    end_sessions(tx, person.id, "ended_by_staff")
}

/// Ends one session.
pub fn end_session(tx: &mut Tx<'_, Manage>, of: &SessionOf) -> Result<(), AppError> {
    within_reach(tx, of.person.id)?;
    fitting(usize::from(of.session.is_alive()), "This session has ended already.")?;
    let actor = tx.actor_id();
    let ended = diesel::update(sessions::table.find(of.session.id).filter(sessions::revoked_at.is_null()))
        .set((
            sessions::revoked_at.eq(now),
            sessions::revoked_reason.eq("ended_by_staff"),
            sessions::revoked_by.eq(actor),
        ))
        .execute(&mut **tx)?;
    fitting(ended, "This session has ended already.")
}

fn end_sessions(tx: &mut Tx<'_, Manage>, id: Uuid, reason: &str) -> Result<(), AppError> {
    let alive = sessions::table.filter(sessions::user_id.eq(id).and(sessions::revoked_at.is_null()));
    let actor = tx.actor_id();
    diesel::update(alive.filter(sessions::absolute_expires_at.gt(now)))
        .set((sessions::revoked_at.eq(now), sessions::revoked_reason.eq(reason), sessions::revoked_by.eq(actor)))
        .execute(&mut **tx)?;
    Ok(())
}
