//! Making the proof that an event is in the log, wherever its row is.

use std::path::Path;

use diesel::PgConnection;
use uuid::Uuid;

use super::recorded::Recorded;
use super::{check, file, store as archived};
use crate::audit::sealing::leaf::Log;
use crate::audit::sealing::proof::Proof;
use crate::audit::sealing::verification::store;
use crate::audit::sealing::{note, store as sealed, tree};
use crate::error::AppError;

/// The proof for an event of either log: against the newest checkpoint, or for one whose month has left the database
/// against the checkpoint that its file was written for, when the folder with the file is given. Whoever asks sees all
/// of the event, for its leaf is made of every change.
pub fn of(conn: &mut PgConnection, event: Uuid, folder: Option<&Path>) -> Result<Proof, AppError> {
    let found = store::leaf_of(conn, event)?;
    let (leaf, row) = found.ok_or_else(|| refusal("There is no such event, or it is not sealed yet."))?;
    let note = store::checkpoint_over(conn, leaf)?;
    let note = note.ok_or_else(|| refusal("The event is sealed, but no checkpoint has been signed since."))?;
    let checkpoint = note::read(&note).map_err(|error| refusal(&error.to_string()))?;
    let Some(found) = sealed::leaves(conn, &[row])?.into_iter().next().flatten() else {
        return from_file(conn, row.log, event, folder);
    };
    let tile = |level, number| sealed::tile(conn, level, number).map_err(|error| error.to_string());
    let path = tree::prove_inclusion(checkpoint.size, leaf, tile).map_err(|error| refusal(&error.to_string()))?;
    Ok(Proof::new(leaf, found, &path, note))
}

fn from_file(conn: &mut PgConnection, log: Log, event: Uuid, folder: Option<&Path>) -> Result<Proof, AppError> {
    let (leaf, recorded) = match archived::of_event(conn, log, event) {
        Err(AppError::NotFound) => return Err(refusal("The event is not in the database any more.")),
        found => found?,
    };
    let name = &recorded.archive.file_name;
    let Some(folder) = folder else {
        return Err(refusal(&format!(
            "The event was archived in {name}. With its folder castellan audit prove --archives makes the proof."
        )));
    };
    let path = folder.join(name);
    refuse_others(&recorded, &path)?;
    let found = check::find(&path, leaf.cast_unsigned());
    let found = found.map_err(|wrong| refusal(&format!("{name} cannot be used: {wrong}.")))?;
    found.ok_or_else(|| refusal(&format!("{name} has no leaf {leaf}.")))
}

/// A file from before an erasure proves as well, and would give away what was erased.
fn refuse_others(recorded: &Recorded, path: &Path) -> Result<(), AppError> {
    let name = &recorded.archive.file_name;
    let found = file::extent(path).map_err(|error| refusal(&format!("{name} cannot be used: {error}.")))?;
    match recorded.version(&found.sha256) {
        None => Err(refusal(&format!("{name} is not the file that was recorded."))),
        Some(version) if !recorded.lacks(version).is_empty() => Err(refusal(&format!(
            "{name} is from before an erasure. The file that counts has the SHA-256 {}.",
            recorded.sha256_text()
        ))),
        Some(_) => Ok(()),
    }
}

fn refusal(why: &str) -> AppError {
    AppError::Conflict(why.to_owned())
}
