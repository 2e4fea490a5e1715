//! Making the proof that an event is in the log.

use diesel::PgConnection;
use uuid::Uuid;

use super::proof::Proof;
use super::verification::store;
use super::{note, store as sealed, tree};
use crate::error::AppError;

/// The proof for an event of either log, against the newest checkpoint. Whoever asks sees all of the event, for its
/// leaf is made of every change.
pub fn of(conn: &mut PgConnection, event: Uuid) -> Result<Proof, AppError> {
    let refuse = |why: &str| AppError::Conflict(why.into());
    let found = store::leaf_of(conn, event)?;
    let (leaf, row) = found.ok_or_else(|| refuse("There is no such event, or it is not sealed yet."))?;
    let note = store::checkpoint_over(conn, leaf)?;
    let note = note.ok_or_else(|| refuse("The event is sealed, but no checkpoint has been signed since."))?;
    let checkpoint = note::read(&note).map_err(|error| refuse(&error.to_string()))?;
    let row = sealed::leaves(conn, &[row])?.into_iter().next().flatten();
    let row = row.ok_or_else(|| refuse("The event is not in the database any more."))?;
    let tile = |level, number| sealed::tile(conn, level, number).map_err(|error| error.to_string());
    let path = tree::prove_inclusion(checkpoint.size, leaf, tile).map_err(|error| refuse(&error.to_string()))?;
    Ok(Proof::new(leaf, row, &path, note))
}
