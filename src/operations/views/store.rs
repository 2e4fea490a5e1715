//! Every statement on saved views. Whose they are is said here and, once more, by the policies of the table.

use castellan_schema::control::{saved_views, users};
use diesel::dsl::InnerJoin;
use diesel::helper_types::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::{NewView, ViewPatch};
use super::model::View;
use super::{KeepViews, ManageViews};
use crate::db::functions::actor_id;
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::keyset;
use crate::web::list::List;

/// Nobody finds their way among more.
const EACH: i64 = 100;
/// Views of others that the menu of a list shows.
pub const SHARED_SHOWN: usize = 50;

type Boxed = IntoBoxed<'static, InnerJoin<saved_views::table, users::table>, Pg>;

fn joined() -> Boxed {
    saved_views::table.inner_join(users::table).into_boxed()
}

/// One page of the list: one's own, and what others share of lists that are open.
pub fn list(conn: &mut PgConnection, list: &List, open: &[&'static str]) -> Result<Slice<View>, AppError> {
    let (query, window) = (narrowed(list, open), &list.window);
    let (rows, key): (Vec<View>, fn(&View) -> String) = match window.sort {
        "created_at" => (
            keyset!(query, window, saved_views::created_at => Timestamp, saved_views::id)
                .select(View::as_select())
                .load(conn)?,
            |view| view.created_at.to_key(),
        ),
        _ => (
            keyset!(query, window, saved_views::name_sort => String, saved_views::id)
                .select(View::as_select())
                .load(conn)?,
            |view| view.name_sort.clone(),
        ),
    };
    Ok(window.slice(rows, |view| (key(view), view.id)))
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, list: &List, open: &[&'static str]) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(list, open).select(saved_views::id)).get_result(conn)?)
}

fn narrowed(list: &List, open: &[&'static str]) -> Boxed {
    let is_own = saved_views::user_id.nullable().eq(actor_id()).assume_not_null();
    let is_open = saved_views::is_shared.and(saved_views::list.eq_any(open.to_vec()));
    let mut query = joined();
    query = match list.values("whose").as_slice() {
        [whose] if whose == "own" => query.filter(is_own),
        [_] => query.filter(is_open.and(diesel::dsl::not(is_own))),
        _ => query.filter(is_own.or(is_open)),
    };
    let paths = list.values("list");
    if !paths.is_empty() {
        query = query.filter(saved_views::path.eq_any(paths));
    }
    match list.pattern() {
        Some(pattern) => query.filter(saved_views::name.ilike(pattern)),
        None => query,
    }
}

/// One's own views of the list at an address, by name.
pub fn own_of(conn: &mut PgConnection, path: &str) -> Result<Vec<View>, AppError> {
    let own = joined()
        .filter(saved_views::path.eq(path.to_owned()))
        .filter(saved_views::user_id.nullable().eq(actor_id()).assume_not_null());
    Ok(own.order((saved_views::name_sort, saved_views::id)).limit(EACH).select(View::as_select()).load(conn)?)
}

/// What others share of the list at an address, by name: one more than is shown.
pub fn shared_of(conn: &mut PgConnection, path: &str) -> Result<Vec<View>, AppError> {
    let shared = joined()
        .filter(saved_views::path.eq(path.to_owned()).and(saved_views::is_shared))
        .filter(saved_views::user_id.nullable().ne(actor_id()).assume_not_null());
    let shared = shared.order((saved_views::name_sort, saved_views::id)).limit(SHARED_SHOWN as i64 + 1);
    Ok(shared.select(View::as_select()).load(conn)?)
}

/// A view of one's own or one that is shared, with whomever.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<View, AppError> {
    let is_own = saved_views::user_id.nullable().eq(actor_id()).assume_not_null();
    let seen = joined().filter(saved_views::id.eq(id)).filter(saved_views::is_shared.or(is_own));
    Ok(seen.select(View::as_select()).first(conn)?)
}

/// A view of whoever acts.
pub fn own(conn: &mut PgConnection, id: Uuid) -> Result<View, AppError> {
    let is_own = saved_views::user_id.nullable().eq(actor_id()).assume_not_null();
    Ok(joined().filter(saved_views::id.eq(id)).filter(is_own).select(View::as_select()).first(conn)?)
}

/// A view that somebody shares.
pub fn shared(conn: &mut PgConnection, id: Uuid) -> Result<View, AppError> {
    let shared = joined().filter(saved_views::id.eq(id).and(saved_views::is_shared));
    Ok(shared.select(View::as_select()).first(conn)?)
}

/// Makes a view of whoever acts.
pub fn insert(tx: &mut Tx<'_, KeepViews>, id: Uuid, new: &NewView) -> Result<(), AppError> {
    let user_id = tx.actor_id().ok_or(AppError::SignIn)?;
    // One after the other, so that two at once are counted both.
    users::table.find(user_id).for_no_key_update().select(users::id).first::<Uuid>(&mut **tx)?;
    let kept: i64 = saved_views::table.filter(saved_views::user_id.eq(user_id)).count().get_result(&mut **tx)?;
    if kept >= EACH {
        let why = format!("You keep {EACH} views already. Delete one that you do not need.");
        return Err(AppError::Refused("base", why));
    }
    diesel::insert_into(saved_views::table)
        .values((
            saved_views::id.eq(id),
            saved_views::user_id.eq(user_id),
            saved_views::list.eq(new.list),
            saved_views::path.eq(&new.path),
            saved_views::query.eq(&new.query),
            saved_views::name.eq(&new.name),
            saved_views::is_shared.eq(new.is_shared),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes edited facts, unless somebody else did so since.
pub fn update(tx: &mut Tx<'_, KeepViews>, view: &View, patch: &ViewPatch) -> Result<(), AppError> {
    let same = saved_views::table.find(view.id).filter(saved_views::version.eq(patch.version));
    let updated = diesel::update(same.filter(saved_views::user_id.eq(view.user_id)))
        .set((
            saved_views::name.eq(&patch.name),
            saved_views::query.eq(&patch.query),
            saved_views::is_shared.eq(patch.is_shared),
        ))
        .execute(&mut **tx)?;
    match updated {
        0 => Err(AppError::Stale),
        _ => Ok(()),
    }
}

/// Deletes a view of whoever acts. Nothing hangs on it, and what it was stays in the log.
pub fn delete(tx: &mut Tx<'_, KeepViews>, view: &View) -> Result<(), AppError> {
    let own = saved_views::table.find(view.id).filter(saved_views::user_id.nullable().eq(actor_id()));
    fitting(diesel::delete(own).execute(&mut **tx)?, "The view is deleted already.")
}

/// Takes away what somebody shares.
pub fn remove(tx: &mut Tx<'_, ManageViews>, view: &View) -> Result<(), AppError> {
    let shared = saved_views::table.find(view.id).filter(saved_views::is_shared);
    fitting(diesel::delete(shared).execute(&mut **tx)?, "The view is not shared any more.")
}
