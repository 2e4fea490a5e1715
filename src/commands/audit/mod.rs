//! `castellan audit`: the log as evidence, from the command line. Changes nothing but the key.

mod rotate;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use uuid::Uuid;

use crate::audit::archives::{check, proving};
use crate::audit::sealing::note::PublicKeys;
use crate::audit::sealing::proof;
use crate::config::Config;
use crate::db::{Engine, migrate};
use crate::token::hex;

/// What can be done.
#[derive(Subcommand)]
pub enum Audit {
    /// Compare every event with what was sealed; exit status 0 good, 1 changed, 2 not all could be checked, 3 nobody seals
    Verify(Verify),
    /// Write a proof that an event is in the log
    Prove(Prove),
    /// Check a proof, or the file of an archived month; needs no database
    Check(Check),
    /// Have another key sign the log, from the next checkpoint on; the one before signs once more together with it
    RotateKey(RotateKey),
}

/// How to verify.
#[derive(Args)]
pub struct Verify {
    /// Checkpoints kept elsewhere, one or many, which the log has to go on from
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Public keys, one on each line; those beside the signing key when left out
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The folder with the files of archived months, which are read too
    #[arg(long, value_name = "FOLDER")]
    archives: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Of what.
#[derive(Args)]
pub struct Prove {
    /// Id of the event
    event: Uuid,
    /// The folder with the files of archived months, for an event that is in one
    #[arg(long, value_name = "FOLDER")]
    archives: Option<PathBuf>,
    /// Where the proof goes; the standard output when left out
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What, and against what.
#[derive(Args)]
pub struct Check {
    /// The file that prove wrote, or the file of an archived month (.ndjson.zst)
    proof: PathBuf,
    /// Public keys of the log, one on each line
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
}

/// Whether the one before is there.
#[derive(Args)]
pub struct RotateKey {
    /// The key that signed last is lost: prove that the log goes on from what it signed, and sign with a new one
    #[arg(long)]
    lost: bool,
}

/// Does it; returns the exit status.
pub async fn run(config: &Config, asked: &Audit) -> Result<i32, String> {
    match asked {
        Audit::Verify(verify) => Ok(verify::run(config, verify).unwrap_or_else(|problem| {
            eprintln!("castellan: {problem}");
            verify::INCOMPLETE
        })),
        Audit::Prove(asked) => prove(config, asked).map(|()| 0),
        Audit::Check(asked) => check(asked).map(|()| 0),
        Audit::RotateKey(asked) => rotate::run(config, asked).await.map(|()| 0),
    }
}

fn prove(config: &Config, asked: &Prove) -> Result<(), String> {
    let engine = Engine::open(config)?;
    let mut conn = connect(engine.url())?;
    let folder = asked.archives.as_deref();
    let proof =
        conn.build_transaction().read_only().repeatable_read().run(|conn| proving::of(conn, asked.event, folder));
    let text = proof.map_err(explain)?.text().map_err(explain)?;
    match &asked.output {
        Some(path) => fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}.", path.display())),
        None => {
            print!("{text}");
            Ok(())
        }
    }
}

fn check(asked: &Check) -> Result<(), String> {
    let keys = public_keys(&asked.public_key)?;
    if asked.proof.extension().is_some_and(|ending| ending == "zst") {
        return check_archive(&asked.proof, &keys);
    }
    let (proof, checkpoint) = proof::check(&read(&asked.proof)?, &keys).map_err(|wrong| format!("{wrong}."))?;
    println!("Proven: leaf {} of {} in the log {}.", proof.leaf, checkpoint.size, checkpoint.origin);
    println!("{}", proof.data);
    Ok(())
}

fn check_archive(path: &Path, keys: &PublicKeys) -> Result<(), String> {
    let checked = check::check(path, Some(keys)).map_err(|wrong| format!("{}: {wrong}.", path.display()))?;
    let (rows, words, tree) = (checked.header.rows, checked.month.words(), &checked.checkpoint);
    println!("Proven: all {rows} {words}, in {} of the log {}.", tree.size, tree.origin);
    println!("SHA-256 {}", hex(&checked.extent.sha256));
    Ok(())
}

/// A connection that may read what is sealed, and nothing else.
fn connect(url: &str) -> Result<PgConnection, String> {
    let mut conn = migrate::connect(url)?;
    conn.batch_execute("set role castellan_sealer; set timezone = 'UTC'; set default_transaction_read_only = on")
        .map_err(explain)?;
    Ok(conn)
}

fn public_keys(path: &Path) -> Result<PublicKeys, String> {
    PublicKeys::read(&read(path)?).map_err(|error| format!("{}: {error}.", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()))
}

fn explain(error: impl std::fmt::Display) -> String {
    error.to_string()
}
