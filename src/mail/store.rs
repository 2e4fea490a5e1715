//! Every statement on the outbox.

use castellan_schema::control::outbox;
use diesel::dsl::now;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{Content, Letter, SEND};
use crate::db::Tx;
use crate::error::AppError;
use crate::jobs::{NewJob, enqueue};

/// Writes a letter into the outbox, and the job that sends it into the queue.
pub fn post<P>(tx: &mut Tx<'_, P>, letter: &Letter) -> Result<(), AppError> {
    let content =
        Content { name: letter.name.clone(), text: letter.text.clone(), link: letter.link.map(str::to_owned) };
    let event_id = tx.event_id();
    diesel::insert_into(outbox::table)
        .values((
            outbox::id.eq(letter.id),
            outbox::event_id.eq(event_id),
            outbox::kind.eq("mail"),
            outbox::recipient.eq(&letter.to),
            outbox::subject.eq(&letter.subject),
            outbox::payload.eq(json!(content)),
            outbox::tenant_id.eq(letter.tenant_id),
        ))
        .execute(&mut **tx)?;
    let job = NewJob::of(SEND).payload(json!({ "outbox_id": letter.id })).key(format!("{SEND}:{}", letter.id));
    let job = letter.tenant_id.into_iter().fold(job, NewJob::tenant);
    enqueue(tx, &job).map(drop)
}

/// Takes a letter that is not sent yet out of the outbox; its job then finds nothing to do.
pub fn withdraw<P>(tx: &mut Tx<'_, P>, id: Uuid) -> Result<(), AppError> {
    diesel::delete(outbox::table.find(id).filter(outbox::status.ne("sent"))).execute(&mut **tx)?;
    Ok(())
}

/// What became of a letter.
#[derive(Debug, Clone, Queryable)]
pub struct Posted {
    /// `pending`, `sent` or `failed`.
    pub status: String,
    pub last_error: Option<String>,
    pub sent_at: Option<Timestamp>,
}

/// What became of the letter with this id, if it is still in the outbox.
pub fn of_letter(conn: &mut PgConnection, id: Uuid) -> Result<Option<Posted>, AppError> {
    let columns = (outbox::status, outbox::last_error, outbox::sent_at);
    Ok(outbox::table.find(id).select(columns).first(conn).optional()?)
}

/// A letter as it lies in the outbox.
pub struct Unsent {
    pub id: Uuid,
    pub to: String,
    pub subject: String,
    pub(super) content: Content,
}

/// The letter, unless it was sent or withdrawn. One that was given up is sent when somebody tries its job again.
pub fn unsent(conn: &mut PgConnection, id: Uuid) -> Result<Option<Unsent>, AppError> {
    let row: Option<(String, String, serde_json::Value)> = outbox::table
        .find(id)
        .filter(outbox::kind.eq("mail").and(outbox::status.ne("sent")))
        .select((outbox::recipient, outbox::subject, outbox::payload))
        .first(conn)
        .optional()?;
    let Some((to, subject, payload)) = row else { return Ok(None) };
    let content = serde_json::from_value(payload)
        .map_err(|error| AppError::BadRequest(format!("The letter cannot be read: {error}.")))?;
    Ok(Some(Unsent { id, to, subject, content }))
}

/// Notes that the server took it.
pub fn sent(conn: &mut PgConnection, id: Uuid) -> Result<(), AppError> {
    diesel::update(outbox::table.find(id))
        .set((
            outbox::status.eq("sent"),
            outbox::sent_at.eq(now),
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::last_error.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes why it could not be sent, and whether it is given up.
pub fn failed(conn: &mut PgConnection, id: Uuid, why: &str, for_good: bool) -> Result<(), AppError> {
    diesel::update(outbox::table.find(id))
        .set((
            outbox::status.eq(if for_good { "failed" } else { "pending" }),
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::last_error.eq(why),
        ))
        .execute(conn)?;
    Ok(())
}
