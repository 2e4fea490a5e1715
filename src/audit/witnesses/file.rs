//! A witness that is a file: each checkpoint behind the one before, and a blank line.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::audit::sealing::note::{self, Checkpoint};

/// The end of a file, which holds its last checkpoint.
const END: u64 = 64 * 1024;

/// The last checkpoint in it; none where there is no file yet.
pub fn last(path: &Path) -> Result<Option<(String, Checkpoint)>, String> {
    let mut text = Vec::new();
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(mut file) => {
            let length = file.metadata().map_err(|error| error.to_string())?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(END))).map_err(|error| error.to_string())?;
            file.take(END).read_to_end(&mut text).map_err(|error| error.to_string())?;
        }
    }
    let text = String::from_utf8_lossy(&text);
    let Some(note) = note::several(&text).pop() else { return Ok(None) };
    match note::read(&note) {
        Ok(checkpoint) => Ok(Some((note, checkpoint))),
        Err(_) => Err("It does not end with a checkpoint. Take away what stands behind the last one.".into()),
    }
}

/// Adds one, whole or not at all. The folder has to be there: it may be a disk that is not.
pub fn append(path: &Path, note: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    let written = file.write_all(format!("{note}\n").as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // What a full disk took of it.
        let _ = file.set_len(length);
    }
    written
}
