//! Every statement on the items of campaigns.

use castellan_schema::control::{access_review_items as items, access_reviews, assignments, roles};
use diesel::dsl::{now, sql};
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::model::Item;
use crate::access::assignments::model::Assignment;
use crate::access::assignments::store as assignment_store;
use crate::access::assignments::store::Resolved;
use crate::access::reach::{Touched, measured};
use crate::access::reviews::store::{CLOSED, hold_due};
use crate::access::{Manage, founders};
use crate::audit::history;
use crate::db::Tx;
use crate::db::functions::founders_without;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::error::AppError;
use crate::web::list::List;
use crate::{keyset, one_of};

#[diesel::dsl::auto_type]
fn joined() -> _ {
    items::table
        .inner_join(access_reviews::table.on(items::review_id.eq(access_reviews::id)))
        .inner_join(assignments::table.on(items::assignment_id.eq(assignments::id)))
}

type Boxed = diesel::helper_types::IntoBoxed<'static, joined, Pg>;

/// What was never used comes before all others; the index is on this very expression.
fn used() -> SqlLiteral<Timestamptz> {
    sql("coalesce(access_review_items.last_used_at, timestamptz '1970-01-01 00:00:00+00')")
}

/// One page of the items of a campaign.
pub fn list(conn: &mut PgConnection, review_id: Uuid, list: &List) -> Result<Slice<Item>, AppError> {
    let (query, window) = (narrowed(review_id, list), &list.window);
    let (rows, key): (Vec<Item>, fn(&Item) -> String) = match window.sort {
        "name" => (
            keyset!(query, window, items::principal_sort => String, items::id).select(Item::as_select()).load(conn)?,
            |item| item.principal_sort.clone(),
        ),
        _ => (keyset!(query, window, used() => Timestamp, items::id).select(Item::as_select()).load(conn)?, |item| {
            item.last_used_at.map_or_else(|| "0".to_owned(), |at| at.to_key())
        }),
    };
    Ok(window.slice(rows, |item| (key(item), item.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, review_id: Uuid, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(review_id, list).select(items::id)).get_result(conn)?)
}

fn narrowed(review_id: Uuid, list: &List) -> Boxed {
    let mut query = joined().into_boxed().filter(items::review_id.eq(review_id));
    if let Some(pattern) = list.pattern() {
        let named = items::principal_name.ilike(pattern.clone());
        query = query.filter(named.or(items::principal_email.assume_not_null().ilike(pattern)));
    }
    query = one_of!(query, items::outcome, list.values("outcome"));
    query = one_of!(query, items::principal_kind, list.values("principal"));
    query = one_of!(query, items::role_id, list.ids("role"));
    query = one_of!(query, items::tenant_id, list.ids("tenant").into_iter().map(Some).collect::<Vec<_>>());
    if !list.values("used").is_empty() {
        query = query.filter(items::last_used_at.is_null());
    }
    query
}

/// The item, or `NotFound`.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Item, AppError> {
    Ok(joined().filter(items::id.eq(id)).select(Item::as_select()).first(conn)?)
}

/// The item, unless it is another campaign's.
pub fn of_review(conn: &mut PgConnection, review_id: Uuid, id: Uuid) -> Result<Item, AppError> {
    let item = find(conn, id)?;
    if item.review_id == review_id { Ok(item) } else { Err(AppError::NotFound) }
}

/// Some items of a campaign by name; `NotFound` when one is missing.
pub fn of_ids(conn: &mut PgConnection, review_id: Uuid, ids: &[Uuid]) -> Result<Vec<Item>, AppError> {
    let some = joined().filter(items::review_id.eq(review_id).and(items::id.eq_any(ids)));
    let found: Vec<Item> = some.order((items::principal_sort, items::id)).select(Item::as_select()).load(conn)?;
    if found.len() == ids.len() { Ok(found) } else { Err(AppError::NotFound) }
}

/// The roles of a campaign's items by name, to filter by.
pub fn role_names(conn: &mut PgConnection, review_id: Uuid) -> Result<Vec<(Uuid, String)>, AppError> {
    let of = items::table.filter(items::review_id.eq(review_id));
    let named = of.select((items::role_id, items::role_name)).distinct().order((items::role_name, items::role_id));
    Ok(named.load(conn)?)
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = SqlUuid)]
    assignment_id: Uuid,
}

