//! Appending to a file. It is opened anew for each batch, so that somebody may move it away at any time.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Appends lines, and waits until they are on the disk.
pub async fn append(path: PathBuf, body: Vec<u8>) -> Result<(), String> {
    let written = actix_web::rt::task::spawn_blocking(move || {
        write(&path, &body).map_err(|error| format!("{} cannot be written: {error}", path.display()))
    });
    written.await.map_err(|error| error.to_string())?
}

fn write(path: &Path, body: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)?;
    // What was broken off in the middle of a line is sent again, on a line of its own.
    if !ends_with_a_line(&mut file)? {
        file.write_all(b"\n")?;
    }
    file.write_all(body)?;
    file.sync_all()
}

fn ends_with_a_line(file: &mut File) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}
