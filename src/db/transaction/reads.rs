//! The event of a read.

use diesel::prelude::*;
use serde_json::json;

use super::{enter, look, open_event, within};
use crate::action::Action;
use crate::actor::{About, Actor, ActorKind, Can, Privilege};
use crate::error::AppError;

/// Reads in a transaction that changes nothing. Where the privilege asks for it the event of the read goes first, in the
/// same transaction, which is several round trips less than two of them.
pub(in crate::db) fn read<P, T, F>(conn: &mut PgConnection, can: &Can<P>, work: F) -> Result<T, AppError>
where
    P: Privilege,
    F: FnOnce(&mut PgConnection) -> Result<T, AppError>,
{
    let actor = can.actor();
    if !P::LOG_READS || !leaves_event(actor)? {
        return within(conn, &format!("begin read only; {}", look(can)), work);
    }
    let action = read_action::<P>(actor, About::LOG);
    let read = within(conn, &beginning(can), |conn| {
        open_event(conn, actor, &action, "success", true)?;
        work(conn)
    });
    // What was refused on the way or failed was tried all the same, and its event was undone with it.
    if read.is_err() && note(conn, can, &action, "success").is_err() {
        actor.reading.is_not_noted();
    }
    read
}

/// Leaves the event of a read, unless this request has left it already.
pub(in crate::db) fn log_read<P: Privilege>(
    conn: &mut PgConnection,
    can: &Can<P>,
    about: About,
) -> Result<(), AppError> {
    let actor = can.actor();
    if !leaves_event(actor)? {
        return Ok(());
    }
    let action = read_action::<P>(actor, about);
    let logged = note(conn, can, &action, "success");
    if logged.is_err() {
        actor.reading.is_not_noted();
    }
    logged
}

/// Leaves an event that is a read, or the end of one.
pub(in crate::db) fn note<P: Privilege>(
    conn: &mut PgConnection,
    can: &Can<P>,
    action: &Action,
    outcome: &str,
) -> Result<(), AppError> {
    within(conn, &beginning(can), |conn| open_event(conn, can.actor(), action, outcome, true).map(drop))
}

/// Nobody waits for the disk to read; of a read, unlike of a change, the last half second may be lost with it.
fn beginning<P: Privilege>(can: &Can<P>) -> String {
    format!("begin; {} set local synchronous_commit = off", enter(can))
}

/// Whether this request's read has its event still to come; a process leaves one each time.
fn leaves_event(actor: &Actor) -> Result<bool, AppError> {
    actor.says_why()?;
    Ok(actor.kind != ActorKind::Person || actor.reading.is_first())
}

fn read_action<P: Privilege>(actor: &Actor, about: About) -> Action {
    let mut details = json!({ "asked_for": actor.asked_for });
    if let Some(ticket) = actor.reading.reason.as_ref().and_then(|reason| reason.ticket.as_ref()) {
        details["ticket"] = json!(ticket);
    }
    let (kind, tenant_id) = match actor.impersonation() {
        // A page that was seen in somebody's name is in the log of their tenant.
        Some(acting) => (about.target_id.map_or("page", |_| about.kind), acting.tenant_id),
        None => (about.kind, about.tenant_id),
    };
    let about =
        Action { target_id: about.target_id, tenant_id, client_id: about.client_id, ..Action::general(P::NAME, kind) };
    about.details(details)
}
