//! Every statement on campaigns.

use std::collections::HashMap;

use castellan_schema::control::{access_review_items as items, access_reviews, roles, tenants};
use diesel::connection::SimpleConnection;
use diesel::dsl::{count_star, now};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text, Uuid as SqlUuid};
use jiff::{SignedDuration, Timestamp as Moment};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::DecideReviews;
use super::forms::{NewReview, ReviewPatch};
use super::model::{Counts, Listed, Review};
use crate::access::Manage;
use crate::access::assignments::store::tenant_by_text;
use crate::access::reach::{Touched, measured};
use crate::access::review_items::store as item_store;
use crate::db::Tx;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::error::AppError;
use crate::keyset;
use crate::mail::{self, Letter};
use crate::web::list::List;

#[diesel::dsl::auto_type]
fn joined() -> _ {
    access_reviews::table
        .left_join(roles::table.on(access_reviews::role_id.eq(roles::id.nullable())))
        .left_join(tenants::table.on(access_reviews::tenant_id.eq(tenants::id.nullable())))
}

type Boxed = diesel::helper_types::IntoBoxed<'static, joined, Pg>;

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<Listed>, AppError> {
    let (query, window) = (narrowed(list), &list.window);
    let rows: Vec<Review> = match window.sort {
        "due_at" => keyset!(query, window, access_reviews::due_at => Timestamp, access_reviews::id)
            .select(Review::as_select())
            .load(conn)?,
        _ => keyset!(query, window, access_reviews::created_at => Timestamp, access_reviews::id)
            .select(Review::as_select())
            .load(conn)?,
    };
    let by_due = window.sort == "due_at";
    let key = |row: &Review| if by_due { row.due_at.to_key() } else { row.created_at.to_key() };
    let slice = window.slice(rows, |row| (key(row), row.id));
    let mut counts = counts_of(conn, slice.rows.iter().map(|review| review.id).collect())?;
    let listed = |review: Review| Listed { counts: counts.remove(&review.id).unwrap_or_default(), review };
    Ok(Slice { rows: slice.rows.into_iter().map(listed).collect(), previous: slice.previous, next: slice.next })
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(list).select(access_reviews::id)).get_result(conn)?)
}

fn narrowed(list: &List) -> Boxed {
    let mut query = joined().into_boxed();
    if let Some(pattern) = list.pattern() {
        query = query.filter(access_reviews::name.ilike(pattern));
    }
    match list.values("state").as_slice() {
        [one] if one == "open" => query.filter(access_reviews::closed_at.is_null()),
        [one] if one == "closed" => query.filter(access_reviews::closed_at.is_not_null()),
        _ => query,
    }
}

/// The campaign, or `NotFound`.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Review, AppError> {
    Ok(joined().filter(access_reviews::id.eq(id)).select(Review::as_select()).first(conn)?)
}

/// The campaign, unless it is closed.
pub fn find_open(conn: &mut PgConnection, id: Uuid) -> Result<Review, AppError> {
    let review = find(conn, id)?;
    if review.is_open() { Ok(review) } else { Err(AppError::Conflict(CLOSED.into())) }
}

/// Said to whoever comes too late.
pub const CLOSED: &str = "The review is closed; nothing of it changes any more.";

/// How far some campaigns are.
fn counts_of(conn: &mut PgConnection, ids: Vec<Uuid>) -> Result<HashMap<Uuid, Counts>, AppError> {
    let rows: Vec<(Uuid, String, i64)> = items::table
        .filter(items::review_id.eq_any(ids))
        .group_by((items::review_id, items::outcome))
        .select((items::review_id, items::outcome, count_star()))
        .load(conn)?;
    let mut counts: HashMap<Uuid, Counts> = HashMap::new();
    for (id, outcome, count) in rows {
        counts.entry(id).or_default().add(&outcome, count);
    }
    Ok(counts)
}

/// How far a campaign is.
pub fn counts(conn: &mut PgConnection, id: Uuid) -> Result<Counts, AppError> {
    Ok(counts_of(conn, vec![id])?.remove(&id).unwrap_or_default())
}

