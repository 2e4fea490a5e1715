//! Months that left the database. Their rows are missed only where an event that was sealed says where they went.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use diesel::prelude::*;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::report::{Report, Verdict};
use super::store as verified;
use crate::audit::archives::check::{self, Checked, Wrong};
use crate::audit::archives::month::Month;
use crate::audit::archives::store::{self, Archive};
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
    archive: Archive,
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
        for archive in store::all(conn)? {
            let Some(month) = archive.month() else { continue };
            match is_sealed(conn, &archive)? {
                true => {
                    let kept = Kept { archive, month, leaves: AtomicI64::new(0) };
                    months.insert((month.log, month.begins()), kept);
                }
                false => report.mismatch(
                    archive.first_leaf.map(i64::cast_unsigned),
                    format!("The record of the archived {} is not what an event says that was sealed.", month.words()),
                ),
            }
        }
        Ok(Archived(months))
    }

    /// Whether a row that has a leaf is in a file.
    pub fn has(&self, row: &Reference) -> bool {
        let before = self.0.range(..=(row.log, row.occurred_at)).next_back();
        let kept = before.map(|(_, kept)| kept).filter(|kept| kept.month.has(row));
        if let Some(kept) = kept {
            kept.leaves.fetch_add(1, Ordering::Relaxed);
        }
        kept.is_some()
    }

    /// Whether each month has as many leaves as it had rows. Returns how many leaves all of them have.
    pub fn count(&self, report: &mut Report) -> i64 {
        for kept in self.0.values() {
            let (leaves, rows) = (kept.leaves.load(Ordering::Relaxed), kept.archive.row_count);
            if leaves != rows {
                let words = kept.month.words();
                let first = kept.archive.first_leaf.map(i64::cast_unsigned);
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
        for Kept { archive, .. } in self.0.values() {
            let (name, first) = (&archive.file_name, archive.first_leaf.map(i64::cast_unsigned));
            match check::check(&folder.join(name), keys) {
                Ok(checked) if !is_of(&checked, archive) => {
                    report.mismatch(first, format!("{name} is not the file that was recorded."));
                }
                Ok(checked) if !store::is_ours(conn, &checked.checkpoint)? => {
                    report.mismatch(first, format!("{name} is proven against a checkpoint that is not in the log."));
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

fn is_of(checked: &Checked, archive: &Archive) -> bool {
    checked.extent.sha256.as_slice() == archive.sha256
        && Some(checked.month) == archive.month()
        && checked.header.rows == archive.row_count.cast_unsigned()
        && checked.checkpoint.root.as_slice() == archive.root
}

/// Whether the event of a record is in the tree, or waits for its place, and says what the record says.
fn is_sealed(conn: &mut PgConnection, archive: &Archive) -> Result<bool, AppError> {
    let Ok(said) = serde_json::from_value::<Said>(archive.event.clone()) else { return Ok(false) };
    let Ok(data) = serde_json::from_str::<Data>(&said.data) else { return Ok(false) };
    let is_about = data.id == archive.event_id
        && data.log == Log::Events.name()
        && (data.action.as_str(), data.outcome.as_str()) == ("audit.archive", "success")
        && proof::check_values(&said.data, &said.values, &[]).is_ok();
    let says = match said.values.0.get("details") {
        Some(Value::Open { after: Some(text), .. }) => serde_json::from_str(text).ok(),
        _ => None,
    };
    if !is_about || says != Some(archive.facts()) {
        return Ok(false);
    }
    let hash = leaf::hash(&said.data);
    Ok(match verified::leaf_of(conn, archive.event_id)? {
        Some((leaf, _)) => {
            let place = usize::try_from(leaf % WIDTH as u64).unwrap_or_default();
            let tile = sealed::tile(conn, 0, leaf / WIDTH as u64)?;
            tile.get(place * 32..(place + 1) * 32) == Some(hash.as_slice())
        }
        None => match verified::waiting(conn, archive.event_id)? {
            Some(row) => sealed::leaves(conn, &[row])?.into_iter().flatten().any(|row| row.hash() == hash),
            None => false,
        },
    })
}
