//! Every statement on deployments and their logs.

use std::collections::HashMap;

use castellan_schema::control::{client_deployments, clients, deployment_tracking_events};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::forms::NewDeployment;
use super::model::{Deployment, Listed, TrackingEvent, UNFINISHED};
use crate::clients::Deploy;
use crate::clients::clients::model::Client;
use crate::clients::clients::store::{find_living, owner, touch};
use crate::db::keyset::{CappedCount, Slice, SortKey, Window};
use crate::db::{Tx, fitting};
use crate::error::AppError;
use crate::keyset;
use crate::web::list::List;

/// One page of all deployments, or of one client's.
pub fn list(conn: &mut PgConnection, client_id: Option<Uuid>, list: &List) -> Result<Slice<Listed>, AppError> {
    let window = &list.window;
    let query = narrowed(client_id, list);
    let rows: Vec<Deployment> =
        keyset!(query, window, client_deployments::created_at => Timestamp, client_deployments::id)
            .select(Deployment::as_select())
            .load(conn)?;
    let slice = window.slice(rows, |row| (row.created_at.to_key(), row.id));
    Ok(Slice { rows: with_names(conn, slice.rows)?, previous: slice.previous, next: slice.next })
}

/// How many the list has in all, counted to ten thousand.
pub fn count(conn: &mut PgConnection, client_id: Option<Uuid>, list: &List) -> Result<i64, AppError> {
    Ok(CappedCount(narrowed(client_id, list).select(client_deployments::id)).get_result(conn)?)
}

fn narrowed(client_id: Option<Uuid>, list: &List) -> client_deployments::BoxedQuery<'static, Pg> {
    let mut query = client_deployments::table.into_boxed();
    if let Some(client_id) = client_id {
        query = query.filter(client_deployments::client_id.eq(client_id));
    }
    let environments = list.values("environment");
    if !environments.is_empty() {
        query = query.filter(client_deployments::environment.eq_any(environments));
    }
    let statuses = list.values("status");
    if !statuses.is_empty() {
        query = query.filter(client_deployments::status.eq_any(statuses));
    }
    let owners = list.ids("tenant");
    if !owners.is_empty() {
        query = query.filter(client_deployments::tenant_id.eq_any(owners));
    }
    if let Some(created) = list.span("created") {
        if let Some(from) = created.from {
            query = query.filter(client_deployments::created_at.ge(from));
        }
        if let Some(until) = created.until {
            query = query.filter(client_deployments::created_at.lt(until));
        }
    }
    query
}

