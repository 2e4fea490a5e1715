//! Events whose time is not when they were written: a clock went wrong, or somebody wrote into the past. They are sealed
//! like all others, and said.

use castellan_schema::audit::{events, leaves, security_events as s, unsealed as u};
use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamptz};
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::json;
use uuid::Uuid;

use super::store::{Queued, note_tampering};
use crate::db::SecurityKind;
use crate::error::AppError;

/// Between the time of an event and its place in the queue lies nothing but a trigger.
const APART: SignedDuration = SignedDuration::from_mins(5);

/// The event that is furthest off.
struct Worst {
    event_id: Uuid,
    occurred_at: Timestamp,
    written_at: Timestamp,
}

/// Writes down, once for a batch, that times in it are not those of the clock. Before its events have leaves.
pub fn note(conn: &mut PgConnection, batch: &[Queued]) -> Result<(), AppError> {
    let clock: DbTimestamp = diesel::select(sql::<Timestamptz>("clock_timestamp()")).get_result(conn)?;
    let clock = clock.to_jiff();
    let mut apart: Vec<&Queued> = batch.iter().filter(|queued| off(queued, clock) > APART).collect();
    if !apart.is_empty() {
        let excused = made_up(conn)?;
        // 0 is from before the queue knew when an event was written.
        apart.retain(|queued| queued.transaction_number != 0 && !excused.contains(&queued.transaction_number));
    }
    let worst = apart.iter().max_by_key(|queued| off(queued, clock)).map(|queued| Worst {
        event_id: queued.event_id,
        occurred_at: queued.occurred_at.to_jiff(),
        written_at: queued.queued_at.to_jiff().min(clock),
    });
    let found = match worst {
        Some(worst) => Some((worst, apart.len())),
        None => ahead(conn, clock)?.map(|worst| (worst, 1)),
    };
    let Some((worst, count)) = found else { return Ok(()) };
    tracing::error!(event = %worst.event_id, count, "events bear times at which they were not written");
    note_tampering(
        conn,
        &json!({
            "said": "events bear times at which they were not written: a clock went wrong, or somebody wrote past the console",
            "events": count, "event": worst.event_id, "occurred_at": worst.occurred_at, "written_at": worst.written_at,
        }),
    )
}

/// How far an event's time is from when it was written, or from now where both lie ahead.
fn off(queued: &Queued, clock: Timestamp) -> SignedDuration {
    let (occurred, written) = (queued.occurred_at.to_jiff(), queued.queued_at.to_jiff());
    occurred.duration_since(written).abs().max(occurred.max(written).duration_since(clock))
}

/// Transactions that wrote made-up data, which has a past. The load's own event is the newest of them and still waits. In
/// two steps, each by a key: no plan then reads the whole queue, however long it is.
fn made_up(conn: &mut PgConnection) -> Result<Vec<i64>, AppError> {
    const LOADS: i64 = 10;
    let newest = events::table.filter(events::action.eq("demo.load")).order(events::occurred_at.desc()).limit(LOADS);
    let loads: Vec<(Uuid, DbTimestamp)> = newest.select((events::id, events::occurred_at)).load(conn)?;
    let (ids, times): (Vec<Uuid>, Vec<DbTimestamp>) = loads.into_iter().unzip();
    let waiting = u::table.filter(u::occurred_at.eq_any(times).and(u::event_id.eq_any(ids)));
    Ok(waiting.select(u::transaction_number).load(conn)?)
}

/// The event that was sealed last, where the clock was set back since and nobody was told.
fn ahead(conn: &mut PgConnection, clock: Timestamp) -> Result<Option<Worst>, AppError> {
    let last: Option<(Uuid, DbTimestamp)> = leaves::table
        .order(leaves::leaf.desc())
        .select((leaves::event_id, leaves::occurred_at))
        .first(conn)
        .optional()?;
    let Some((event_id, occurred_at)) = last.filter(|(_, at)| at.to_jiff().duration_since(clock) > APART) else {
        return Ok(None);
    };
    let told = s::table
        .filter(s::kind.eq(SecurityKind::MaliciousLogTampering.name()))
        .filter(sql::<Bool>("details ->> 'event' = ").bind::<Text, _>(event_id.to_string()));
    let is_told: bool = diesel::select(exists(told)).get_result(conn)?;
    Ok((!is_told).then(|| Worst { event_id, occurred_at: occurred_at.to_jiff(), written_at: clock }))
}
