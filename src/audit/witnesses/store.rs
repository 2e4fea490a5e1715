//! Every statement on witnesses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castellan_schema::audit::{checkpoints as c, receipts as r};
use diesel::dsl::exists;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff::{SignedDuration, Timestamp};
use jiff_diesel::Timestamp as DbTimestamp;
use serde_json::json;
use uuid::Uuid;

use super::{Answer, Witnesses};
use crate::audit::sealer::store::last_checkpoint;
use crate::audit::sealing::{Hash, store as sealed, tree};
use crate::config::witness::{Way, Witness};
use crate::db::SecurityKind;
use crate::db::functions::record_security;
use crate::error::AppError;

/// A tree that has grown is shown within this long; mail goes once a day, and may take one.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
const PATIENCE_WITH_MAIL: SignedDuration = SignedDuration::from_hours(48);
const BETWEEN_MAILS: SignedDuration = SignedDuration::from_hours(24);

/// A checkpoint that a witness has not seen.
#[derive(Debug, Clone)]
pub struct Due {
    pub note: String,
    pub size: i64,
    pub root: Hash,
    /// The largest tree that it took.
    pub seen: i64,
}

/// What a witness was shown.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = r, check_for_backend(Pg))]
pub struct Receipt {
    pub outcome: String,
    pub tree_size: i64,
    pub received_at: DbTimestamp,
    pub answer: Option<String>,
}

/// How a witness stands.
#[derive(Debug, Clone)]
pub struct Standing {
    pub name: String,
    pub kind: &'static str,
    /// The largest tree that it took.
    pub seen: Option<Receipt>,
    /// What came of the last try, where that is not the same.
    pub trouble: Option<Receipt>,
    /// Since when there is a tree that it should have seen by now.
    pub stale_since: Option<DbTimestamp>,
}

impl Standing {
    /// Whether it has seen another tree.
    pub fn is_in_conflict(&self) -> bool {
        self.trouble.as_ref().is_some_and(|last| last.outcome == "conflict")
    }
}

fn last(conn: &mut PgConnection, name: &str) -> Result<Option<Receipt>, AppError> {
    let last = r::table.filter(r::witness.eq(name)).order((r::received_at.desc(), r::id.desc()));
    Ok(last.select(Receipt::as_select()).first(conn).optional()?)
}

fn accepted(conn: &mut PgConnection, name: &str) -> Result<Option<Receipt>, AppError> {
    let accepted = r::table.filter(r::witness.eq(name).and(r::outcome.eq("accepted")));
    let largest = accepted.order((r::tree_size.desc(), r::received_at.desc()));
    Ok(largest.select(Receipt::as_select()).first(conn).optional()?)
}

/// The newest checkpoint, if the witness is to be shown it now.
pub fn due(conn: &mut PgConnection, name: &str, way: &Way, now: Timestamp) -> Result<Option<Due>, AppError> {
    let Some(newest) = last_checkpoint(conn)? else { return Ok(None) };
    let seen = accepted(conn, name)?;
    let is_due = seen.as_ref().is_none_or(|seen| {
        let at = seen.received_at.to_jiff();
        // A tree at rest is signed each hour, and shown, so that one sees that somebody is there.
        let is_new = newest.tree_size > seen.tree_size || newest.created_at.to_jiff() > at;
        is_new && (!matches!(way, Way::Mail(_)) || now.duration_since(at) >= BETWEEN_MAILS)
    });
    let root = newest.root.as_slice().try_into();
    let root = root.map_err(|_| AppError::Internal("a checkpoint has a root of another length".into()))?;
    let seen = seen.map_or(0, |seen| seen.tree_size);
    Ok(is_due.then_some(Due { note: newest.note, size: newest.tree_size, root, seen }))
}

/// The hashes that show that a tree goes on from an older one, as C2SP has them.
pub fn proof(conn: &mut PgConnection, size: u64, older: u64) -> Result<Vec<String>, AppError> {
    Ok(consistency(conn, size, older)?.iter().map(|hash| STANDARD.encode(hash)).collect())
}