fn with_names(conn: &mut PgConnection, rows: Vec<Deployment>) -> Result<Vec<Listed>, AppError> {
    let mut ids: Vec<Uuid> = rows.iter().map(|deployment| deployment.client_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let names: Vec<(Uuid, String)> =
        clients::table.filter(clients::id.eq_any(ids)).select((clients::id, clients::name)).load(conn)?;
    let names: HashMap<Uuid, String> = names.into_iter().collect();
    let listed = |deployment: Deployment| Listed {
        client_name: names.get(&deployment.client_id).cloned().unwrap_or_else(|| deployment.client_id.to_string()),
        deployment,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// The deployment.
pub fn find(conn: &mut PgConnection, id: Uuid) -> Result<Deployment, AppError> {
    Ok(client_deployments::table.find(id).select(Deployment::as_select()).first(conn)?)
}

/// A client's latest deployment.
pub fn latest(conn: &mut PgConnection, client_id: Uuid) -> Result<Option<Deployment>, AppError> {
    Ok(client_deployments::table
        .filter(client_deployments::client_id.eq(client_id))
        .order((client_deployments::created_at.desc(), client_deployments::id.desc()))
        .select(Deployment::as_select())
        .first(conn)
        .optional()?)
}

/// A page of a deployment's log, newest first.
pub fn log(conn: &mut PgConnection, id: Uuid, window: &Window) -> Result<Slice<TrackingEvent>, AppError> {
    let query = deployment_tracking_events::table.filter(deployment_tracking_events::deployment_id.eq(id)).into_boxed();
    let rows: Vec<TrackingEvent> =
        keyset!(query, window, deployment_tracking_events::occurred_at => Timestamp, deployment_tracking_events::id)
            .select(TrackingEvent::as_select())
            .load(conn)?;
    Ok(window.slice(rows, |event| (event.occurred_at.to_key(), event.id)))
}

/// Why nothing can be deployed for this client now, as a sentence.
pub fn refusal(conn: &mut PgConnection, client: &Client) -> Result<Option<String>, AppError> {
    Ok(match client.status.as_str() {
        "paused" => Some("This client is paused; activate it before anything is deployed for it.".into()),
        "archived" => Some("This client is archived; activate it before anything is deployed for it.".into()),
        _ => owner(conn, client.tenant_id)?.refuses_operation(),
    })
}

/// Puts a deployment into the queue and begins its log.
pub fn start(tx: &mut Tx<'_, Deploy>, id: Uuid, client_id: Uuid, new: &NewDeployment) -> Result<(), AppError> {
    let client = find_living(tx, client_id)?;
    if let Some(why) = refusal(tx, &client)? {
        return Err(AppError::Conflict(why));
    }
    if client.status == "draft" && new.environment == "production" {
        return Err(AppError::Refused("environment", "can be production only once the client is active".into()));
    }
    let actor = tx.actor_id();
    diesel::insert_into(client_deployments::table)
        .values((
            client_deployments::id.eq(id),
            client_deployments::client_id.eq(client_id),
            client_deployments::tenant_id.eq(client.tenant_id),
            client_deployments::environment.eq(new.environment),
            client_deployments::version_label.eq(&new.version_label),
            client_deployments::url.eq(&new.url),
            client_deployments::triggered_by.eq(actor),
        ))
        .execute(&mut **tx)?;
    let message = format!("{} waits in the queue for {}.", new.version_label, new.environment);
    note(tx, &[(id, client_id, client.tenant_id)], "queue", "info", &message)?;
    touch(tx, client_id)
}

/// Cancels a deployment that has not ended.
pub fn cancel(tx: &mut Tx<'_, Deploy>, deployment: &Deployment, reason: &str) -> Result<(), AppError> {
    let unfinished =
        client_deployments::table.find(deployment.id).filter(client_deployments::status.eq_any(UNFINISHED));
    let cancelled = diesel::update(unfinished)
        .set((client_deployments::status.eq("cancelled"), client_deployments::finished_at.eq(now)))
        .execute(&mut **tx)?;
    fitting(cancelled, "This deployment has ended; only one that has not can be cancelled.")?;
    let ids = (deployment.id, deployment.client_id, deployment.tenant_id);
    note(tx, &[ids], "cancellation", "warning", &format!("Cancelled: {reason}"))
}

/// Cancels whatever has not ended for a client that goes out of service.
pub fn cancel_unfinished<P>(tx: &mut Tx<'_, P>, client_id: Uuid, why: &str) -> Result<(), AppError> {
    let unfinished = client_deployments::table
        .filter(client_deployments::client_id.eq(client_id).and(client_deployments::status.eq_any(UNFINISHED)));
    let cancelled: Vec<(Uuid, Uuid, Uuid)> = diesel::update(unfinished)
        .set((client_deployments::status.eq("cancelled"), client_deployments::finished_at.eq(now)))
        .returning((client_deployments::id, client_deployments::client_id, client_deployments::tenant_id))
        .get_results(&mut **tx)?;
    note(tx, &cancelled, "cancellation", "warning", &format!("Cancelled: {why}"))
}

/// A line in the logs of deployments, given by id, client and tenant.
fn note<P>(
    tx: &mut Tx<'_, P>,
    deployments: &[(Uuid, Uuid, Uuid)],
    step: &str,
    status: &str,
    message: &str,
) -> Result<(), AppError> {
    let events: Vec<_> = deployments
        .iter()
        .map(|(id, client_id, tenant_id)| {
            (
                deployment_tracking_events::id.eq(Uuid::now_v7()),
                deployment_tracking_events::deployment_id.eq(*id),
                deployment_tracking_events::client_id.eq(*client_id),
                deployment_tracking_events::tenant_id.eq(*tenant_id),
                deployment_tracking_events::step.eq(step),
                deployment_tracking_events::status.eq(status),
                deployment_tracking_events::message.eq(message),
            )
        })
        .collect();
    diesel::insert_into(deployment_tracking_events::table).values(events).execute(&mut **tx)?;
    Ok(())
}
