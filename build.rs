//! Installs the third-party assets and embeds just the files the pages use.
//!
//! It runs again when the lock file or our own CSS and JavaScript change, and never for a
//! template or a Rust file.

#[path = "build/bundle.rs"]
mod bundle;
#[path = "build/embed.rs"]
mod embed;
#[path = "build/npm.rs"]
mod npm;

use std::path::Path;

fn main() {
    for path in ["build.rs", "build", "static/package-lock.json", "static/css", "static/js"] {
        println!("cargo::rerun-if-changed={path}");
    }
    if let Err(sentence) = run() {
        println!("cargo::error={sentence}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), String> {
    let statics = Path::new("static");
    npm::install_if_stale(statics)?;
    embed::write(bundle::files(statics)?)
}

/// Reads a file, naming it in the error.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
