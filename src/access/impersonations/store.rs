//! Every statement on impersonations.

use std::collections::HashMap;

use castellan_schema::audit::events;
use castellan_schema::control::{impersonation_sessions as i, sessions, tenants, users};
use diesel::dsl::{count_star, exists, now, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Timestamptz};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::NewImpersonation;
use super::model::{Done, ENDS, Impersonation, Listed};
use super::{Approve, Impersonate, candidates, letters};
use crate::access::people::store as people;
use crate::actor::ActingKind;
use crate::auth::acting;
use crate::db::functions::{impersonated_authority, text};
use crate::db::keyset::{CappedCount, Slice, SortKey, Window};
use crate::db::{Tx, fitting, search};
use crate::error::AppError;
use crate::web::list::List;
use crate::{keyset, mail, one_of};

type Boxed = i::BoxedQuery<'static, Pg>;

/// A request waits this long for a second person, and an approved one to be begun.
const DECIDED_WITHIN_MINUTES: i32 = 4 * 60;
pub const BEGUN_WITHIN_MINUTES: i32 = 30;

/// The state by the clock, as [`Impersonation::state`] tells it.
const STATE: &str = "case when status in ('requested', 'approved') and lapses_at <= now() then 'lapsed' \
                     when status = 'active' and ends_at <= now() then 'ended' else status end";

fn in_minutes_text(minutes: i32) -> String {
    format!("now() + interval '{minutes} minutes'")
}

/// So many minutes from now, by the clock of the database.
fn in_minutes(minutes: i32) -> SqlLiteral<Nullable<Timestamptz>> {
    sql(&in_minutes_text(minutes))
}

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Listed>, AppError> {
    let rows: Vec<Impersonation> = keyset!(narrowed(conn, list)?, &list.window, i::created_at => Timestamp, i::id)
        .select(Impersonation::as_select())
        .load(conn)?;
    let slice = list.window.slice(rows, |row: &Impersonation| (row.created_at.to_key(), row.id));
    Ok(Slice { rows: listed(conn, slice.rows)?, previous: slice.previous, next: slice.next })
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(conn, list)?.select(i::id)).get_result(conn)?)
}

/// Requests that wait for a decision, counted to ten thousand.
pub fn count_waiting(conn: &mut PgConnection) -> Result<i64, AppError> {
    let waiting = i::table.filter(i::status.eq("requested").and(i::lapses_at.gt(now)));
    Ok(CappedCount(waiting.select(i::id)).get_result(conn)?)
}

fn narrowed(conn: &mut PgConnection, list: &List) -> Result<Boxed, AppError> {
    let mut query = i::table.into_boxed();
    if let Some(pattern) = list.pattern() {
        let named = users::name.ilike(pattern.clone()).or(text(users::email).ilike(pattern));
        let found: Vec<Uuid> = users::table.filter(named).select(users::id).limit(search::FEW).load(conn)?;
        query = query.filter(i::admin_user_id.eq_any(found.clone()).or(i::target_user_id.eq_any(found)));
    }
    let states = list.values("state");
    if !states.is_empty() {
        query = query.filter(sql::<Text>(STATE).eq_any(states));
    }
    query = one_of!(query, i::mode, list.values("mode"));
    query = one_of!(query, i::admin_user_id, list.ids("admin"));
    query = one_of!(query, i::target_user_id, list.ids("person"));
    query = one_of!(query, i::tenant_id, list.ids("tenant"));
    if let Some(created) = list.span("created") {
        if let Some(from) = created.from {
            query = query.filter(i::created_at.ge(from));
        }
        if let Some(until) = created.until {
            query = query.filter(i::created_at.lt(until));
        }
    }
    Ok(query)
}

/// The impersonation, whatever became of it.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Listed, AppError> {
    let row = i::table.find(id).select(Impersonation::as_select()).first(conn)?;
    listed(conn, vec![row])?.pop().ok_or(AppError::NotFound)
}

