//! Every statement that asks what changed between two moments.

use castellan_schema::audit::changes;
use castellan_schema::control::tenants;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use crate::audit::net::Recorded;
use crate::error::AppError;
use crate::web::list::Span;

/// Name and slug of a tenant, deleted or not.
pub fn tenant(conn: &mut PgConnection, id: Uuid) -> Result<(String, String), AppError> {
    Ok(tenants::table.find(id).select((tenants::name, tenants::slug)).first(conn)?)
}

/// The latest part of a time, with changes that were made in it.
pub struct Latest {
    /// In the order in which they were made.
    pub changes: Vec<Recorded>,
    /// The last moment before it that has changes too; what is older is in none of these.
    pub rest: Option<Timestamp>,
}

/// The newest changes of a tenant's rows between two moments, about so many. What was changed at one moment stays
/// together, so that the parts of a time have every change once. Letters are no objects.
pub fn latest(
    conn: &mut PgConnection,
    tenant_id: Uuid,
    span: Span,
    kind: Option<&str>,
    most: usize,
) -> Result<Latest, AppError> {
    let mut changes = newest(conn, of(tenant_id, span, kind).limit(most as i64 + 1))?;
    let mut rest = changes.get(most).map(|change| change.occurred_at);
    if let Some(at) = rest {
        changes.retain(|change| change.occurred_at.to_jiff() > at.to_jiff());
    }
    // All of them at one moment, and more.
    if let (Some(at), true) = (rest, changes.is_empty()) {
        changes = newest(conn, of(tenant_id, span, kind).filter(changes::occurred_at.eq(at)))?;
        let older = of(tenant_id, span, kind).filter(changes::occurred_at.lt(at)).select(changes::occurred_at);
        rest = older.order(changes::occurred_at.desc()).first(conn).optional()?;
    }
    changes.reverse();
    Ok(Latest { changes, rest })
}

fn newest(conn: &mut PgConnection, query: changes::BoxedQuery<'_, Pg>) -> Result<Vec<Recorded>, AppError> {
    let newest = query.order((changes::occurred_at.desc(), changes::position.desc()));
    Ok(newest.select(Recorded::as_select()).load(conn)?)
}

fn of(tenant_id: Uuid, span: Span, kind: Option<&str>) -> changes::BoxedQuery<'_, Pg> {
    let mut query = changes::table
        .filter(changes::tenant_id.eq(tenant_id))
        .filter(changes::table_name.ne_all(["outbox", "idempotency_keys"]))
        .into_boxed();
    if let Some(kind) = kind {
        query = query.filter(changes::table_name.eq(kind));
    }
    if let Some(from) = span.from {
        query = query.filter(changes::occurred_at.ge(from));
    }
    match span.until {
        Some(until) => query.filter(changes::occurred_at.lt(until)),
        None => query,
    }
}
