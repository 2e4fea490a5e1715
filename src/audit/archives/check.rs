//! Whether the file of a month holds what was sealed, found out without the database.

use std::io::{self, ErrorKind};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::file::{Extent, Header, Line, Reader, VERSION};
use super::month::Month;
use crate::audit::sealing::commitment::{Value, Values};
use crate::audit::sealing::leaf::{Log, Reference};
use crate::audit::sealing::note::{self, Checkpoint, PublicKeys};
use crate::audit::sealing::proof::{self, Proof};
use crate::audit::sealing::{Hash, hash_of, leaf, tree};

/// Why a file is not what it says.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    #[error("it is not there")]
    Missing,
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("line {0}: {1}")]
    Line(u64, String),
    #[error("{0}")]
    Whole(String),
}

/// What a file was found to hold.
#[derive(Debug, Clone)]
pub struct Checked {
    pub month: Month,
    pub header: Header,
    pub checkpoint: Checkpoint,
    pub extent: Extent,
    pub changes: u64,
    /// Values that are erased in it.
    pub erased: u64,
}

#[derive(Deserialize)]
struct Place {
    log: String,
    id: Uuid,
    occurred_at: Timestamp,
}

/// Reads all of it: each row is in the tree of the checkpoint, at its place, with its values, and none is missing.
/// Without keys the checkpoint's signature is not looked at.
pub fn check(path: &Path, keys: Option<&PublicKeys>) -> Result<Checked, Wrong> {
    let mut reader = open(path)?;
    let (header, month, checkpoint) = head(&mut reader, keys)?;
    let (mut rows, mut changes, mut erased) = (0, 0, 0);
    let (mut first, mut last) = (None, None);
    while let Some(line) = next::<Line>(&mut reader)? {
        let wrong = |why: String| Wrong::Line(reader.number, why);
        if last.is_some_and(|last| line.leaf <= last) {
            return Err(wrong(format!("leaf {} is not behind the one before it", line.leaf)));
        }
        check_line(&line, &month, &checkpoint).map_err(wrong)?;
        first = first.or(Some(line.leaf));
        last = Some(line.leaf);
        rows += 1;
        changes += line.changes.len() as u64;
        erased += count_erased(&line);
    }
    if (rows, first, last) != (header.rows, header.first_leaf, header.last_leaf) {
        return Err(Wrong::Whole(format!("it has {rows} rows, and {} were written", header.rows)));
    }
    Ok(Checked { month, header, checkpoint, extent: reader.extent(), changes, erased })
}

/// The proof of one event out of a file; none where it is not in it.
pub fn find(path: &Path, leaf: u64) -> Result<Option<Proof>, Wrong> {
    let mut reader = open(path)?;
    let (header, ..) = head(&mut reader, None)?;
    while let Some(line) = next::<Line>(&mut reader)? {
        if line.leaf >= leaf {
            return Ok(Some(line).filter(|line| line.leaf == leaf).map(|line| line.proof(header.checkpoint)));
        }
    }
    Ok(None)
}

/// What a file says it holds, and of which tree.
pub fn said(path: &Path) -> Result<(Header, Checkpoint), Wrong> {
    let (header, _, checkpoint) = head(&mut open(path)?, None)?;
    Ok((header, checkpoint))
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Wrong {
        match error.kind() {
            ErrorKind::NotFound => Wrong::Missing,
            _ => Wrong::Unreadable(error),
        }
    }
}

pub(super) fn open(path: &Path) -> Result<Reader, Wrong> {
    Ok(Reader::open(path)?)
}

pub(super) fn next<T: for<'t> Deserialize<'t>>(reader: &mut Reader) -> Result<Option<T>, Wrong> {
    reader.line().map_err(|error| Wrong::Line(reader.number, error.to_string()))
}

pub(super) fn head(reader: &mut Reader, keys: Option<&PublicKeys>) -> Result<(Header, Month, Checkpoint), Wrong> {
    let header: Header = next(reader)?.ok_or_else(|| Wrong::Whole("it is empty".into()))?;
    if header.v != VERSION {
        return Err(Wrong::Whole(format!("version {} of the format is not known here", header.v)));
    }
    let month = Month::named(&header.log, &header.month);
    let month = month.ok_or_else(|| Wrong::Line(1, "there is no such log or month".into()))?;
    let checkpoint = match keys {
        Some(keys) => note::open_strictly(&header.checkpoint, keys),
        None => note::read(&header.checkpoint),
    };
    let checkpoint = checkpoint.map_err(|refused| Wrong::Line(1, refused.to_string()))?;
    Ok((header, month, checkpoint))
}

fn check_line(line: &Line, month: &Month, checkpoint: &Checkpoint) -> Result<(), String> {
    let path: Option<Vec<Hash>> = line.path.iter().map(|hash| hash_of(hash)).collect();
    let path = path.ok_or("its path is not made of hashes")?;
    tree::check_inclusion(&path, checkpoint.size, checkpoint.root, line.leaf, leaf::hash(&line.data))
        .map_err(|_| format!("this is not leaf {} of the tree in the checkpoint", line.leaf))?;
    proof::check_values(&line.data, &line.values, &line.changes).map_err(|wrong| wrong.to_string())?;
    let place: Place = serde_json::from_str(&line.data).map_err(|error| error.to_string())?;
    let log = Log::named(&place.log).ok_or_else(|| format!("there is no log {}", place.log))?;
    match month.has(&Reference { log, id: place.id, occurred_at: place.occurred_at }) {
        true => Ok(()),
        false => Err(format!("it is not of the {}", month.words())),
    }
}

fn count_erased(line: &Line) -> u64 {
    let of = |values: &Values| values.0.values().filter(|value| matches!(value, Value::Erased { .. })).count() as u64;
    of(&line.values) + line.changes.iter().map(|change| of(&change.values)).sum::<u64>()
}