/// The assignments that somebody holds, themselves or through a group or department.
pub fn held_by(conn: &mut PgConnection, user_id: Option<Uuid>) -> Result<Vec<Uuid>, AppError> {
    let Some(user_id) = user_id else { return Ok(Vec::new()) };
    let held: Vec<Held> =
        diesel::sql_query("select distinct assignment_id from control.held_assignments where user_id = $1")
            .bind::<SqlUuid, _>(user_id)
            .load(conn)?;
    Ok(held.into_iter().map(|held| held.assignment_id).collect())
}

/// Roles that contain nothing that a role does not contain, itself first.
pub fn smaller_roles(conn: &mut PgConnection, role_id: Uuid) -> Result<Vec<(Uuid, String)>, AppError> {
    #[derive(QueryableByName)]
    struct Smaller {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let smaller: Vec<Smaller> = diesel::sql_query(
        "select r.id, r.name from control.roles r where r.deleted_at is null \
            and exists (select from control.role_privileges p where p.role_id = r.id) \
            and not exists (select from control.role_privileges p where p.role_id = r.id \
                and not exists (select from control.role_privileges o where o.role_id = $1 \
                    and o.privilege_name = p.privilege_name)) \
        order by r.id <> $1, r.name limit 500",
    )
    .bind::<SqlUuid, _>(role_id)
    .load(conn)?;
    Ok(smaller.into_iter().map(|role| (role.id, role.name)).collect())
}

/// Holds an item to decide about it. Whoever comes second is told what the first decided.
fn hold<P>(tx: &mut Tx<'_, P>, id: Uuid) -> Result<Item, AppError> {
    let review_id: Uuid = items::table.find(id).select(items::review_id).first(&mut **tx)?;
    // Closing waits for those who decide, and they for it.
    let review = access_reviews::table.find(review_id).select(access_reviews::id);
    review.for_share().first::<Uuid>(&mut **tx)?;
    items::table.find(id).select(items::id).for_no_key_update().first::<Uuid>(&mut **tx)?;
    let item = find(tx, id)?;
    let me = tx.actor_id();
    let refused = match () {
        () if item.closed_at.is_some() => CLOSED.to_owned(),
        () if !item.is_undecided() => decided(tx, &item)?,
        () if !item.is_live() => "The assignment has ended meanwhile, so that nothing is left to decide.".to_owned(),
        () if held_by(tx, me)?.contains(&item.assignment_id) => {
            let why = "You hold this assignment yourself; somebody else decides about it.";
            return Err(AppError::OwnMatter(why.into()));
        }
        () => return Ok(item),
    };
    Err(AppError::Conflict(refused))
}

fn decided(conn: &mut PgConnection, item: &Item) -> Result<String, AppError> {
    let who = history::names(conn, item.decided_by.into_iter())?.into_values().next();
    let why = item.reason.as_ref().map(|reason| format!(", because “{reason}”")).unwrap_or_default();
    Ok(format!("{} has decided already: {}{why}.", who.unwrap_or_else(|| "Somebody".to_owned()), item.said()))
}

/// Says that an assignment is still needed. Blank is no reason.
pub fn keep<P>(tx: &mut Tx<'_, P>, id: Uuid, reason: &str) -> Result<(), AppError> {
    let item = hold(tx, id)?;
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    decide(tx, item.id, "kept", reason, None)
}

/// What became of the ticked items.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kept {
    pub kept: usize,
    /// Decided, ended, or one's own.
    pub left: usize,
}

/// Says the same of several; those that cannot be decided by this person any more are left as they are.
pub fn keep_several<P>(tx: &mut Tx<'_, P>, review_id: Uuid, ids: &[Uuid], reason: &str) -> Result<Kept, AppError> {
    let review = access_reviews::table.find(review_id).filter(access_reviews::closed_at.is_null());
    let open: Option<Uuid> = review.select(access_reviews::id).for_share().first(&mut **tx).optional()?;
    open.ok_or_else(|| AppError::Conflict(CLOSED.into()))?;
    let by = tx.actor_id();
    let mine = held_by(tx, by)?;
    let live = assignments::table
        .filter(assignments::revoked_at.is_null())
        .filter(assignments::expires_at.is_null().or(assignments::expires_at.gt(now)))
        .select(assignments::id);
    let undecided = items::table
        .filter(items::review_id.eq(review_id).and(items::id.eq_any(ids)))
        .filter(items::outcome.eq("undecided").and(items::assignment_id.ne_all(mine)))
        .filter(items::assignment_id.eq_any(live));
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    let kept = diesel::update(undecided)
        .set((items::outcome.eq("kept"), items::reason.eq(reason), items::decided_at.eq(now), items::decided_by.eq(by)))
        .execute(&mut **tx)?;
    match kept {
        0 => Err(AppError::Conflict(
            "None of these can be kept by you: they are decided, have ended, or are yours.".into(),
        )),
        _ => Ok(Kept { kept, left: ids.len().saturating_sub(kept) }),
    }
}