/// Begins a campaign with every assignment that it is about, as they are now. Returns how many those are.
pub fn begin(tx: &mut Tx<'_, DecideReviews>, id: Uuid, new: &NewReview) -> Result<usize, AppError> {
    let tenant_id = match new.covers {
        "tenant" => {
            let found = tenant_by_text(tx, &new.tenant)?;
            Some(found.ok_or_else(|| AppError::Refused("tenant_id", "is not the slug or id of a tenant".into()))?)
        }
        _ => None,
    };
    diesel::insert_into(access_reviews::table)
        .values((
            access_reviews::id.eq(id),
            access_reviews::name.eq(&new.name),
            access_reviews::covers.eq(new.covers),
            access_reviews::role_id.eq(new.role_id),
            access_reviews::tenant_id.eq(tenant_id),
            access_reviews::unused_days.eq(new.unused_days),
            access_reviews::note.eq(&new.note),
            access_reviews::due_at.eq(new.due_at),
        ))
        .execute(&mut **tx)?;
    let covered = diesel::sql_query(
        "insert into control.access_review_items (id, review_id, assignment_id, principal_kind, principal_name, \
            principal_email, role_id, role_name, scope_kind, tenant_id, tenant_name, client_id, client_name, \
            granted_at, granted_by, granted_reason, last_used_at, expires_at) \
        select gen_random_uuid(), $1, a.id, \
            case when a.group_id is not null then 'group' when a.department_id is not null then 'department' else 'user' end, \
            coalesce(u.name, g.name, d.name), u.email::text, a.role_id, r.name, a.scope_kind, a.tenant_id, t.name, \
            a.client_id, c.name, a.created_at, a.granted_by, a.reason, a.last_used_at, a.expires_at \
        from control.assignments a join control.roles r on r.id = a.role_id \
        left join control.users u on u.id = a.user_id left join control.groups g on g.id = a.group_id \
        left join control.departments d on d.id = a.department_id \
        left join control.tenants t on t.id = a.tenant_id left join control.clients c on c.id = a.client_id \
        where a.revoked_at is null and (a.expires_at is null or a.expires_at > now()) \
            and ($2 is null or a.role_id = $2) and ($3 is null or a.tenant_id = $3) \
            and ($4 is null or coalesce(a.last_used_at, a.created_at) < now() - make_interval(days => $4))",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Nullable<SqlUuid>, _>(new.role_id)
    .bind::<Nullable<SqlUuid>, _>(tenant_id)
    .bind::<Nullable<Integer>, _>(new.unused_days)
    .execute(&mut **tx)?;
    if covered == 0 {
        return Err(AppError::Refused(
            "covers",
            "finds no assignment at present, so there is nothing to review".into(),
        ));
    }
    Ok(covered)
}

/// Writes edited values. With another day the reviewers are told again.
pub fn update(tx: &mut Tx<'_, DecideReviews>, review: &Review, patch: &ReviewPatch) -> Result<(), AppError> {
    let same = access_reviews::table.find(review.id).filter(access_reviews::version.eq(patch.version));
    let open = same.filter(access_reviews::closed_at.is_null());
    let written = diesel::update(open)
        .set((
            access_reviews::name.eq(&patch.name),
            access_reviews::note.eq(&patch.note),
            access_reviews::due_at.eq(patch.due_at),
        ))
        .execute(&mut **tx)?;
    if written == 0 {
        return Err(AppError::Stale);
    }
    if review.due_at.to_jiff() != patch.due_at.to_jiff() {
        diesel::update(access_reviews::table.find(review.id))
            .set(access_reviews::reminded_at.eq(None::<Timestamp>))
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// Closes it by hand, all that is unanswered under one event. Shows who loses what by that.
pub fn close_now(tx: &mut Tx<'_, Manage>, review: &Review) -> Result<(), AppError> {
    tx.batch_execute(PATIENCE)?;
    measured(tx, Touched::Review(review.id), |tx| close(tx, review))
}

/// Ten thousand items are a few seconds' work, and several times that while the database has not counted its rows again
/// after a bulk load: more than a request may usually take.
const PATIENCE: &str = "set local statement_timeout = '60s'";

/// Ends what is unanswered and closes the campaign. Nobody decides while that goes on.
pub fn close(tx: &mut Tx<'_, Manage>, review: &Review) -> Result<(), AppError> {
    let open = access_reviews::table.find(review.id).filter(access_reviews::closed_at.is_null());
    let open: Option<Uuid> = open.select(access_reviews::id).for_update().first(&mut **tx).optional()?;
    open.ok_or_else(|| AppError::Conflict(CLOSED.into()))?;
    item_store::expire_founders(tx, review.id)?;
    item_store::expire_others(tx, review.id)?;
    let by = tx.actor_id();
    diesel::update(access_reviews::table.find(review.id))
        .set((access_reviews::closed_at.eq(now), access_reviews::closed_by.eq(by)))
        .execute(&mut **tx)?;
    let counts = counts(tx, review.id)?;
    tell(tx, &format!("{} is closed", review.name), &closing_words(review, &counts))
}

fn closing_words(review: &Review, counts: &Counts) -> String {
    let founder = match counts.last_founder {
        0 => "",
        _ => "\nNobody answered for the last founder, who stays: somebody must be founder.",
    };
    format!(
        "The access review {} is closed.\n\nKept {}, reduced {}, removed {}. Not answered in time and therefore ended: \
         {}. Ended before anybody answered: {}.{founder}",
        review.name, counts.kept, counts.reduced, counts.removed, counts.expired, counts.gone
    )
}

/// Days before the end at which reviewers are told.
const REMINDER_DAYS: i64 = 3;

/// Open campaigns that end soon and whose reviewers were not told yet.
pub fn to_remind(conn: &mut PgConnection) -> Result<Vec<Review>, AppError> {
    let soon: Timestamp = (Moment::now() + SignedDuration::from_hours(24 * REMINDER_DAYS)).into();
    Ok(joined()
        .filter(access_reviews::closed_at.is_null().and(access_reviews::reminded_at.is_null()))
        .filter(access_reviews::due_at.gt(now).and(access_reviews::due_at.le(soon)))
        .order(access_reviews::id)
        .select(Review::as_select())
        .load(conn)?)
}

/// Tells the reviewers once that a campaign ends soon, and how much is left.
pub fn remind(tx: &mut Tx<'_, Manage>, review: &Review) -> Result<(), AppError> {
    let untold = access_reviews::table.find(review.id).filter(access_reviews::reminded_at.is_null());
    let told = diesel::update(untold).set(access_reviews::reminded_at.eq(now)).execute(&mut **tx)?;
    let left = counts(tx, review.id)?.undecided;
    if told == 0 || left == 0 {
        return Ok(());
    }
    let due = crate::web::filters::utc(review.due_at.to_jiff());
    let text = format!(
        "The access review {} ends at {due}. {left} assignments are not answered yet; those will end with it.\n\n{}",
        review.name, review.note
    );
    tell(tx, &format!("{} ends soon", review.name), text.trim_end())
}

/// Campaigns whose time is over.
pub fn due(conn: &mut PgConnection) -> Result<Vec<Review>, AppError> {
    Ok(joined()
        .filter(access_reviews::closed_at.is_null().and(access_reviews::due_at.le(now)))
        .order(access_reviews::id)
        .select(Review::as_select())
        .load(conn)?)
}

/// Holds a campaign whose time is over and which nobody closed or prolonged meanwhile.
pub fn hold_due(tx: &mut Tx<'_, Manage>, id: Uuid) -> Result<(), AppError> {
    let due = access_reviews::closed_at.is_null().and(access_reviews::due_at.le(now));
    let held: Option<Uuid> = access_reviews::table
        .find(id)
        .filter(due)
        .select(access_reviews::id)
        .for_share()
        .first(&mut **tx)
        .optional()?;
    held.map(drop).ok_or_else(|| AppError::Conflict("The review is closed or goes on longer.".into()))
}

#[derive(QueryableByName)]
struct Reviewer {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    email: String,
}

/// Writes to everybody who may decide.
fn tell<P>(tx: &mut Tx<'_, P>, subject: &str, text: &str) -> Result<(), AppError> {
    let reviewers: Vec<Reviewer> = diesel::sql_query(
        "select distinct u.name, u.email::text as email from control.effective_rights e \
        join control.users u on u.id = e.user_id and u.status = 'active' and u.is_staff and u.deleted_at is null \
        where e.privilege_name = 'reviews.decide' and e.scope_kind = 'platform' order by 2",
    )
    .load(&mut **tx)?;
    for reviewer in reviewers {
        mail::post(tx, &Letter::new(&reviewer.email, &reviewer.name, &format!("Access review: {subject}"), text))?;
    }
    Ok(())
}
