//! Searching by trigram indexes within a sorted list.
//!
//! A list that is read in its order until a page is full never ends when hardly a row fits, and a search by its own
//! index collects everything when all rows fit. So a search is asked first, up to [`FEW`] ids.

use super::keyset::COUNT_CAP;

/// Beyond this many a search is left to the list's own order, which then meets a page of them soon.
pub const FEW: i64 = COUNT_CAP;

/// Letters that make a trigram.
const LETTERS: usize = 3;

/// Whether the index can find a `like` pattern of this form: `%text%` with three letters or more.
pub fn is_indexed(pattern: &str) -> bool {
    pattern.trim_matches('%').chars().filter(|letter| *letter != '\\').count() >= LETTERS
}