/// Takes the assignment away.
pub fn remove(tx: &mut Tx<'_, Manage>, id: Uuid, reason: &str) -> Result<(), AppError> {
    let row = assignment_of(tx, id)?;
    assignment_store::revoke(tx, &row)?;
    decide(tx, id, "removed", Some(reason), None)
}

/// Takes several away. All of them can be decided, or none is.
pub fn remove_several(tx: &mut Tx<'_, Manage>, review_id: Uuid, ids: &[Uuid], reason: &str) -> Result<(), AppError> {
    measured(tx, Touched::Review(review_id), |tx| {
        for id in ids {
            let row = assignment_of(tx, *id)?;
            assignment_store::check_taking(tx, &[row.id])?;
            assignment_store::end(tx, &row)?;
            decide(tx, *id, "removed", Some(reason), None)?;
        }
        founders::keep_one(tx)
    })
}

/// Gives a smaller assignment instead, with the same id in the preview and in what it commits.
pub fn reduce(tx: &mut Tx<'_, Manage>, id: Uuid, new_id: Uuid, new: &Resolved) -> Result<(), AppError> {
    let row = assignment_of(tx, id)?;
    check_smaller(tx, &row, new)?;
    assignment_store::replace(tx, &row, new_id, new)?;
    decide(tx, id, "reduced", Some(&new.reason), Some(new_id))
}

/// The item's assignment, both held.
fn assignment_of(tx: &mut Tx<'_, Manage>, id: Uuid) -> Result<Assignment, AppError> {
    let item = hold(tx, id)?;
    assignment_store::find(tx, item.assignment_id)
}

/// Nobody gains anything by a reduction, and somebody loses something.
fn check_smaller(tx: &mut Tx<'_, Manage>, row: &Assignment, new: &Resolved) -> Result<(), AppError> {
    let refused = |field: &'static str, why: &str| Err(AppError::Refused(field, why.to_owned()));
    // Who adds a privilege to one of the roles waits, or is waited for.
    let both = roles::table.filter(roles::id.eq_any([row.role_id, new.role_id])).order(roles::id);
    both.select(roles::id).for_share().load::<Uuid>(&mut **tx)?;
    if !smaller_roles(tx, row.role_id)?.iter().any(|(id, _)| *id == new.role_id) {
        return refused("role_id", "contains more than the role that is held");
    }
    let place = new.place;
    let within = match row.scope_kind.as_str() {
        "platform" => true,
        "tenant" => place.tenant_id == row.tenant_id,
        _ => place.client_id == row.client_id,
    };
    if !within {
        return refused("scope_kind", "reaches further than the assignment that is held");
    }
    let end = |at: Option<Timestamp>| at.map_or(jiff::Timestamp::MAX, Timestamp::to_jiff);
    if end(new.expires_at) > end(row.expires_at) {
        return refused("expires_at", "is later than the end of the assignment that is held");
    }
    let is_same_place = place.tenant_id == row.tenant_id && place.client_id == row.client_id;
    let is_same_role = smaller_roles(tx, new.role_id)?.iter().any(|(id, _)| *id == row.role_id);
    match is_same_place && is_same_role && end(new.expires_at) == end(row.expires_at) {
        true => refused("role_id", "and place and end are as large as what is held; make one of them smaller"),
        false => Ok(()),
    }
}

