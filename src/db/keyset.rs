//! Pages by key instead of by offset: as quick at depth a million as on the first page.

use std::cmp::Reverse;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use jiff_diesel::Timestamp;
use uuid::Uuid;

/// Rows on one page.
pub const PAGE_ROWS: usize = 50;
/// Counting stops here; beyond it a list says "10,000+".
pub const COUNT_CAP: i64 = 10_000;

/// A place in a sorted list: the sort key and id of the row next to it, and the direction to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub sort: String,
    pub key: String,
    pub id: Uuid,
    pub backwards: bool,
}

impl Cursor {
    /// The opaque text of the query parameter `after`.
    pub fn encode(&self) -> String {
        let direction = if self.backwards { '<' } else { '>' };
        URL_SAFE_NO_PAD.encode(format!("{direction}{}\n{}\n{}", self.sort, self.id, self.key))
    }

    /// None for anything that `encode` did not make.
    pub fn decode(text: &str) -> Option<Cursor> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(3, '\n');
        let head = parts.next()?;
        let backwards = match head.chars().next()? {
            '<' => true,
            '>' => false,
            _ => return None,
        };
        let (id, key) = (parts.next()?.parse().ok()?, parts.next()?.to_owned());
        (!key.contains('\0')).then(|| Cursor { sort: head[1..].to_owned(), key, id, backwards })
    }
}

/// A value that lists sort by, as text in a cursor.
pub trait SortKey: Sized {
    fn to_key(&self) -> String;
    fn from_key(text: &str) -> Option<Self>;
}

impl SortKey for String {
    fn to_key(&self) -> String {
        self.clone()
    }
    fn from_key(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl SortKey for i64 {
    fn to_key(&self) -> String {
        self.to_string()
    }
    fn from_key(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl SortKey for Timestamp {
    fn to_key(&self) -> String {
        self.to_jiff().as_microsecond().to_string()
    }
    fn from_key(text: &str) -> Option<Self> {
        Some(jiff::Timestamp::from_microsecond(text.parse().ok()?).ok()?.into())
    }
}

/// How a list is sorted and where its page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub sort: &'static str,
    pub descending: bool,
    pub cursor: Option<Cursor>,
    pub rows: usize,
}

impl Window {
    /// Whether rows are read in ascending order; looking backwards turns the order round.
    pub fn ascending(&self) -> bool {
        self.descending == self.backwards()
    }

    /// The key and id to begin beside; an unreadable key begins at the start.
    pub fn begin<K: SortKey>(&self) -> Option<(K, Uuid)> {
        let cursor = self.cursor.as_ref()?;
        Some((K::from_key(&cursor.key)?, cursor.id))
    }

    fn backwards(&self) -> bool {
        self.cursor.as_ref().is_some_and(|cursor| cursor.backwards)
    }

    /// Pages of several queries as one, in the order that rows are read; what more than one found is there once.
    pub fn merged<T>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> (jiff::Timestamp, Uuid)) -> Vec<T> {
        match self.ascending() {
            true => rows.sort_by_key(&place),
            false => rows.sort_by_key(|row| Reverse(place(row))),
        }
        rows.dedup_by_key(|row| place(row).1);
        rows
    }

    /// Turns one row more than a page into a page and its neighbours' cursors.
    pub fn slice<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> (String, Uuid)) -> Slice<T> {
        let more = rows.len() > self.rows;
        rows.truncate(self.rows);
        if self.backwards() {
            rows.reverse();
        }
        let at = |row: Option<&T>, backwards| {
            row.map(|row| {
                let (key, id) = key(row);
                Cursor { sort: self.sort.to_owned(), key, id, backwards }.encode()
            })
        };
        let (has_previous, has_next) = if self.backwards() { (more, true) } else { (self.cursor.is_some(), more) };
        Slice {
            previous: if has_previous { at(rows.first(), true) } else { None },
            next: if has_next { at(rows.last(), false) } else { None },
            rows,
        }
    }
}

/// One page of a list and the cursors of the pages beside it.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    pub rows: Vec<T>,
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl<T> Slice<T> {
    /// The same page of other rows.
    pub fn try_map<U, E>(self, map: impl FnOnce(Vec<T>) -> Result<Vec<U>, E>) -> Result<Slice<U>, E> {
        Ok(Slice { rows: map(self.rows)?, previous: self.previous, next: self.next })
    }
}

/// Orders a boxed query by `(column, id)`, begins it at the window's cursor and loads one row more than a page.
///
/// The predicate `a <= k and (a < k or id < i)` reads from the index right where the page begins; the usual
/// `(a = k and id < i) or a < k` reads everything before it.
#[macro_export]
macro_rules! keyset {
    ($query:expr, $window:expr, $column:expr => $key:ty, $id:expr) => {{
        let window: &$crate::db::keyset::Window = $window;
        let mut query = $query;
        if let Some((key, id)) = window.begin::<$key>() {
            query = if window.ascending() {
                query.filter($column.ge(key.clone())).filter($column.gt(key).or($id.gt(id)))
            } else {
                query.filter($column.le(key.clone())).filter($column.lt(key).or($id.lt(id)))
            };
        }
        query = if window.ascending() {
            query.order(($column.asc(), $id.asc()))
        } else {
            query.order(($column.desc(), $id.desc()))
        };
        query.limit(window.rows as i64 + 1)
    }};
}

/// Narrows a boxed query to the rows whose column has one of some values; none of them narrows nothing.
///
/// One value is compared and several are looked for in an array, for only the first reads an index in order.
#[macro_export]
macro_rules! one_of {
    ($query:expr, $column:expr, $values:expr) => {{
        let (query, values) = ($query, $values);
        match values.as_slice() {
            [] => query,
            [one] => query.filter($column.eq(one.clone())),
            _ => query.filter($column.eq_any(values)),
        }
    }};
}

/// `select count(*)` of a query, but of no more than [`COUNT_CAP`] rows and one.
#[derive(Debug, Clone, QueryId)]
pub struct CappedCount<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for CappedCount<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT count(*) FROM (");
        self.0.walk_ast(out.reborrow())?;
        // A literal, for a bound limit would be planned anew each time.
        out.push_sql(" LIMIT 10001) AS capped");
        Ok(())
    }
}

impl<Q> Query for CappedCount<Q> {
    type SqlType = BigInt;
}

impl<Q> RunQueryDsl<PgConnection> for CappedCount<Q> {}
