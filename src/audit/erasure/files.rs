//! The files of archived months while somebody is erased, and which of them could not be gone through.

use std::fs;
use std::path::Path;

use super::Erasing;
use super::file::{File, Trouble};
use super::store::Known;
use crate::actor::{Can, Privilege};
use crate::audit::archives::recorded::Recorded;
use crate::audit::archives::{blocking, file, rewriting, store};
use crate::db::Db;
use crate::error::AppError;

/// Nobody else writes to their folder meanwhile, so that no month leaves the database between the look at it and the
/// erasing.
pub struct Files {
    _turn: Option<fs::File>,
    files: Vec<File>,
    /// By name, with the reason.
    unreached: Vec<(String, String)>,
}

impl Files {
    /// Those that are on record, after what runs before began has been ended.
    pub async fn open<P: Privilege>(db: &Db, can: &Can<P>, folder: Option<&Path>) -> Result<Files, AppError> {
        let turn = match folder.map(|folder| (folder, file::take_turn(folder))) {
            None => Err("no folder is set (CASTELLAN_AUDIT_ARCHIVE)".to_owned()),
            Some((folder, Err(error))) => Err(format!("{} cannot be used: {error}", folder.display())),
            Some((_, Ok(None))) => {
                let why = "months are being archived, or somebody else is erased from them; try again later";
                return Err(AppError::Unavailable(why.into()));
            }
            Some((folder, Ok(Some(turn)))) => Ok((folder, turn)),
        };
        let recorded = db.read(can, store::all).await?;
        let mut all = Files { _turn: None, files: Vec::new(), unreached: Vec::new() };
        match turn {
            Err(why) => recorded.iter().for_each(|month| all.misses(month, &why)),
            Ok((folder, turn)) => {
                all._turn = Some(turn);
                all.find(folder, recorded).await?;
            }
        }
        Ok(all)
    }

    async fn find(&mut self, folder: &Path, recorded: Vec<Recorded>) -> Result<(), AppError> {
        let place = folder.to_owned();
        let (recorded, settled) = blocking(move || {
            let settled = rewriting::settle(&place, &recorded);
            (recorded, settled)
        })
        .await?;
        for month in recorded {
            let found = match &settled {
                Err(error) => Err(format!("what an earlier run left cannot be cleared away: {error}")),
                Ok(()) => File::find(folder, &month).await?,
            };
            match found {
                Ok(file) => self.files.push(file),
                Err(why) => self.misses(&month, &why),
            }
        }
        Ok(())
    }

    fn misses(&mut self, month: &Recorded, why: &str) {
        self.unreached.push((month.archive.file_name.clone(), why.to_owned()));
    }

    /// Names of those that could not be gone through.
    pub fn unreached(&self) -> Vec<&str> {
        self.unreached.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Rows and changes with a value that goes, as of the last look.
    pub fn due(&self) -> i64 {
        self.files.iter().map(|file| file.due).sum()
    }

    /// Counts what goes by what is known. Returns what is known afterwards: where that is more, another look is needed.
    pub async fn look<P: Privilege>(&mut self, db: &Db, can: &Can<P>, mut known: Known) -> Result<Known, AppError> {
        for mut file in std::mem::take(&mut self.files) {
            match file.look(db, can, known.clone()).await {
                Ok(learned) => {
                    known = learned;
                    self.files.push(file);
                }
                Err(Trouble::File(why)) => self.misses(&file.recorded, &why),
                Err(Trouble::All(error)) => return Err(error),
            }
        }
        Ok(known)
    }

    /// Writes each file with a value that goes anew.
    pub async fn rewrite<P: Privilege>(&mut self, erasing: &Erasing<'_, P>) -> Result<(), AppError> {
        for file in std::mem::take(&mut self.files) {
            match file.rewrite(erasing).await {
                Ok(()) => {}
                Err(Trouble::File(why)) => self.misses(&file.recorded, &why),
                Err(Trouble::All(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Says what was not gone through.
    pub fn finish(self) -> Result<(), AppError> {
        let why: Vec<String> = self.unreached.iter().map(|(name, why)| format!("{name}: {why}.")).collect();
        match why.is_empty() {
            true => Ok(()),
            false => Err(AppError::Conflict(format!(
                "Values were erased, but not from every archived month. {} Mend it and erase again, with the addresses and \
                 names, which the log knows no longer.",
                why.join(" ")
            ))),
        }
    }
}