fn decide<P>(
    tx: &mut Tx<'_, P>,
    id: Uuid,
    outcome: &str,
    reason: Option<&str>,
    replacement_id: Option<Uuid>,
) -> Result<(), AppError> {
    let by = tx.actor_id();
    diesel::update(items::table.find(id))
        .set((
            items::outcome.eq(outcome),
            items::reason.eq(reason),
            items::replacement_id.eq(replacement_id),
            items::decided_at.eq(now),
            items::decided_by.eq(by),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// An item with its assignment, tenant and client.
pub type Unanswered = (Uuid, Uuid, Option<Uuid>, Option<Uuid>);

/// What nobody has answered yet.
pub fn undecided(conn: &mut PgConnection, review_id: Uuid) -> Result<Vec<Unanswered>, AppError> {
    let left = items::table.filter(items::review_id.eq(review_id).and(items::outcome.eq("undecided")));
    // The founder who used it last goes last, and stays if there is no other.
    let in_order = left.order((used(), items::id));
    Ok(in_order.select((items::id, items::assignment_id, items::tenant_id, items::client_id)).load(conn)?)
}

/// Ends one unanswered assignment of a campaign whose time is over.
pub fn expire_one(tx: &mut Tx<'_, Manage>, review_id: Uuid, id: Uuid) -> Result<(), AppError> {
    match hold_due(tx, review_id) {
        Ok(()) => {}
        Err(AppError::Conflict(_)) => return Ok(()),
        Err(error) => return Err(error),
    }
    items::table.find(id).select(items::id).for_no_key_update().first::<Uuid>(&mut **tx)?;
    expire(tx, id).map(drop)
}

/// Returns whether that ended an assignment.
fn expire(tx: &mut Tx<'_, Manage>, id: Uuid) -> Result<bool, AppError> {
    let item = find(tx, id)?;
    if !item.is_undecided() {
        return Ok(false);
    }
    let outcome = match () {
        () if !item.is_live() => "gone",
        () if is_founder(tx, &item)? && is_last_founder(tx, item.assignment_id)? => "last_founder",
        () => "expired",
    };
    let ends = outcome == "expired";
    if ends {
        let row = assignment_store::find(tx, item.assignment_id)?;
        assignment_store::end(tx, &row)?;
    }
    decide(tx, id, outcome, None, None)?;
    Ok(ends)
}

fn is_founder(conn: &mut PgConnection, item: &Item) -> Result<bool, AppError> {
    let role = roles::table.find(item.role_id).filter(roles::name.eq("founder").and(roles::is_system));
    Ok(item.scope_kind == "platform" && role.count().get_result::<i64>(conn)? > 0)
}

/// Without it nobody would be an active founder without an end.
fn is_last_founder(tx: &mut Tx<'_, Manage>, assignment_id: Uuid) -> Result<bool, AppError> {
    let others: i64 = diesel::select(founders_without(assignment_id)).get_result(&mut **tx)?;
    Ok(others == 0)
}

/// Of the unanswered founders ends all but the last, who stays. Whoever has less rights than they ends none.
pub fn expire_founders(tx: &mut Tx<'_, Manage>, review_id: Uuid) -> Result<(), AppError> {
    let founders = items::table
        .inner_join(roles::table)
        .filter(items::review_id.eq(review_id).and(items::outcome.eq("undecided")))
        .filter(items::scope_kind.eq("platform").and(roles::name.eq("founder")).and(roles::is_system));
    let unanswered: Vec<Uuid> = founders.order((used(), items::id)).select(items::id).load(&mut **tx)?;
    // Looked at before, for it may be their own.
    let within_reach = founders::within_reach(tx);
    let mut ended = false;
    for id in unanswered {
        ended |= expire(tx, id)?;
    }
    if ended { within_reach } else { Ok(()) }
}

/// Ends everything else that is unanswered. What this transaction revoked has its very moment, by which it is told from
/// what had ended before; a join with what the first statement returns would be planned for a handful of rows.
pub fn expire_others(tx: &mut Tx<'_, Manage>, review_id: Uuid) -> Result<(), AppError> {
    let ending = diesel::sql_query(
        "update control.assignments a set revoked_at = now(), revoked_by = control.actor_id() \
        from control.access_review_items i \
        where i.review_id = $1 and i.outcome = 'undecided' and a.id = i.assignment_id \
            and a.revoked_at is null and (a.expires_at is null or a.expires_at > now())",
    );
    ending.bind::<SqlUuid, _>(review_id).execute(&mut **tx)?;
    let ended = diesel::sql_query(
        "update control.access_review_items i \
        set outcome = case when a.revoked_at = now() then 'expired' else 'gone' end, \
            decided_at = now(), decided_by = control.actor_id() \
        from control.assignments a \
        where a.id = i.assignment_id and i.review_id = $1 and i.outcome = 'undecided'",
    );
    ended.bind::<SqlUuid, _>(review_id).execute(&mut **tx)?;
    Ok(())
}
