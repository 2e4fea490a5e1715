//! Rows into the file of their month, a stretch of the tree at a time, so that memory does not grow with the month.

use std::collections::HashMap;
use std::io;

use diesel::prelude::*;

use super::file::{Line, Writer};
use super::store::Plan;
use crate::audit::sealing::leaf::{Leaf, Reference};
use crate::audit::sealing::proof::Change;
use crate::audit::sealing::tree::{self, WIDTH, Ways};
use crate::audit::sealing::verification::store::{leaf_tiles, references};
use crate::audit::sealing::{Hash, store as sealed};
use crate::error::AppError;
use crate::token::hex;

/// Tiles of the leaves that are looked at in one go.
const TILES: u64 = 16;

/// Writes the rows of a plan.
pub struct Rows {
    pub writer: Writer,
    plan: Plan,
    next: u64,
    upper: Upper,
}

impl Rows {
    /// From the first leaf on.
    pub fn of(plan: &Plan, writer: Writer) -> Rows {
        let next = plan.first.unwrap_or_default() / WIDTH as u64;
        Rows { writer, plan: plan.clone(), next, upper: Upper::default() }
    }

    /// Whether all are written.
    pub fn are_done(&self) -> bool {
        self.plan.last.is_none_or(|last| self.next > last / WIDTH as u64)
    }

    /// Leaves that were looked at, and how many there are to look at.
    pub fn progress(&self) -> (i64, i64) {
        let (first, last) = (self.plan.first.unwrap_or_default(), self.plan.last.unwrap_or_default());
        let (total, width) = (last - first + 1, WIDTH as u64);
        ((self.next * width).saturating_sub(first).min(total).cast_signed(), total.cast_signed())
    }

    /// Goes on by some tiles.
    pub fn step(&mut self, conn: &mut PgConnection) -> Result<(), AppError> {
        let (from, to) = (self.next, self.next + TILES);
        let width = WIDTH as u64;
        let mut rows = references(conn, from * width, to * width)?;
        rows.retain(|(_, row)| self.plan.month.has(row));
        if !rows.is_empty() {
            let tiles: HashMap<u64, Vec<u8>> = leaf_tiles(conn, from, to)?.into_iter().collect();
            for rows in rows.chunk_by(|(one, _), (other, _)| one / width == other / width) {
                let number = rows[0].0 / width;
                self.tile(conn, number, tiles.get(&number).map_or(&[], Vec::as_slice), rows)?;
            }
        }
        self.next = to;
        Ok(())
    }

    fn tile(
        &mut self,
        conn: &mut PgConnection,
        number: u64,
        hashes: &[u8],
        rows: &[(u64, Reference)],
    ) -> Result<(), AppError> {
        let (size, width) = (self.plan.checkpoint.size, WIDTH as u64);
        let ways = match (number + 1) * width <= size {
            true => Some(Ways::of_tile(size, number, hashes, |level, tile| self.upper.get(conn, level, tile))),
            false => None,
        };
        let ways = ways.transpose().map_err(broken)?;
        let references: Vec<Reference> = rows.iter().map(|(_, row)| *row).collect();
        for ((leaf, row), found) in rows.iter().zip(sealed::leaves(conn, &references)?) {
            let place = usize::try_from(leaf % width).unwrap_or_default();
            let found = found.filter(|found| hashes.get(place * 32..(place + 1) * 32) == Some(found.hash().as_slice()));
            let found = found.ok_or_else(|| {
                AppError::Conflict(format!(
                    "Leaf {leaf}: event {} is not what was sealed, so its month stays. castellan audit verify says more.",
                    row.id
                ))
            })?;
            let path = match &ways {
                Some(ways) => ways.of(place),
                None => tree::prove_inclusion(size, *leaf, |level, tile| self.upper.get(conn, level, tile))
                    .map_err(broken)?,
            };
            self.writer.row(&line(*leaf, found, &path)).map_err(explain)?;
        }
        Ok(())
    }
}

fn line(leaf: u64, row: Leaf, path: &[Hash]) -> Line {
    let changes = row.changes.into_iter().map(|change| Change { data: change.data, values: change.values });
    let path = path.iter().map(|hash| hex(hash)).collect();
    Line { leaf, data: row.data, values: row.values, changes: changes.collect(), path }
}

/// Tiles that neighbours share, asked for once.
#[derive(Default)]
struct Upper(HashMap<(u8, u64), Vec<u8>>);

impl Upper {
    fn get(&mut self, conn: &mut PgConnection, level: u8, number: u64) -> Result<Vec<u8>, String> {
        const MOST: usize = 32;
        if let Some(known) = self.0.get(&(level, number)) {
            return Ok(known.clone());
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let hashes = sealed::tile(conn, level, number).map_err(|error| error.to_string())?;
        self.0.insert((level, number), hashes.clone());
        Ok(hashes)
    }
}

/// What went wrong with the file.
pub fn explain(error: io::Error) -> AppError {
    AppError::Internal(format!("The archive of the audit log cannot be written: {error}."))
}

fn broken(error: tree::Error) -> AppError {
    AppError::Internal(format!("The tree of the audit log has no way to its root: {error}."))
}
