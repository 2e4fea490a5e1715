//! The file of a month, as docs/audit-log.md has it: lines of JSON, compressed. Its first line says what it holds, each
//! other one is a row that proves its place in the tree.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zstd::{Decoder, Encoder};

use crate::audit::sealing::Hash;
use crate::audit::sealing::commitment::Values;
use crate::audit::sealing::proof::{Change, Proof};

/// Of the format; another one would need other checks.
pub const VERSION: u8 = 1;
/// More of it costs much time and saves little.
const COMPRESSION: i32 = 3;
/// How the names of drafts end.
const PART: &str = ".part";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub v: u8,
    pub log: String,
    /// Such as `2026-11`.
    pub month: String,
    pub rows: u64,
    pub first_leaf: Option<u64>,
    pub last_leaf: Option<u64>,
    /// What all rows are proven against.
    pub checkpoint: String,
}

/// Any other line. With the checkpoint it is what `castellan audit prove` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub leaf: u64,
    pub data: String,
    pub values: Values,
    pub changes: Vec<Change>,
    pub path: Vec<String>,
}

impl Line {
    /// The proof that this row is in the log.
    pub fn proof(self, checkpoint: String) -> Proof {
        let Line { leaf, data, values, changes, path } = self;
        Proof { data, values, changes, leaf, path, checkpoint }
    }
}

/// What is known of a file once it was written or read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub bytes: u64,
    pub sha256: Hash,
}

/// Whoever holds this is alone in writing to a folder. It ends with its process, however that ends.
pub fn take_turn(folder: &Path) -> io::Result<Option<File>> {
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join(".lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A file beside the one that it becomes. It goes away with this, unless it was put in its place.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
    pub path: PathBuf,
}

impl Draft {
    /// A new one; those of the same name that were left lying go away.
    fn of(folder: &Path, name: &str) -> io::Result<Draft> {
        for left in drafts(folder, name)? {
            fs::remove_file(left)?;
        }
        let path = folder.join(format!(".{name}.{:08x}{PART}", rand::random::<u32>()));
        Ok(Draft { folder: folder.to_owned(), path })
    }

    /// Gives the file its name, to last through a power failure.
    pub fn place(&self, name: &str) -> io::Result<()> {
        place(&self.folder, &self.path, name)
    }

    /// Lets it lie through whatever happens, until it is given its name. Returns where it lies.
    pub fn keep(mut self) -> io::Result<PathBuf> {
        File::open(&self.folder)?.sync_all()?;
        // Nothing is there to go away with this.
        Ok(std::mem::take(&mut self.path))
    }
}

/// Gives a draft in a folder its name, to last through a power failure.
pub fn place(folder: &Path, draft: &Path, name: &str) -> io::Result<()> {
    fs::rename(draft, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// Drafts of the file of that name that were left lying.
pub fn drafts(folder: &Path, name: &str) -> io::Result<Vec<PathBuf>> {
    let begins = format!(".{name}.");
    let mut left = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&begins) && name.ends_with(PART)) {
            left.push(entry.path());
        }
    }
    Ok(left)
}

/// What a file is, without looking into it.
pub fn extent(path: &Path) -> io::Result<Extent> {
    let mut bytes = Hashing::new(File::open(path)?);
    io::copy(&mut bytes, &mut io::sink())?;
    Ok(bytes.extent())
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After it was placed there is none any more.
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes a file line by line.
pub struct Writer {
    out: Encoder<'static, Hashing<File>>,
    draft: Draft,
}

impl Writer {
    /// Begins a draft of the file of that name. The folder has to be there: where it was to be mounted and is not,
    /// another one would be filled.
    pub fn begin(folder: &Path, name: &str, header: &Header) -> io::Result<Writer> {
        let draft = Draft::of(folder, name)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft.path)?;
        let mut out = Encoder::new(Hashing::new(file), COMPRESSION)?;
        out.include_checksum(true)?;
        let mut writer = Writer { out, draft };
        writer.put(header)?;
        Ok(writer)
    }

    /// Adds a row.
    pub fn row(&mut self, line: &Line) -> io::Result<()> {
        self.put(line)
    }

    /// Ends the file. When this returns it is on the disk.
    pub fn finish(self) -> io::Result<(Draft, Extent)> {
        let done = self.out.finish()?;
        done.inner.sync_all()?;
        Ok((self.draft, done.extent()))
    }

    fn put(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

/// Reads a file line by line.
pub struct Reader {
    lines: BufReader<Decoder<'static, BufReader<Hashing<File>>>>,
    text: String,
    /// Of the line that was read last, from 1.
    pub number: u64,
}

impl Reader {
    /// Opens it.
    pub fn open(path: &Path) -> io::Result<Reader> {
        let packed = BufReader::new(Hashing::new(File::open(path)?));
        Ok(Reader { lines: BufReader::new(Decoder::with_buffer(packed)?), text: String::new(), number: 0 })
    }

    /// The next line; none at the end.
    pub fn line<T: for<'t> Deserialize<'t>>(&mut self) -> io::Result<Option<T>> {
        self.text.clear();
        self.number += 1;
        match self.lines.read_line(&mut self.text)? {
            0 => Ok(None),
            _ => Ok(Some(serde_json::from_str(&self.text)?)),
        }
    }

    /// What the file is, once it was read to its end.
    pub fn extent(self) -> Extent {
        self.lines.into_inner().finish().into_inner().extent()
    }
}

/// Hashes what goes through.
struct Hashing<F> {
    inner: F,
    hash: Sha256,
    bytes: u64,
}

impl<F> Hashing<F> {
    fn new(inner: F) -> Hashing<F> {
        Hashing { inner, hash: Sha256::new(), bytes: 0 }
    }

    fn took(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn extent(self) -> Extent {
        Extent { bytes: self.bytes, sha256: self.hash.finalize().into() }
    }
}

impl<F: Write> Write for Hashing<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.took(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<F: Read> Read for Hashing<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.took(&into[..read]);
        Ok(read)
    }
}