fn consistency(conn: &mut PgConnection, size: u64, older: u64) -> Result<Vec<Hash>, AppError> {
    if older == 0 || older == size {
        return Ok(Vec::new());
    }
    let tile = |level, number| sealed::tile(conn, level, number).map_err(|error| error.to_string());
    tree::prove_consistency(size, older, tile).map_err(|error| AppError::Internal(error.to_string()))
}

/// Whether a tree begins with an older one.
pub fn goes_on(conn: &mut PgConnection, size: u64, root: Hash, older: u64, its_root: Hash) -> Result<bool, AppError> {
    if older == 0 || older >= size {
        return Ok(older == 0 || older == size && root == its_root);
    }
    let path = consistency(conn, size, older)?;
    Ok(tree::check_consistency(&path, size, root, older, its_root).is_ok())
}

/// Whether a tree of this size was signed here, as by another process a moment ago.
pub fn has_signed(conn: &mut PgConnection, size: i64) -> Result<bool, AppError> {
    Ok(diesel::select(exists(c::table.filter(c::tree_size.eq(size)))).get_result(conn)?)
}

/// Keeps what came of it. Trouble that was there before is not written down again.
pub fn keep(conn: &mut PgConnection, name: &str, tree_size: i64, answer: &Answer) -> Result<(), AppError> {
    let (outcome, said) = match answer {
        Answer::Accepted(said) => ("accepted", said.as_deref()),
        Answer::Failed(why) => ("failed", Some(why.as_str())),
        Answer::Conflict(why) => ("conflict", Some(why.as_str())),
    };
    if outcome != "accepted" {
        let before = last(conn, name)?.filter(|last| last.outcome == outcome);
        if before.is_some_and(|last| outcome == "conflict" || last.answer.as_deref() == said) {
            return Ok(());
        }
    }
    diesel::insert_into(r::table)
        .values((
            r::id.eq(Uuid::now_v7()),
            r::witness.eq(name),
            r::outcome.eq(outcome),
            r::tree_size.eq(tree_size),
            r::answer.eq(said),
        ))
        .execute(conn)?;
    match answer {
        Answer::Conflict(why) => note_conflict(conn, name, tree_size, why),
        _ => Ok(()),
    }
}

fn note_conflict(conn: &mut PgConnection, name: &str, tree_size: i64, why: &str) -> Result<(), AppError> {
    let details = json!({
        "said": "a witness has seen another audit log than this one",
        "witness": name, "tree_size": tree_size, "answer": why,
    });
    let kind = SecurityKind::MaliciousLogTampering.name();
    let no_network: Option<&[u8]> = None;
    let _noted: bool =
        diesel::select(record_security(kind, "critical", no_network, None::<Uuid>, &details)).get_result(conn)?;
    Ok(())
}

/// How each witness stands at `now`.
pub fn standings(conn: &mut PgConnection, witnesses: &Witnesses, now: Timestamp) -> Result<Vec<Standing>, AppError> {
    witnesses.iter().map(|witness| standing(conn, witness, now)).collect()
}

fn standing(conn: &mut PgConnection, witness: &Witness, now: Timestamp) -> Result<Standing, AppError> {
    let name = &witness.name;
    let seen = accepted(conn, name)?;
    let unseen: Option<DbTimestamp> = c::table
        .filter(c::tree_size.gt(seen.as_ref().map_or(0, |seen| seen.tree_size)))
        .order((c::tree_size, c::created_at))
        .select(c::created_at)
        .first(conn)
        .optional()?;
    let patience = if matches!(witness.way, Way::Mail(_)) { PATIENCE_WITH_MAIL } else { PATIENCE };
    let stale_since = unseen.filter(|since| now.duration_since(since.to_jiff()) > patience);
    let trouble = last(conn, name)?.filter(|last| last.outcome != "accepted");
    Ok(Standing { name: name.clone(), kind: witness.kind(), seen, trouble, stale_since })
}
