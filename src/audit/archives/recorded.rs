//! What is on record about the file of a month: as it was archived, and as it was written anew when values were erased
//! from it. The newest counts.

use castellan_schema::audit::rewrites;
use diesel::pg::Pg;
use diesel::prelude::*;
use jiff_diesel::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::store::Archive;
use crate::token::hex;

/// A file that takes the place of the one before.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = rewrites, check_for_backend(Pg))]
pub struct Made {
    /// From 1 for each month.
    pub number: i32,
    /// Whose values went.
    pub subject_id: Uuid,
    /// The event of the erasure.
    pub erasure_id: Uuid,
    pub erased_count: i64,
    /// Of the file that it was made from.
    pub previous_sha256: Vec<u8>,
    pub file_size: i64,
    pub sha256: Vec<u8>,
}

/// The record of one.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = rewrites, check_for_backend(Pg))]
pub struct Rewrite {
    pub archive_id: Uuid,
    #[diesel(embed)]
    pub made: Made,
    pub event_id: Uuid,
    /// That event as a leaf.
    pub event: Json,
    pub written_at: Timestamp,
}

impl Made {
    /// What the event has to say, member by member.
    pub fn facts(&self, archive: &Archive) -> Json {
        json!({
            "log": archive.log, "month": archive.month_name(), "file": archive.file_name, "number": self.number,
            "subject": self.subject_id, "erasure": self.erasure_id, "erased": self.erased_count,
            "previous_sha256": hex(&self.previous_sha256), "file_size": self.file_size, "sha256": hex(&self.sha256),
        })
    }
}

/// A month that left, with the files that it had since.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub archive: Archive,
    /// In the order of their numbers.
    pub rewrites: Vec<Rewrite>,
}

/// Which of the files of a month one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(usize);

impl Recorded {
    /// The file that counts, where it is another one than was archived.
    pub fn newest(&self) -> Option<&Rewrite> {
        self.rewrites.last()
    }

    /// The hash of the file that counts.
    pub fn sha256(&self) -> &[u8] {
        self.newest().map_or(&self.archive.sha256, |newest| &newest.made.sha256)
    }

    /// That hash as people compare it.
    pub fn sha256_text(&self) -> String {
        hex(self.sha256())
    }

    /// Enough of it to tell two apart.
    pub fn sha256_start(&self) -> String {
        self.sha256_text().chars().take(16).collect()
    }

    /// Which file has this hash; none where it is on no record.
    pub fn version(&self, sha256: &[u8]) -> Option<Version> {
        let rewritten =
            self.rewrites.iter().rposition(|rewrite| rewrite.made.sha256 == sha256).map(|at| Version(at + 1));
        rewritten.or_else(|| (self.archive.sha256 == sha256).then_some(Version(0)))
    }

    /// The hash of a file.
    pub fn sha256_of(&self, version: Version) -> &[u8] {
        self.rewrite(version).map_or(&self.archive.sha256, |rewrite| &rewrite.made.sha256)
    }

    /// Values that are erased in a file.
    pub fn erased(&self, version: Version) -> i64 {
        self.rewrite(version).map_or(self.archive.erased_count, |rewrite| rewrite.made.erased_count)
    }

    /// Erasures that a file is from before: those that it was not made by, unless the same person was erased again on
    /// the way to it.
    pub fn lacks(&self, version: Version) -> Vec<&Made> {
        let before = |file: &&Made| {
            self.made().rfind(|other| other.number < file.number && other.sha256 == file.previous_sha256)
        };
        let on_the_way: Vec<&Made> =
            std::iter::successors(self.rewrite(version).map(|rewrite| &rewrite.made), before).collect();
        let is_in = |erasure: &Made| {
            on_the_way.iter().any(|done| done.subject_id == erasure.subject_id && done.number >= erasure.number)
        };
        self.made().filter(|erasure| !is_in(erasure)).collect()
    }

    fn made(&self) -> impl DoubleEndedIterator<Item = &Made> {
        self.rewrites.iter().map(|rewrite| &rewrite.made)
    }

    fn rewrite(&self, version: Version) -> Option<&Rewrite> {
        self.rewrites.get(version.0.checked_sub(1)?)
    }
}
