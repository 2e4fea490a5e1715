//! Keeps a folder's `node_modules` as its lock file says.

use super::read;
use serde_json::{Map, Value};
use std::{fs::File, io::ErrorKind, path::Path, process::Command};

/// Runs `npm ci` when what is installed is not what the lock file names.
pub fn install_if_stale(folder: &Path) -> Result<(), String> {
    if is_fresh(folder)? {
        return Ok(());
    }
    // Two builds with different target folders would install into the same place.
    let lock = File::open("build.rs").map_err(|error| format!("cannot open build.rs: {error}"))?;
    lock.lock().map_err(|error| format!("cannot lock build.rs: {error}"))?;
    if is_fresh(folder)? {
        return Ok(());
    }
    install(folder)
}

fn install(folder: &Path) -> Result<(), String> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output =
        Command::new(npm).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            Err(format!("`npm ci` in {} failed ({}): {}", folder.display(), output.status, one_line(&output.stderr)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("npm was not found: install Node.js 20 or newer (it brings npm) and build again; \
             it is needed once, to fetch the CSS and JavaScript that are embedded in the binary"
                .into())
        }
        Err(error) => Err(format!("cannot run npm: {error}")),
    }
}

/// Content is compared, not time: a fresh checkout makes every file look new.
fn is_fresh(folder: &Path) -> Result<bool, String> {
    let wanted = packages(&read(&folder.join("package-lock.json"))?)?;
    let installed = match std::fs::read(folder.join("node_modules/.package-lock.json")) {
        Ok(bytes) => packages(&bytes)?,
        Err(_) => return Ok(false),
    };
    Ok(wanted == installed)
}

/// The packages of a lock file and their versions, without the root entry, which npm leaves out
/// of the installed copy.
fn packages(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let mut lock: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("a package lock file is not JSON: {error}"))?;
    let Value::Object(mut packages) = lock["packages"].take() else {
        return Err("a package lock file has no packages".into());
    };
    packages.remove("");
    Ok(packages.into_iter().map(|(path, package)| (path, package["integrity"].clone())).collect())
}

fn one_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
