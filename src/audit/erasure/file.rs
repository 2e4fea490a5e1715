//! One file of an archived month while somebody is erased. What is about them the database says, a piece at a time, as
//! it does for its own rows.

use std::path::{Path, PathBuf};

use super::store::{self, Known};
use super::{Erasing, lines};
use crate::action::Action;
use crate::actor::{Can, Privilege};
use crate::audit::archives::check::{Checked, Wrong};
use crate::audit::archives::file::{self, Draft};
use crate::audit::archives::recorded::{Made, Recorded, Version};
use crate::audit::archives::rewriting::{Rewriter, Source};
use crate::audit::archives::{blocking, store as archives};
use crate::db::Db;
use crate::error::AppError;

/// A file that is on record.
pub struct File {
    pub recorded: Recorded,
    /// Rows and changes with a value that goes.
    pub due: i64,
    folder: PathBuf,
    version: Version,
}

/// What went wrong: with a file, which keeps no other from being gone through, or at all.
pub enum Trouble {
    File(String),
    All(AppError),
}

impl From<Wrong> for Trouble {
    fn from(wrong: Wrong) -> Trouble {
        Trouble::File(wrong.to_string())
    }
}

impl From<AppError> for Trouble {
    fn from(error: AppError) -> Trouble {
        Trouble::All(error)
    }
}

impl File {
    /// The file of a month, or why it cannot be gone through.
    pub async fn find(folder: &Path, month: &Recorded) -> Result<Result<File, String>, AppError> {
        let path = folder.join(&month.archive.file_name);
        let extent = match blocking(move || file::extent(&path)).await? {
            Err(error) => return Ok(Err(Wrong::from(error).to_string())),
            Ok(extent) => extent,
        };
        let Some(version) = month.version(&extent.sha256) else {
            return Ok(Err("it is not the file that was recorded".into()));
        };
        Ok(Ok(File { recorded: month.clone(), due: 0, folder: folder.to_owned(), version }))
    }

    /// Counts what goes by what is known. Returns what is known afterwards.
    pub async fn look<P: Privilege>(&mut self, db: &Db, can: &Can<P>, mut known: Known) -> Result<Known, Trouble> {
        self.due = 0;
        let path = self.folder.join(&self.recorded.archive.file_name);
        let mut source = blocking(move || Source::open(&path)).await??;
        loop {
            let piece;
            (source, piece) = blocking(move || source.piece().map(|piece| (source, piece))).await??;
            if piece.is_empty() {
                return Ok(known);
            }
            let due: i64;
            (known, due) = db
                .read(can, move |conn| {
                    let text = lines::text(&piece)?;
                    let known = store::learn(conn, &known, Some(&text))?;
                    let found = store::find(conn, &known, Some(&text))?;
                    Ok((known, found.iter().map(|batch| batch.row_count).sum()))
                })
                .await?;
            self.due += due;
        }
    }

    /// Writes it anew, where a value goes.
    pub async fn rewrite<P: Privilege>(&self, erasing: &Erasing<'_, P>) -> Result<(), Trouble> {
        if self.due > 0 {
            let (draft, checked) = self.draft(erasing).await?;
            self.replace(erasing, draft, &checked).await?;
        }
        let is_left = |erasure: &&&Made| self.due == 0 || erasure.subject_id != erasing.subject;
        match self.recorded.lacks(self.version).iter().find(is_left) {
            None => Ok(()),
            Some(erasure) => Err(Trouble::File(format!(
                "it is from before person {} was erased; erase them again, or bring the file with the SHA-256 {} back",
                erasure.subject_id,
                self.recorded.sha256_text()
            ))),
        }
    }

    async fn draft<P: Privilege>(&self, erasing: &Erasing<'_, P>) -> Result<(Draft, Checked), Trouble> {
        let (folder, name) = (self.folder.clone(), self.recorded.archive.file_name.clone());
        let mut rewriter = blocking(move || Rewriter::begin(&folder, &name)).await??;
        loop {
            let mut piece;
            (rewriter, piece) = blocking(move || rewriter.source.piece().map(|piece| (rewriter, piece))).await??;
            if piece.is_empty() {
                break;
            }
            let known = erasing.known.clone();
            let erased;
            (piece, erased) = erasing
                .db
                .read(erasing.can, move |conn| {
                    let found = store::find(conn, &known, Some(&lines::text(&piece)?))?;
                    let erased = lines::erase(&mut piece, &found)?;
                    Ok((piece, erased))
                })
                .await?;
            rewriter = blocking(move || rewriter.put(&piece, erased).map(|()| rewriter)).await??;
        }
        let recorded = self.recorded.clone();
        Ok(blocking(move || rewriter.finish(&recorded)).await??)
    }

    /// Records the draft, and gives it the name of the file when that is committed.
    async fn replace<P: Privilege>(
        &self,
        erasing: &Erasing<'_, P>,
        draft: Draft,
        checked: &Checked,
    ) -> Result<(), Trouble> {
        let name = self.recorded.archive.file_name.clone();
        let made = self.made(erasing, checked);
        let draft = match made.sha256 == self.recorded.sha256() {
            // On record already, by a run that was broken off.
            true => draft.keep().map_err(Wrong::from)?,
            false => {
                let action = Action::general("audit.rewrite", "log").details(made.facts(&self.recorded.archive));
                let recorded = erasing.db.write(erasing.can, action, move |tx| {
                    let event = tx.event_id();
                    archives::record_rewrite(tx, event)?;
                    Ok(draft.keep())
                });
                recorded.await?.map_err(Wrong::from)?
            }
        };
        let folder = self.folder.clone();
        Ok(blocking(move || file::place(&folder, &draft, &name)).await?.map_err(Wrong::from)?)
    }

    fn made<P>(&self, erasing: &Erasing<'_, P>, checked: &Checked) -> Made {
        Made {
            number: i32::try_from(self.recorded.rewrites.len() + 1).unwrap_or(i32::MAX),
            subject_id: erasing.subject,
            erasure_id: erasing.event,
            erased_count: checked.erased.cast_signed(),
            previous_sha256: self.recorded.sha256_of(self.version).to_owned(),
            file_size: checked.extent.bytes.cast_signed(),
            sha256: checked.extent.sha256.to_vec(),
        }
    }
}
