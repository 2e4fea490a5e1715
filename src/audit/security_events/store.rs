//! Every statement on security events.

use std::cmp::Reverse;

use castellan_schema::audit::security_events as s;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use jiff_diesel::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::audit::events::search;
use crate::audit::events::summary::Counted;
use crate::audit::history;
use crate::db::SecurityKind;
use crate::db::functions::{lower, strpos, text_of};
use crate::db::keyset::{CappedCount, Slice, SortKey};
use crate::error::AppError;
use crate::web::list::{List, Span};
use crate::{keyset, one_of};

type Boxed = s::BoxedQuery<'static, Pg>;

/// The burst that is about one person, who is its subject.
pub const REFUSALS_OF_ONE: &str = "refusals_of_one_person";

/// One refusal, or one trouble with signing in.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = s, check_for_backend(Pg))]
pub struct SecurityEvent {
    pub id: Uuid,
    pub occurred_at: Timestamp,
    pub kind: String,
    pub severity: String,
    pub actor_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub request_id: Option<Uuid>,
    pub tenant_id: Option<Uuid>,
    pub network_hash: Option<Vec<u8>>,
    pub details: Value,
}

impl SecurityEvent {
    /// The colour of its severity.
    pub fn tone(&self) -> &'static str {
        match self.severity.as_str() {
            "critical" => "bad",
            "warning" => "warn",
            _ => "info",
        }
    }

    /// What its kind means; empty for one that this version does not know.
    pub fn meaning(&self) -> &'static str {
        SecurityKind::named(&self.kind).map(SecurityKind::meaning).unwrap_or_default()
    }

    /// Enough of the network's hash to tell two apart.
    pub fn network(&self) -> String {
        self.network_hash.iter().flatten().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The whole hash, as the filter takes it.
    pub fn network_key(&self) -> String {
        self.network_hash.iter().flatten().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What a burst says about itself; empty for other events.
    pub fn said(&self) -> &str {
        self.details["said"].as_str().unwrap_or_default()
    }

    /// The person that a burst is about. The log names them by id alone, for it is kept when they are erased.
    pub fn suspect(&self) -> Option<Uuid> {
        let is_about_one = self.details["burst"] == REFUSALS_OF_ONE;
        self.details["subject"].as_str().filter(|_| is_about_one)?.parse().ok()
    }

    /// Says by name and address whom a burst is about.
    fn name_suspect(&mut self, conn: &mut PgConnection) -> Result<(), AppError> {
        let Some(id) = self.suspect() else { return Ok(()) };
        if let Some(name) = history::full_name(conn, id)? {
            self.details["said"] = self.said().replace(&id.to_string(), &name).into();
        }
        Ok(())
    }

    /// `outcome wrong_password, path /tenants`.
    pub fn details(&self) -> String {
        let Value::Object(details) = &self.details else { return self.details.to_string() };
        let said = details.iter().filter(|(_, value)| !value.is_null());
        let words = said.map(|(name, value)| match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

impl Counted for SecurityEvent {
    fn at(&self) -> jiff::Timestamp {
        self.occurred_at.to_jiff()
    }
    fn severity(&self) -> &str {
        &self.severity
    }
}

/// One page of the list.
pub fn list(conn: &mut PgConnection, list: &List) -> Result<Slice<SecurityEvent>, AppError> {
    let mut rows: Vec<SecurityEvent> = Vec::new();
    for part in parts(conn, list)? {
        let query = keyset!(part, &list.window, s::occurred_at => Timestamp, s::id);
        rows.extend(query.select(SecurityEvent::as_select()).load(conn)?);
    }
    let rows = list.window.merged(rows, |event| (event.at(), event.id));
    Ok(list.window.slice(rows, |event| (event.occurred_at.to_key(), event.id)))
}

/// The newest of a list, for counting.
pub fn newest(conn: &mut PgConnection, list: &List, limit: usize) -> Result<Vec<SecurityEvent>, AppError> {
    let mut rows: Vec<SecurityEvent> = Vec::new();
    for part in parts(conn, list)? {
        let query = part.order((s::occurred_at.desc(), s::id.desc())).limit(limit as i64);
        rows.extend(query.select(SecurityEvent::as_select()).load(conn)?);
    }
    rows.sort_by_key(|event| Reverse((event.at(), event.id)));
    rows.dedup_by_key(|event| event.id);
    rows.truncate(limit);
    Ok(rows)
}

/// Queries that make up the list together: a search is read once for each kind that it names and once for details,
/// each by an index that is in order.
fn parts(conn: &mut PgConnection, list: &List) -> Result<Vec<Boxed>, AppError> {
    let (Some(q), Some(pattern)) = (&list.q, list.pattern()) else { return Ok(vec![narrowed(list)]) };
    let words = q.to_lowercase();
    let kinds = SecurityKind::NAMES.iter().copied().filter(|name| name.contains(&words));
    let mut parts: Vec<Boxed> = kinds.map(|kind| narrowed(list).filter(s::kind.eq(kind))).collect();
    let said = narrowed(list).filter(text_of(s::details).ilike(pattern)).select(s::id).limit(search::FEW);
    let few: Vec<Uuid> = said.load(conn)?;
    parts.push(match few.len() as i64 == search::FEW {
        false => narrowed(list).filter(s::id.eq_any(few)),
        // Spelled so that the planner reads in order, where the index of words would collect all.
        true => {
            let lower_q = lower(words.into_sql::<Nullable<Text>>());
            narrowed(list).filter(strpos(lower(text_of(s::details).nullable()), lower_q).gt(0))
        }
    });
    Ok(parts)
}

fn narrowed(list: &List) -> Boxed {
    let mut query = within(list.span("occurred"));
    query = one_of!(query, s::kind, list.values("kind"));
    query = one_of!(query, s::severity, list.values("severity"));
    query = one_of!(query, s::actor_id, some(list.ids("actor")));
    query = one_of!(query, s::tenant_id, some(list.ids("tenant")));
    query = one_of!(query, s::request_id, list.ids("request"));
    one_of!(query, s::network_hash, list.values("network").iter().map(|text| bytes(text)).collect::<Vec<_>>())
}

/// Ids as columns hold them that are mostly empty.
fn some(ids: Vec<Uuid>) -> Vec<Option<Uuid>> {
    ids.into_iter().map(Some).collect()
}

/// The event, or `NotFound`.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<SecurityEvent, AppError> {
    Ok(within(None).filter(s::id.eq(id)).select(SecurityEvent::as_select()).first(conn)?)
}

/// Those of a request but for one, oldest first, up to twenty.
pub fn of_request(conn: &mut PgConnection, request: Option<Uuid>, but: Uuid) -> Result<Vec<SecurityEvent>, AppError> {
    let Some(request) = request else { return Ok(Vec::new()) };
    Ok(within(None)
        .filter(s::request_id.eq(request).and(s::id.ne(but)))
        .order((s::occurred_at, s::id))
        .limit(20)
        .select(SecurityEvent::as_select())
        .load(conn)?)
}

/// How many of a kind there were, counted to ten thousand.
pub fn count(conn: &mut PgConnection, kind: &'static str, span: Span) -> Result<i64, AppError> {
    Ok(CappedCount(within(Some(span)).filter(s::kind.eq(kind)).select(s::id)).get_result(conn)?)
}

/// A hash as it is stored; none, which equals nothing, for what is no hash.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// Of which banners tell.
const ALARMS: [SecurityKind; 3] =
    [SecurityKind::MaliciousBurst, SecurityKind::MaliciousLogTampering, SecurityKind::SysMonitorDisabled];

/// Bursts and other alarms of the last hour, in the words for those who may see people or for those who may not.
pub fn bursts(conn: &mut PgConnection, by_name: bool) -> Result<Vec<SecurityEvent>, AppError> {
    let since = Timestamp::from(jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1));
    let mut bursts: Vec<SecurityEvent> = within(Some(Span { from: Some(since), until: None }))
        .filter(s::kind.eq_any(ALARMS.map(SecurityKind::name)))
        .order((s::occurred_at.desc(), s::id.desc()))
        .limit(5)
        .select(SecurityEvent::as_select())
        .load(conn)?;
    if by_name {
        bursts.iter_mut().try_for_each(|burst| burst.name_suspect(conn))?;
    }
    Ok(bursts)
}

fn within(span: Option<Span>) -> Boxed {
    let mut query = s::table.into_boxed();
    if let Some(from) = span.and_then(|span| span.from) {
        query = query.filter(s::occurred_at.ge(from));
    }
    match span.and_then(|span| span.until) {
        Some(until) => query.filter(s::occurred_at.lt(until)),
        None => query,
    }
}
