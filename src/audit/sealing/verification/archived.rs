//! Months that left the database. Their rows are missed only where an event that was sealed says where they went.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use diesel::prelude::*;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::report::{Report, Verdict};
use super::store as verified;
use crate::audit::archives::check::{self, Checked, Wrong};
use crate::audit::archives::month::Month;
use crate::audit::archives::recorded::{Recorded, Rewrite};
use crate::audit::archives::store;
use crate::audit::sealing::commitment::{Value, Values};
use crate::audit::sealing::leaf::{self, Log, Reference};
use crate::audit::sealing::note::PublicKeys;
use crate::audit::sealing::tree::WIDTH;
use crate::audit::sealing::{proof, store as sealed};
use crate::error::AppError;

/// The months that may be missing.
#[derive(Default)]
pub struct Archived(BTreeMap<(Log, Timestamp), Kept>);

struct Kept {
    recorded: Recorded,
    month: Month,
    /// Leaves that are of it.
    leaves: AtomicI64,
}

/// The event of a record, as it was sealed.
#[derive(Deserialize)]
struct Said {
    data: String,
    values: Values,
}

#[derive(Deserialize)]
struct Data {
    id: Uuid,
    log: String,
    action: String,
    outcome: String,
}

impl Archived {
    /// Those whose records hold.
    pub fn load(conn: &mut PgConnection, report: &mut Report) -> Result<Archived, AppError> {
        let mut months = BTreeMap::new();
        for recorded in store::all(conn)? {
            let Some(month) = recorded.archive.month() else { continue };
            let archive = &recorded.archive;
            let forged = |what: &str| {
                format!("{what} of the archived {} is not what an event says that was sealed.", month.words())
            };
            let first = archive.first_leaf.map(i64::cast_unsigned);
            if !is_sealed(conn, "audit.archive", archive.event_id, &archive.event, &archive.facts())? {
                report.mismatch(first, forged("The record"));
                continue;
            }
            let all = recorded.rewrites.len();
            let rewrites = sealed_rewrites(conn, &recorded)?;
            if rewrites.len() < all {
                report.mismatch(first, forged("A record of rewriting the file"));
            }
            let kept = Kept { recorded: Recorded { rewrites, ..recorded }, month, leaves: AtomicI64::new(0) };
            months.insert((month.log, month.begins()), kept);
        }
        Ok(Archived(months))
    }

    /// Whether a row that has a leaf is in a file.
    pub fn has(&self, row: &Reference) -> bool {
        let kept = self.month_of(row);
        if let Some(kept) = kept {
            kept.leaves.fetch_add(1, Ordering::Relaxed);
        }
        kept.is_some()
    }

    /// Whether an event that has a leaf is in a file.
    pub fn has_event(&self, conn: &mut PgConnection, event: Uuid) -> Result<bool, AppError> {
        let row = verified::leaf_of(conn, event)?;
        Ok(row.is_some_and(|(_, row)| self.month_of(&row).is_some()))
    }

    fn month_of(&self, row: &Reference) -> Option<&Kept> {
        let before = self.0.range(..=(row.log, row.occurred_at)).next_back();
        before.map(|(_, kept)| kept).filter(|kept| kept.month.has(row))
    }

    /// Whether each month has as many leaves as it had rows. Returns how many leaves all of them have.
    pub fn count(&self, report: &mut Report) -> i64 {
        for kept in self.0.values() {
            let (leaves, rows) = (kept.leaves.load(Ordering::Relaxed), kept.recorded.archive.row_count);
            if leaves != rows {
                let words = kept.month.words();
                let first = kept.recorded.archive.first_leaf.map(i64::cast_unsigned);
                report
                    .mismatch(first, format!("The archive of the {words} has {rows} rows, the tree {leaves} leaves."));
            }
        }
        self.0.values().map(|kept| kept.leaves.load(Ordering::Relaxed)).sum()
    }

