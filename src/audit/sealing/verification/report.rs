//! What a verification found.

use serde::Serialize;

use crate::audit::sealing::{Hash, hash_text};

/// In the order in which one hides the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Good,
    /// Nothing is wrong, but nobody seals.
    Stale,
    /// Not all of it could be looked at.
    Incomplete,
    /// Something is not what was sealed.
    Mismatch,
}

impl Verdict {
    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Stale => "stale",
            Verdict::Incomplete => "incomplete",
            Verdict::Mismatch => "mismatch",
        }
    }

    /// The exit status of the command.
    pub fn status(self) -> i32 {
        match self {
            Verdict::Good => 0,
            Verdict::Mismatch => 1,
            Verdict::Incomplete => 2,
            Verdict::Stale => 3,
        }
    }
}

/// So many are named; the others are counted.
const NAMED: usize = 20;

/// The result.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    pub tree_size: u64,
    #[serde(with = "hash_text")]
    pub root: Hash,
    pub checkpoints: u64,
    /// Leaves whose rows are in files.
    pub archived: u64,
    pub unsealed: u64,
    pub first_bad_leaf: Option<u64>,
    /// Sentences, the first of them; `problem_count` has all.
    pub problems: Vec<String>,
    pub problem_count: usize,
    /// Which key signed from when to when, in the order in which they began to.
    pub signers: Vec<Signer>,
}

/// A key, and what it signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// Name and hash, as the public key begins.
    pub key: String,
    /// The tree's size in the first checkpoint that it signed, and in the last.
    pub from: u64,
    pub to: u64,
}

impl Report {
    pub(super) fn of(tree_size: u64) -> Report {
        Report {
            verdict: Verdict::Good,
            tree_size,
            root: Hash::default(),
            checkpoints: 0,
            archived: 0,
            unsealed: 0,
            first_bad_leaf: None,
            problems: Vec::new(),
            problem_count: 0,
            signers: Vec::new(),
        }
    }

    /// Notes who signed the tree of a size. Sizes come in order.
    pub(super) fn signed(&mut self, keys: &[String], size: u64) {
        for key in keys {
            match self.signers.iter_mut().find(|signer| signer.key == *key) {
                Some(signer) => signer.to = size,
                None => self.signers.push(Signer { key: key.clone(), from: size, to: size }),
            }
        }
    }

    /// Something is not what was sealed, from a leaf on where one is known.
    pub(super) fn mismatch(&mut self, leaf: Option<u64>, what: String) {
        self.first_bad_leaf = [self.first_bad_leaf, leaf].into_iter().flatten().min();
        self.add(Verdict::Mismatch, what);
    }

    pub(super) fn add(&mut self, verdict: Verdict, what: String) {
        if verdict as u8 > self.verdict as u8 {
            self.verdict = verdict;
        }
        self.problem_count += 1;
        if self.problems.len() < NAMED {
            self.problems.push(what);
        }
    }
}
