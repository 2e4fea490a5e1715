//! The file with the key that signs the log. It lies outside of the database, so that whoever can write there cannot
//! sign what they wrote.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::sealing::note::{self, PublicKeys, SigningKey};
use crate::config::Config;
use crate::error::AppError;

/// Where the key lies. Private keys are a line each, the one that signs from now on first, and after it those that have
/// to sign once more. Beside it, in `.pub`, are all public keys there ever were, the newest first.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: Arc<Path>,
    /// The name of the log in a first key, as C2SP wants it: an address without its scheme.
    origin: Arc<str>,
}

impl KeyFile {
    /// The one of the settings.
    pub fn of(config: &Config) -> KeyFile {
        let base = config.base();
        let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host);
        KeyFile { path: config.audit_key().into(), origin: format!("{host}/audit").into() }
    }

    /// The keys that sign; none where there is no file.
    pub fn keys(&self) -> Result<Vec<SigningKey>, AppError> {
        let Some(text) = self.text(&self.path)? else { return Ok(Vec::new()) };
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let keys = lines.map(|line| SigningKey::read(line).map_err(|error| self.explain(error)));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        match keys.is_empty() {
            true => Err(self.explain("it is empty")),
            false => Ok(keys),
        }
    }

    /// Makes the first key; when another process was quicker, takes that.
    pub fn make(&self) -> Result<Vec<SigningKey>, AppError> {
        let (private, key) = SigningKey::generate(&self.origin).map_err(|error| self.explain(error))?;
        let is_first = self.put(&self.path, &format!("{private}\n"), Put::New)?;
        if is_first {
            let older = self.public()?.unwrap_or_default();
            self.put(&self.public_path(), &format!("{}\n{older}", key.public()), Put::Over)?;
        }
        self.keys()
    }

    /// The name of the log in the key that signs.
    pub fn origin(&self) -> Result<String, AppError> {
        Ok(self.keys()?.first().map_or(self.origin.to_string(), |key| key.origin().to_owned()))
    }

    /// Puts a new key before the others, which sign the next checkpoint together with it.
    pub fn rotate(&self, new: &NewKey) -> Result<(), AppError> {
        let older = self.text(&self.path)?.unwrap_or_default();
        self.begin_with(new, &older)
    }

    /// Puts a new key in the place of all others, which are lost or of another log.
    pub fn replace(&self, new: &NewKey) -> Result<(), AppError> {
        self.begin_with(new, "")
    }

    fn begin_with(&self, new: &NewKey, older: &str) -> Result<(), AppError> {
        let known = self.public()?.unwrap_or_default();
        // The public key first: a signature that nobody can check is worse than a key that never signs.
        self.put(&self.public_path(), &format!("{}\n{known}", new.public()), Put::Over)?;
        self.put(&self.path, &format!("{}\n{older}", new.private), Put::Over).map(drop)
    }

    /// Forgets the private keys that have signed for the last time.
    pub fn retire(&self) -> Result<(), AppError> {
        let text = self.text(&self.path)?.unwrap_or_default();
        match text.split_once('\n') {
            Some((newest, older)) if !older.trim().is_empty() => {
                self.put(&self.path, &format!("{newest}\n"), Put::Over).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// All public keys, a line each, the newest first; none where there is no file.
    pub fn public(&self) -> Result<Option<String>, AppError> {
        self.text(&self.public_path())
    }

    /// Where the public keys lie.
    pub fn public_path(&self) -> PathBuf {
        beside(&self.path, ".pub")
    }

    fn text(&self, path: &Path) -> Result<Option<String>, AppError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Writes the whole file or nothing of it. False when it had to be new and is there already.
    fn put(&self, path: &Path, text: &str, how: Put) -> Result<bool, AppError> {
        let draft = beside(path, &format!(".{:08x}", rand::random::<u32>()));
        let mode = if *path == *self.path { 0o600 } else { 0o644 };
        let placed = write_new(&draft, text, mode).and_then(|()| match how {
            Put::Over => fs::rename(&draft, path).map(|()| true),
            Put::New => match fs::hard_link(&draft, path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
                done => done.map(|()| true),
            },
        });
        // After a rename there is none any more.
        let _ = fs::remove_file(&draft);
        placed.map_err(|error| self.explain(error))
    }

    fn explain(&self, error: impl std::fmt::Display) -> AppError {
        AppError::Internal(format!("The key of the audit log {} cannot be used: {error}.", self.path.display()))
    }
}

/// A key that lies nowhere yet.
pub struct NewKey {
    private: String,
    key: SigningKey,
}

impl NewKey {
    /// One of a log with this name.
    pub fn draw(origin: &str) -> Result<NewKey, AppError> {
        let (private, key) = SigningKey::generate(origin)
            .map_err(|error| AppError::Internal(format!("No key can be made for the audit log: {error}.")))?;
        Ok(NewKey { private, key })
    }

    /// What signs.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Its public half.
    pub fn public(&self) -> &str {
        self.key.public()
    }
}

#[derive(Clone, Copy)]
enum Put {
    New,
    Over,
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn write_new(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whether one of these keys has signed a note.
pub fn have_signed(keys: &[SigningKey], text: &str) -> bool {
    let public: String = keys.iter().map(|key| format!("{}\n", key.public())).collect();
    PublicKeys::read(&public).is_ok_and(|keys| note::open(text, &keys).is_ok())
}
