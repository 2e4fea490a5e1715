//! What is around an event: its place in the sealed log, the same request, the same object.

use castellan_schema::audit::{events, leaves};
use diesel::dsl::not;
use diesel::prelude::*;
use uuid::Uuid;

use crate::audit::history::Event;
use crate::audit::security_events;
use crate::audit::security_events::store::SecurityEvent;
use crate::audit::undo;
use crate::error::AppError;

/// Events of the same request that are shown.
const RELATED: i64 = 20;

/// See the module.
pub struct Around {
    /// Its leaf in the tree; none until it is sealed.
    pub leaf: Option<i64>,
    /// Others of the same request, oldest first.
    pub related: Vec<Event>,
    /// There are more of them.
    pub is_cut: bool,
    /// What was refused in it.
    pub refusals: Vec<SecurityEvent>,
    /// The events of the same object before and after it.
    pub previous: Option<Uuid>,
    pub next: Option<Uuid>,
    /// The event that undid it, and the one that it undid.
    pub undone_by: Option<Uuid>,
    pub undoes: Option<Uuid>,
    /// It changed something that can be undone, and was not undone.
    pub is_undoable: bool,
}

impl Around {
    /// Everything whose people and places have names on the page.
    pub fn with(&self, event: &Event) -> Vec<Event> {
        self.related.iter().chain([event]).cloned().collect()
    }
}

/// Looks around.
pub fn of(conn: &mut PgConnection, event: &Event) -> Result<Around, AppError> {
    let mut related = of_request(conn, event.request_id, event.id)?;
    let is_cut = related.len() as i64 > RELATED;
    related.truncate(RELATED as usize);
    let undone_by = undo::undone_by(conn, event.id, None)?;
    Ok(Around {
        leaf: leaf_of(conn, event.id)?,
        related,
        is_cut,
        refusals: security_events::store::of_request(conn, event.request_id, event.id)?,
        previous: beside(conn, event, false)?,
        next: beside(conn, event, true)?,
        is_undoable: undone_by.is_none() && undo::is_undoable(conn, event)?,
        undone_by,
        undoes: undoes(event),
    })
}

/// The event that it undid, if that is what it did.
fn undoes(event: &Event) -> Option<Uuid> {
    let id = event.details.get("undoes").filter(|_| event.action == "event.undo")?;
    id.as_str()?.parse().ok()
}

/// The place of an event in the sealed log; none until it has one.
pub fn leaf_of(conn: &mut PgConnection, id: Uuid) -> Result<Option<i64>, AppError> {
    Ok(leaves::table.filter(leaves::event_id.eq(id)).select(leaves::leaf).first(conn).optional()?)
}

/// Events of a request but for one, oldest first, and one more than are shown.
pub(in crate::audit) fn of_request(
    conn: &mut PgConnection,
    request: Option<Uuid>,
    but: Uuid,
) -> Result<Vec<Event>, AppError> {
    let Some(request) = request else { return Ok(Vec::new()) };
    Ok(events::table
        .filter(events::request_id.eq(request).and(events::id.ne(but)))
        .order((events::occurred_at, events::id))
        .limit(RELATED + 1)
        .select(Event::as_select())
        .load(conn)?)
}

/// The nearest event of the same object, later or earlier.
fn beside(conn: &mut PgConnection, event: &Event, is_later: bool) -> Result<Option<Uuid>, AppError> {
    let Some(target) = event.target_id else { return Ok(None) };
    let (at, id) = (event.occurred_at, event.id);
    let mut query = events::table.filter(events::target_id.eq(target)).select(events::id).limit(1).into_boxed();
    if !event.is_read {
        // Reads of a person come between their changes, many of them.
        query = query.filter(not(events::is_read));
    }
    let query = match is_later {
        true => query
            .filter(events::occurred_at.ge(at))
            .filter(events::occurred_at.gt(at).or(events::id.gt(id)))
            .order((events::occurred_at.asc(), events::id.asc())),
        false => query
            .filter(events::occurred_at.le(at))
            .filter(events::occurred_at.lt(at).or(events::id.lt(id)))
            .order((events::occurred_at.desc(), events::id.desc())),
    };
    Ok(query.first(conn).optional()?)
}
