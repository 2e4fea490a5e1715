//! Every statement that asks what changed between two moments.

use castellan_schema::audit::changes;
use castellan_schema::control::tenants;
use diesel::dsl::now;
use diesel::prelude::*;
use uuid::Uuid;

use crate::audit::net::Recorded;
use crate::error::AppError;
use crate::web::list::Span;

/// Name and slug of a tenant, deleted or not.
pub fn tenant(conn: &mut PgConnection, id: Uuid) -> Result<(String, String), AppError> {
    Ok(tenants::table.find(id).select((tenants::name, tenants::slug)).first(conn)?)
}

/// The newest changes of a tenant's rows between two moments, the oldest of them first. Letters are no objects.
pub fn newest(
    conn: &mut PgConnection,
    tenant_id: Uuid,
    span: Span,
    kind: Option<String>,
    most: usize,
) -> Result<Vec<Recorded>, AppError> {
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
    query = match span.until {
        Some(until) => query.filter(changes::occurred_at.lt(until)),
        None => query.filter(changes::occurred_at.le(now)),
    };
    let mut rows: Vec<Recorded> = query
        .order((changes::occurred_at.desc(), changes::position.desc()))
        .limit(most as i64)
        .select(Recorded::as_select())
        .load(conn)?;
    rows.reverse();
    Ok(rows)
}
