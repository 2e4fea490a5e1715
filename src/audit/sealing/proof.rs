//! That an event is in the log, for somebody who has a public key and nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::commitment::Values;
use super::leaf::{self, Leaf};
use super::note::{self, Checkpoint, PublicKeys};
use super::{Hash, hash_of, hash_text, tree};
use crate::token::hex;

/// The file that `castellan audit prove` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// What the leaf's hash is of, to the byte.
    pub data: String,
    /// What opens the commitment in it.
    pub values: Values,
    /// In their order.
    pub changes: Vec<Change>,
    /// The leaf's number.
    pub leaf: u64,
    /// Hashes beside the way from the leaf to the root.
    pub path: Vec<String>,
    /// The signed root.
    pub checkpoint: String,
}

/// A change of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub data: String,
    pub values: Values,
}

/// Where a proof is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    #[error("the file is not a proof as castellan audit prove writes it{0}")]
    Form(String),
    #[error("{0}")]
    Checkpoint(#[from] note::Refused),
    #[error("the event is not leaf {0} of the tree in the checkpoint")]
    Path(u64),
    #[error("the values of {0} are not those that were sealed")]
    Values(Part),
    #[error("the changes are not those that were sealed")]
    Changes,
}

/// What of a proof.
#[derive(Debug)]
pub enum Part {
    Event,
    /// From 1.
    Change(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Event => out.write_str("the event"),
            Part::Change(number) => write!(out, "change {number}"),
        }
    }
}

#[derive(Deserialize)]
struct Data {
    v: u8,
    #[serde(with = "hash_text")]
    values: Hash,
    changes: Option<Changes>,
}

#[derive(Deserialize)]
struct Changes {
    count: usize,
    #[serde(with = "hash_text")]
    hash: Hash,
}

#[derive(Deserialize)]
struct Record {
    #[serde(with = "hash_text")]
    values: Hash,
}

impl Proof {
    /// For a leaf and its way to the root of a checkpoint.
    pub fn new(leaf: u64, row: Leaf, path: &[Hash], checkpoint: String) -> Proof {
        let changes = row.changes.into_iter().map(|change| Change { data: change.data, values: change.values });
        let path = path.iter().map(|hash| hex(hash)).collect();
        Proof { data: row.data, values: row.values, changes: changes.collect(), leaf, path, checkpoint }
    }

    /// The text of the file.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// Whether the file proves what it says, to the byte. Returns what it was checked against.
pub fn check(text: &str, keys: &PublicKeys) -> Result<(Proof, Checkpoint), Wrong> {
    let proof: Proof = serde_json::from_str(text).map_err(|error| Wrong::Form(format!(": {error}")))?;
    if proof.text().ok().as_deref() != Some(text) {
        return Err(Wrong::Form(": it was written again by something else".into()));
    }
    let checkpoint = note::open_strictly(&proof.checkpoint, keys)?;
    let path: Option<Vec<Hash>> = proof.path.iter().map(|hash| hash_of(hash)).collect();
    let path = path.ok_or_else(|| Wrong::Form(": its path is not made of hashes".into()))?;
    tree::check_inclusion(&path, checkpoint.size, checkpoint.root, proof.leaf, leaf::hash(&proof.data))
        .map_err(|_| Wrong::Path(proof.leaf))?;
    check_values(&proof.data, &proof.values, &proof.changes)?;
    Ok((proof, checkpoint))
}

/// Whether values and changes are those that a leaf commits to.
pub fn check_values(data: &str, values: &Values, changes: &[Change]) -> Result<(), Wrong> {
    let data: Data = serde_json::from_str(data).map_err(|error| Wrong::Form(format!(": {error}")))?;
    if data.v != leaf::VERSION {
        return Err(Wrong::Form(format!(": version {} of the format is not known here", data.v)));
    }
    if values.commitment() != data.values {
        return Err(Wrong::Values(Part::Event));
    }
    let sealed = data.changes.map_or((0, leaf::hash_of_changes([""; 0])), |changes| (changes.count, changes.hash));
    let given = (changes.len(), leaf::hash_of_changes(changes.iter().map(|change| &change.data)));
    if sealed != given {
        return Err(Wrong::Changes);
    }
    for (number, change) in (1..).zip(changes) {
        let record: Record = serde_json::from_str(&change.data).map_err(|error| Wrong::Form(format!(": {error}")))?;
        if change.values.commitment() != record.values {
            return Err(Wrong::Values(Part::Change(number)));
        }
    }
    Ok(())
}
