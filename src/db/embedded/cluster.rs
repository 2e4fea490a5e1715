//! The folder of an embedded PostgreSQL: making, copying and checking it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use pglite_oxide::{DataDirArchiveFormat, Pglite};

use super::{DATABASE, EXTENSIONS, EmbeddedError, disk, engine};

/// The engine bundles this major version; a folder of another one cannot be opened.
pub(super) const MAJOR_VERSION: &str = "17";
/// Where the engine keeps the cluster inside its root folder.
pub(super) const FOLDER: &str = "tmp/pglite/base";

pub(super) fn prepare_data_dir(dir: &Path) -> Result<PathBuf, EmbeddedError> {
    create_private_dir(dir)?;
    dir.canonicalize().map_err(disk("open", dir))
}

fn create_private_dir(dir: &Path) -> Result<(), EmbeddedError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(disk("create", dir))
}

pub(super) fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join("postgres.lock");
    let file = File::create(&path).map_err(disk("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse(data_dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(disk("lock", &path)(error)),
    }
}

/// Makes a self-contained cluster with the extensions and an empty database.
///
/// A folder the engine makes on its own is a layer over files in the user's cache, and does not
/// open again once the engine is upgraded. Loading an archive makes a complete one. It grows
/// under another name, so that an interrupted start leaves nothing that looks like a database.
pub(super) fn create(data_dir: &Path, root: &Path) -> Result<(), EmbeddedError> {
    let unfinished = data_dir.join("postgres.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(disk("remove", &unfinished))?;
    }
    create_private_dir(&unfinished)?;
    fill_cluster(&unfinished).map_err(engine)?;
    fs::rename(&unfinished, root).map_err(disk("create", root))
}

fn fill_cluster(root: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut template = Pglite::builder().temporary().extensions(EXTENSIONS).open()?;
    let archive = template.dump_data_dir_with_format(DataDirArchiveFormat::Tar)?;
    template.close()?;
    let mut cluster = Pglite::builder().path(root).load_data_dir_archive(archive).extensions(EXTENSIONS).open()?;
    cluster.exec(&format!("create database {DATABASE}"), None)?;
    cluster.close()?;
    Ok(())
}

pub(super) fn check_version(root: &Path) -> Result<(), EmbeddedError> {
    let cluster = root.join(FOLDER);
    let version = fs::read_to_string(cluster.join("PG_VERSION"));
    let complete = cluster.join("global/pg_control").exists();
    match version.as_deref().map(str::trim) {
        Ok(MAJOR_VERSION) if complete => Ok(()),
        Ok(found) if complete => Err(EmbeddedError::OtherVersion { path: root.to_owned(), found: found.to_owned() }),
        _ => Err(EmbeddedError::Incomplete(root.to_owned())),
    }
}

pub(super) fn copy_dir(from: &Path, to: &Path) -> Result<(), EmbeddedError> {
    create_private_dir(to)?;
    for entry in entries(from)? {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_dir(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(disk("copy to", &target))?;
        }
    }
    Ok(())
}

/// Brings what the engine left to the operating system onto the disk.
pub(super) fn sync_dir(dir: &Path) -> Result<(), EmbeddedError> {
    for entry in entries(dir)? {
        let path = entry.path();
        if path.is_dir() {
            sync_dir(&path)?;
        } else {
            File::open(&path).and_then(|file| file.sync_all()).map_err(disk("write", &path))?;
        }
    }
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(disk("write", dir))
}

fn entries(dir: &Path) -> Result<Vec<fs::DirEntry>, EmbeddedError> {
    fs::read_dir(dir).and_then(Iterator::collect).map_err(disk("read", dir))
}
