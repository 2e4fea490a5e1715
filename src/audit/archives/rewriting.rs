//! Files that take the place of archived ones, because values were erased from them. The new file lies beside the old
//! one until its record is committed, and is given the name then: broken off before, nothing has happened; broken off
//! after, the next run finds it by its hash and goes on.

use std::fs;
use std::io;
use std::path::Path;

use super::check::{self, Checked, Wrong};
use super::file::{self, Draft, Extent, Header, Line, Reader, Writer};
use super::recorded::Recorded;

/// Rows and changes that are read in one go, so that memory does not grow with the month.
const PIECE: usize = 1000;

/// A file that is read a piece at a time.
pub struct Source {
    pub header: Header,
    reader: Reader,
}

impl Source {
    /// Opens it.
    pub fn open(path: &Path) -> Result<Source, Wrong> {
        let mut reader = check::open(path)?;
        let (header, ..) = check::head(&mut reader, None)?;
        Ok(Source { header, reader })
    }

    /// The next rows; none at the end.
    pub fn piece(&mut self) -> Result<Vec<Line>, Wrong> {
        let (mut lines, mut size) = (Vec::new(), 0);
        while size < PIECE {
            let Some(line) = check::next::<Line>(&mut self.reader)? else { break };
            size += 1 + line.changes.len();
            lines.push(line);
        }
        Ok(lines)
    }

    /// What was read, once it was read to its end.
    pub fn extent(self) -> Extent {
        self.reader.extent()
    }
}

/// Writes a file anew, as a draft beside it.
pub struct Rewriter {
    pub source: Source,
    writer: Writer,
    erased: u64,
}

impl Rewriter {
    /// Of the file of that name.
    pub fn begin(folder: &Path, name: &str) -> Result<Rewriter, Wrong> {
        let source = Source::open(&folder.join(name))?;
        let writer = Writer::begin(folder, name, &source.header)?;
        Ok(Rewriter { source, writer, erased: 0 })
    }

    /// Adds rows from which so many values were erased.
    pub fn put(&mut self, lines: &[Line], erased: u64) -> Result<(), Wrong> {
        self.erased += erased;
        Ok(lines.iter().try_for_each(|line| self.writer.row(line))?)
    }

    /// Ends the draft and reads it back: it holds what the file of the record holds, but for what was erased.
    pub fn finish(self, recorded: &Recorded) -> Result<(Draft, Checked), Wrong> {
        let otherwise = |what: &str| Wrong::Whole(format!("{what} reads otherwise than it was written"));
        let read = self.source.extent();
        let version = recorded.version(&read.sha256).ok_or_else(|| otherwise("it"))?;
        let (draft, written) = self.writer.finish()?;
        let checked = check::check(&draft.path, None)?;
        let archive = &recorded.archive;
        let kept = (checked.header.rows, checked.changes, checked.erased);
        let due = (
            archive.row_count.cast_unsigned(),
            archive.change_count.cast_unsigned(),
            recorded.erased(version).cast_unsigned() + self.erased,
        );
        match checked.extent == written && kept == due {
            true => Ok((draft, checked)),
            false => Err(otherwise("what was to take its place")),
        }
    }
}

/// Ends what runs before began: a draft that a record speaks of is given its name, every other one goes.
pub fn settle(folder: &Path, recorded: &[Recorded]) -> io::Result<()> {
    for month in recorded {
        let name = &month.archive.file_name;
        for draft in file::drafts(folder, name)? {
            match is_due(folder, &draft, month)? {
                true => file::place(folder, &draft, name)?,
                false => fs::remove_file(draft)?,
            }
        }
    }
    Ok(())
}

/// What is on no record is not written over.
fn is_due(folder: &Path, draft: &Path, month: &Recorded) -> io::Result<bool> {
    if month.newest().is_none() || file::extent(draft)?.sha256.as_slice() != month.sha256() {
        return Ok(false);
    }
    match file::extent(&folder.join(&month.archive.file_name)) {
        Ok(placed) => Ok(month.version(&placed.sha256).is_some() && placed.sha256.as_slice() != month.sha256()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