    /// Reads the files.
    pub fn check_files(
        &self,
        conn: &mut PgConnection,
        folder: &Path,
        keys: Option<&PublicKeys>,
        report: &mut Report,
    ) -> Result<(), AppError> {
        for Kept { recorded, .. } in self.0.values() {
            let archive = &recorded.archive;
            let (name, first) = (&archive.file_name, archive.first_leaf.map(i64::cast_unsigned));
            match check::check(&folder.join(name), keys) {
                Ok(checked) if !is_of(&checked, recorded) => {
                    report.mismatch(first, format!("{name} is not the file that was recorded."));
                }
                Ok(checked) if !store::is_ours(conn, &checked.checkpoint)? => {
                    report.mismatch(first, format!("{name} is proven against a checkpoint that is not in the log."));
                }
                Ok(checked) if is_outdated(&checked, recorded) => {
                    let newest = recorded.sha256_text();
                    report.add(
                        Verdict::Incomplete,
                        format!("{name} is from before an erasure; the file that counts has the SHA-256 {newest}."),
                    );
                }
                Ok(_) => {}
                Err(wrong @ (Wrong::Missing | Wrong::Unreadable(_))) => {
                    report.add(Verdict::Incomplete, format!("{name} could not be looked at: {wrong}."));
                }
                Err(wrong) => report.mismatch(first, format!("{name} is not what was archived: {wrong}.")),
            }
        }
        Ok(())
    }
}

fn is_of(checked: &Checked, recorded: &Recorded) -> bool {
    let archive = &recorded.archive;
    let version = recorded.version(&checked.extent.sha256);
    version.is_some_and(|version| checked.erased == recorded.erased(version).cast_unsigned())
        && Some(checked.month) == archive.month()
        && checked.header.rows == archive.row_count.cast_unsigned()
        && checked.checkpoint.root.as_slice() == archive.root
}

fn is_outdated(checked: &Checked, recorded: &Recorded) -> bool {
    recorded.version(&checked.extent.sha256).is_none_or(|version| !recorded.lacks(version).is_empty())
}

fn sealed_rewrites(conn: &mut PgConnection, recorded: &Recorded) -> Result<Vec<Rewrite>, AppError> {
    let mut sealed = Vec::new();
    for rewrite in &recorded.rewrites {
        let facts = rewrite.made.facts(&recorded.archive);
        if is_sealed(conn, "audit.rewrite", rewrite.event_id, &rewrite.event, &facts)? {
            sealed.push(rewrite.clone());
        }
    }
    Ok(sealed)
}

/// Whether the event of a record is in the tree, or waits for its place, and says what the record says.
fn is_sealed(conn: &mut PgConnection, action: &str, id: Uuid, event: &Json, facts: &Json) -> Result<bool, AppError> {
    let Ok(said) = serde_json::from_value::<Said>(event.clone()) else { return Ok(false) };
    let Ok(data) = serde_json::from_str::<Data>(&said.data) else { return Ok(false) };
    let is_about = data.id == id
        && data.log == Log::Events.name()
        && (data.action.as_str(), data.outcome.as_str()) == (action, "success")
        && proof::check_values(&said.data, &said.values, &[]).is_ok();
    let says = match said.values.0.get("details") {
        Some(Value::Open { after: Some(text), .. }) => serde_json::from_str(text).ok(),
        _ => None,
    };
    if !is_about || says.as_ref() != Some(facts) {
        return Ok(false);
    }
    let hash = leaf::hash(&said.data);
    Ok(match verified::leaf_of(conn, id)? {
        Some((leaf, _)) => {
            let place = usize::try_from(leaf % WIDTH as u64).unwrap_or_default();
            let tile = sealed::tile(conn, 0, leaf / WIDTH as u64)?;
            tile.get(place * 32..(place + 1) * 32) == Some(hash.as_slice())
        }
        None => match verified::waiting(conn, id)? {
            Some(row) => sealed::leaves(conn, &[row])?.into_iter().flatten().any(|row| row.hash() == hash),
            None => false,
        },
    })
}