/// Adds names, and how much was seen and done.
fn listed(conn: &mut PgConnection, rows: Vec<Impersonation>) -> Result<Vec<Listed>, AppError> {
    let people: Vec<Uuid> = rows
        .iter()
        .flat_map(|row| [Some(row.admin_user_id), Some(row.target_user_id), row.decided_by, row.ended_by])
        .flatten()
        .collect();
    let people = names(conn, people)?;
    let tenants = tenant_names(conn, &rows.iter().map(|row| row.tenant_id).collect::<Vec<_>>())?;
    let tenants: HashMap<Uuid, String> = tenants.into_iter().collect();
    let counted = counted(conn, rows.iter().map(|row| row.id).collect())?;
    let named = |names: &HashMap<Uuid, String>, id: Option<Uuid>| match id {
        Some(id) => names.get(&id).cloned().unwrap_or_else(|| "somebody outside of what you may see".to_owned()),
        None => String::new(),
    };
    let count = |id: Uuid, is_read: bool| counted.get(&(id, is_read)).copied().unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| Listed {
            admin: named(&people, Some(row.admin_user_id)),
            target: named(&people, Some(row.target_user_id)),
            decided_by: named(&people, row.decided_by),
            ended_by: named(&people, row.ended_by),
            tenant: named(&tenants, Some(row.tenant_id)),
            pages: count(row.id, true),
            writes: count(row.id, false),
            row,
        })
        .collect())
}

