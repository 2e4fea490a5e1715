//! Searching the log by words: in reasons, and in the names of what something was done to.

use castellan_schema::audit::{changes, events, security_events};
use castellan_schema::control::{clients, tenants, users};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use uuid::Uuid;

use crate::db::functions::{lower, strpos, text};
use crate::error::AppError;
use crate::web::context::Context;
use crate::web::list::{List, ListSpec};

type Boxed = events::BoxedQuery<'static, Pg>;

/// Letters or digits in a row that the index of reasons needs.
const LETTERS: usize = 3;
/// Targets of each kind whose events are looked for.
const TARGETS: usize = 10;
/// Up to so many reasons are read by their own index; more of them are met soon in the order of the log.
pub(in crate::audit) const FEW: i64 = 4000;

/// What the words of a search stand for.
pub struct Found {
    reasons: Reasons,
    targets: Vec<Uuid>,
}

enum Reasons {
    /// These events.
    Few(Vec<Uuid>),
    /// Too many to name.
    Many(String),
}

impl Found {
    /// What a list searches for; none without a search.
    pub fn of(conn: &mut PgConnection, list: &List, within: impl Fn() -> Boxed) -> Result<Option<Found>, AppError> {
        let (Some(q), Some(pattern)) = (&list.q, list.pattern()) else { return Ok(None) };
        let by_reason = within().filter(events::reason.ilike(pattern.clone())).select(events::id).limit(FEW);
        let few: Vec<Uuid> = by_reason.load(conn)?;
        let reasons = if few.len() as i64 == FEW { Reasons::Many(q.clone()) } else { Reasons::Few(few) };
        Ok(Some(Found { reasons, targets: targets(conn, pattern)? }))
    }

    /// The query once for the reasons and once for each target: an index is in order for one value only.
    pub fn parts(&self, query: impl Fn() -> Boxed) -> Vec<Boxed> {
        let reasons = match &self.reasons {
            Reasons::Few(ids) if ids.is_empty() => None,
            Reasons::Few(ids) => Some(query().filter(events::id.eq_any(ids.clone()))),
            // Spelled so that the planner expects many and reads in order, where the index of words would collect all.
            Reasons::Many(q) => {
                Some(query().filter(strpos(lower(events::reason), lower(q.clone().into_sql::<Nullable<Text>>())).gt(0)))
            }
        };
        let targets = self.targets.iter().map(|id| query().filter(events::target_id.eq(*id)));
        reasons.into_iter().chain(targets).collect()
    }
}

/// The list that a request asks one of the logs for, in whichever form. Words that no index of words can find are refused
/// here: before the read is written down, and before a file is on its way, which can refuse nothing any more.
pub(in crate::audit) fn asked(spec: &'static ListSpec, context: &Context) -> Result<List, AppError> {
    let list = List::of(spec, context)?;
    let is_word = |word: &str| word.chars().count() >= LETTERS;
    match &list.q {
        Some(q) if !q.split(|letter: char| !letter.is_alphanumeric()).any(is_word) => {
            Err(AppError::BadRequest(format!("q needs {LETTERS} letters or digits in a row.")))
        }
        _ => Ok(list),
    }
}

/// Whether more tenants, clients or people have the words of a search in their names than events are looked for of.
pub fn leaves_out(conn: &mut PgConnection, list: &List) -> Result<bool, AppError> {
    let fit = list.pattern().filter(|_| list.q.is_some()).map(|pattern| fitting(conn, pattern)).transpose()?;
    Ok(fit.into_iter().flatten().any(|ids| ids.len() > TARGETS))
}

/// Tenants, clients and people by a part of name, slug or address, deleted ones too.
fn targets(conn: &mut PgConnection, pattern: String) -> Result<Vec<Uuid>, AppError> {
    Ok(fitting(conn, pattern)?.into_iter().flat_map(|ids| ids.into_iter().take(TARGETS)).collect())
}

/// Of each kind as many as are looked for, and one more where there are more.
fn fitting(conn: &mut PgConnection, pattern: String) -> Result<[Vec<Uuid>; 3], AppError> {
    const LIMIT: i64 = TARGETS as i64 + 1;
    let named = tenants::name.ilike(pattern.clone()).or(tenants::slug.ilike(pattern.clone()));
    let of_tenants = tenants::table.filter(named).select(tenants::id).limit(LIMIT).load(conn)?;
    let named = clients::name.ilike(pattern.clone()).or(clients::slug.ilike(pattern.clone()));
    let of_clients = clients::table.filter(named).select(clients::id).limit(LIMIT).load(conn)?;
    let named = users::name.ilike(pattern.clone()).or(text(users::email).ilike(pattern));
    let of_people = users::table.filter(named).select(users::id).limit(LIMIT).load(conn)?;
    Ok([of_tenants, of_clients, of_people])
}

/// The event of this id in either log, or the events of a request, of somebody, or of anything else that something was
/// done to.
pub fn place_of(conn: &mut PgConnection, id: Uuid) -> Result<Option<String>, AppError> {
    let changed = changes::table.filter(changes::row_id.eq(id));
    let found: (bool, bool, bool, bool, bool, bool) = diesel::select((
        exists(events::table.filter(events::id.eq(id))),
        exists(events::table.filter(events::request_id.eq(id))),
        exists(users::table.find(id)),
        exists(events::table.filter(events::target_id.eq(id))).or(exists(changed)),
        exists(security_events::table.filter(security_events::id.eq(id))),
        exists(security_events::table.filter(security_events::request_id.eq(id))),
    ))
    .first(conn)?;
    Ok(match found {
        (true, ..) => Some(format!("/audit/{id}")),
        (_, true, ..) => Some(format!("/audit?request={id}")),
        (_, _, true, ..) => Some(format!("/audit?actor={id}")),
        (_, _, _, true, ..) => Some(format!("/audit?target={id}")),
        (.., true, _) => Some(format!("/security-events/{id}")),
        (.., true) => Some(format!("/security-events?request={id}")),
        _ => None,
    })
}