fn names(conn: &mut PgConnection, ids: Vec<Uuid>) -> Result<HashMap<Uuid, String>, AppError> {
    let rows: Vec<(Uuid, String)> =
        users::table.filter(users::id.eq_any(ids)).select((users::id, users::name)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Names of people, as the list's filters show them.
pub fn person_names(conn: &mut PgConnection, ids: Vec<Uuid>) -> Result<Vec<(Uuid, String)>, AppError> {
    Ok(names(conn, ids)?.into_iter().collect())
}

/// Names of tenants.
pub fn tenant_names(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, AppError> {
    Ok(tenants::table.filter(tenants::id.eq_any(ids)).select((tenants::id, tenants::name)).load(conn)?)
}

/// Pages seen and changes made, by impersonation and whether they were reads.
fn counted(conn: &mut PgConnection, ids: Vec<Uuid>) -> Result<HashMap<(Uuid, bool), i64>, AppError> {
    let rows: Vec<(Option<Uuid>, bool, i64)> = events::table
        .filter(events::impersonation_id.eq_any(ids))
        .filter(events::outcome.eq("success").and(events::action.ne_all(ENDS)))
        .group_by((events::impersonation_id, events::is_read))
        .select((events::impersonation_id, events::is_read, count_star()))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(id, is_read, count)| Some(((id?, is_read), count))).collect())
}

/// A page of what was seen and done, the latest first.
pub fn done(conn: &mut PgConnection, id: Uuid, window: &Window) -> Result<Slice<Done>, AppError> {
    let query = events::table.filter(events::impersonation_id.eq(id)).into_boxed::<Pg>();
    let rows: Vec<Done> = keyset!(query, window, events::occurred_at => Timestamp, events::id)
        .select((events::id, events::occurred_at, events::action, events::outcome, events::is_read, events::details))
        .load(conn)?;
    Ok(window.slice(rows, |done: &Done| (done.occurred_at.to_key(), done.id)))
}

/// Who acts, in which browser, and the token that it gets.
#[derive(Debug, Clone, Copy)]
pub struct Browser {
    pub session_id: Uuid,
    pub token_hash: [u8; 32],
}

/// Begins one that only looks, or asks for one that acts.
pub fn insert(
    tx: &mut Tx<'_, Impersonate>,
    id: Uuid,
    target: Uuid,
    new: &NewImpersonation,
    browser: Browser,
) -> Result<(), AppError> {
    let admin = tx.actor_id().ok_or(AppError::SignIn)?;
    if tx.actor().acting_for.is_some() {
        return Err(AppError::Conflict("You act for somebody else already. Stop that first.".into()));
    }
    still_possible(tx, target, admin)?;
    let at_once = |column: &str| match new.is_acting() {
        true => sql::<Nullable<Timestamptz>>("null"),
        false => sql(column),
    };
    diesel::insert_into(i::table)
        .values((
            i::id.eq(id),
            i::admin_user_id.eq(admin),
            i::target_user_id.eq(target),
            i::tenant_id.eq(new.tenant_id),
            i::mode.eq(new.mode),
            i::reason.eq(&new.reason),
            i::ticket.eq(&new.ticket),
            i::minutes.eq(new.minutes),
            i::status.eq(if new.is_acting() { "requested" } else { "active" }),
            i::lapses_at.eq(in_minutes(DECIDED_WITHIN_MINUTES)),
            i::started_at.eq(at_once("now()")),
            i::ends_at.eq(at_once(&in_minutes_text(new.minutes))),
        ))
        .execute(&mut **tx)?;
    match new.is_acting() {
        true => Ok(()),
        false => take_on(tx, id, browser),
    }
}

fn still_possible(tx: &mut Tx<'_, Impersonate>, target: Uuid, admin: Uuid) -> Result<(), AppError> {
    match candidates::candidate(tx, target, Some(admin))?.refusal {
        Some(refused) => Err(AppError::Conflict(refused.why)),
        None => Ok(()),
    }
}

/// Begins one that was approved, in the browser of whoever asked for it.
pub fn begin_approved(tx: &mut Tx<'_, Impersonate>, listed: &Listed, browser: Browser) -> Result<(), AppError> {
    let admin = tx.actor_id().ok_or(AppError::SignIn)?;
    if listed.row.admin_user_id != admin {
        return Err(AppError::Conflict(format!("Only {} begins what they asked for.", listed.admin)));
    }
    still_possible(tx, listed.row.target_user_id, admin)?;
    let id = listed.row.id;
    let waiting = i::table.filter(i::id.eq(id).and(i::status.eq("approved")).and(i::lapses_at.gt(now)));
    let ends_at = in_minutes(listed.row.minutes);
    let begun = diesel::update(waiting)
        .set((i::status.eq("active"), i::started_at.eq(now), i::ends_at.eq(ends_at)))
        .execute(&mut **tx)?;
    fitting(begun, "This can no longer be begun: it lapsed, was refused, or was begun before.")?;
    take_on(tx, id, browser)
}

/// From now on the browser is in it; the person is told.
fn take_on(tx: &mut Tx<'_, Impersonate>, id: Uuid, browser: Browser) -> Result<(), AppError> {
    acting::store::begin(tx, browser.session_id, (ActingKind::Impersonation, id), browser.token_hash)?;
    let listed = find(tx, id)?;
    let person = people::find(tx, listed.row.target_user_id)?;
    let until = listed.row.ends_at.map(|at| at.to_jiff()).unwrap_or_default();
    mail::post(tx, &letters::begun(&listed, &person, until))
}

/// Whoever asked, and whom it would be of, decide nothing.
fn by_others(tx: &Tx<'_, Approve>, row: &Impersonation) -> Result<(), AppError> {
    let mine = [Some(row.admin_user_id), Some(row.target_user_id)].contains(&tx.actor_id());
    match mine {
        true => Err(AppError::OwnMatter("This is your own request. A second person decides on it.".into())),
        false => Ok(()),
    }
}

const DECIDED: &str = "This request was decided on before, or has lapsed.";

/// Lets whoever asked begin, for a while.
pub fn approve(tx: &mut Tx<'_, Approve>, listed: &Listed, reason: &str) -> Result<(), AppError> {
    by_others(tx, &listed.row)?;
    let by = tx.actor_id();
    let waiting = i::table.filter(i::id.eq(listed.row.id).and(i::status.eq("requested")).and(i::lapses_at.gt(now)));
    let approved = diesel::update(waiting)
        .set((
            i::status.eq("approved"),
            i::decided_at.eq(now),
            i::decided_by.eq(by),
            i::decision_reason.eq(reason),
            i::lapses_at.eq(in_minutes(BEGUN_WITHIN_MINUTES)),
        ))
        .execute(&mut **tx)?;
    fitting(approved, DECIDED)?;
    let admin = people::find(tx, listed.row.admin_user_id)?;
    mail::post(tx, &letters::approved(listed, &admin, i64::from(BEGUN_WITHIN_MINUTES)))
}

/// Says no, also to one that was approved and is not begun.
pub fn refuse(tx: &mut Tx<'_, Approve>, listed: &Listed, reason: &str) -> Result<(), AppError> {
    by_others(tx, &listed.row)?;
    let by = tx.actor_id();
    let waiting = i::table.filter(i::id.eq(listed.row.id).and(i::status.eq_any(["requested", "approved"])));
    let refused = diesel::update(waiting.filter(i::lapses_at.gt(now)))
        .set((i::status.eq("refused"), i::decided_at.eq(now), i::decided_by.eq(by), i::decision_reason.eq(reason)))
        .execute(&mut **tx)?;
    fitting(refused, DECIDED)
}

/// Ends one at once; the next request in it is refused.
pub fn end(tx: &mut Tx<'_, Approve>, id: Uuid, why: &str) -> Result<(), AppError> {
    let by = tx.actor_id();
    let running = i::table.filter(i::id.eq(id).and(i::status.eq("active")));
    let ended = diesel::update(running)
        .set((
            i::status.eq("ended"),
            i::ended_at.eq(sql::<Nullable<Timestamptz>>("least(now(), ends_at)")),
            i::ended_by.eq(by),
            i::ended_reason.eq(why),
        ))
        .execute(&mut **tx)?;
    fitting(ended, "This impersonation is over already.")
}

/// Writes down that nobody decided or began in time.
pub fn lapse(tx: &mut Tx<'_, Approve>, id: Uuid) -> Result<(), AppError> {
    let waiting = i::table.filter(i::id.eq(id).and(i::status.eq_any(["requested", "approved"])));
    diesel::update(waiting.filter(i::lapses_at.le(now))).set(i::status.eq("lapsed")).execute(&mut **tx)?;
    Ok(())
}

/// An impersonation that is over while its row does not say so, and its tenant.
pub struct Due {
    pub id: Uuid,
    pub tenant_id: Uuid,
    /// Why it ended; none for a request that lapsed.
    pub why: Option<String>,
}

/// Those that nobody decided, began or ended in time, or that may not go on.
pub fn due(conn: &mut PgConnection) -> Result<Vec<Due>, AppError> {
    let lapsed = i::table.filter(i::status.eq_any(["requested", "approved"]).and(i::lapses_at.le(now)));
    let lapsed: Vec<(Uuid, Uuid)> = lapsed.select((i::id, i::tenant_id)).load(conn)?;
    let mut due: Vec<Due> = lapsed.into_iter().map(|(id, tenant_id)| Due { id, tenant_id, why: None }).collect();
    let running = i::table.filter(i::status.eq("active"));
    let running: Vec<(Uuid, Uuid, Uuid)> = running.select((i::id, i::tenant_id, i::admin_user_id)).load(conn)?;
    for (id, tenant_id, admin) in running {
        if let Some(why) = why_over(conn, id, admin)? {
            due.push(Due { id, tenant_id, why: Some(why) });
        }
    }
    Ok(due)
}

fn why_over(conn: &mut PgConnection, id: Uuid, admin: Uuid) -> Result<Option<String>, AppError> {
    let authority: serde_json::Value = diesel::select(impersonated_authority(id, admin)).get_result(conn)?;
    if let Some(why) = authority["why_over"].as_str() {
        return Ok(Some(why.to_owned()));
    }
    let alive = sessions::table
        .inner_join(users::table)
        .filter(sessions::impersonation_id.eq(id).and(sessions::revoked_at.is_null()))
        .filter(sessions::idle_expires_at.gt(now).and(sessions::absolute_expires_at.gt(now)))
        .filter(sessions::user_epoch.eq(users::authority_epoch));
    let is_alive: bool = diesel::select(exists(alive)).get_result(conn)?;
    Ok((!is_alive).then(|| "session ended".to_owned()))
}

/// Those that are over and whose person was not told so, with their tenants. What ended long ago is no news.
pub fn untold(conn: &mut PgConnection) -> Result<Vec<(Uuid, Uuid)>, AppError> {
    let over = i::table.filter(i::status.eq("ended").and(i::end_told_at.is_null()).and(i::started_at.is_not_null()));
    let lately = i::ended_at.gt(sql::<Nullable<Timestamptz>>("now() - interval '1 day'"));
    Ok(over.filter(lately).order(i::ended_at).select((i::id, i::tenant_id)).load(conn)?)
}

/// Tells the person once that it is over; who is deleted meanwhile is told nothing.
pub fn tell(tx: &mut Tx<'_, Approve>, id: Uuid) -> Result<(), AppError> {
    let untold = i::table.filter(i::id.eq(id).and(i::end_told_at.is_null()));
    if diesel::update(untold).set(i::end_told_at.eq(now)).execute(&mut **tx)? == 0 {
        return Ok(());
    }
    let listed = find(tx, id)?;
    match people::find(tx, listed.row.target_user_id) {
        Ok(person) => mail::post(tx, &letters::over(&listed, &person)),
        Err(AppError::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
