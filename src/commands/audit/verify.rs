//! `castellan audit verify`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use jiff::Timestamp;

use super::{Verify, connect, explain, public_keys, read};
use crate::audit::sealing::note;
use crate::audit::sealing::verification::{Report, Verdict, Verification};
use crate::config::Config;
use crate::db::Engine;

/// The exit status where not all could be looked at.
pub const INCOMPLETE: i32 = 2;

/// Verifies and prints what was found.
pub fn run(config: &Config, asked: &Verify) -> Result<i32, String> {
    let beside = PathBuf::from(format!("{}.pub", config.audit_key().display()));
    let keys = match &asked.public_key {
        Some(path) => Some(public_keys(path)?),
        None if beside.exists() => Some(public_keys(&beside)?),
        None => None,
    };
    let held = match (&asked.checkpoint, &keys) {
        (None, _) => None,
        (Some(path), Some(keys)) => match note::open(&read(path)?, keys) {
            Ok(held) => Some(held),
            Err(refused) => {
                eprintln!("castellan: {}: {refused}.", path.display());
                return Ok(Verdict::Mismatch.status());
            }
        },
        (Some(path), None) => Some(note::read(&read(path)?).map_err(explain)?),
    };
    let engine = Engine::open(config)?;
    let mut conn = connect(engine.url())?;
    let cores = if engine.is_embedded() { 1 } else { std::thread::available_parallelism().map_or(2, usize::from) };
    let others = (1..cores.min(8)).map(|_| connect(engine.url())).collect::<Result<_, _>>()?;
    let verification = Verification {
        keys: keys.as_ref(),
        held,
        now: Timestamp::now(),
        archives: asked.archives.as_deref(),
        progress: &progress,
    };
    let report = verification.run(&mut conn, others).map_err(explain)?;
    match asked.json {
        true => println!("{}", serde_json::to_string_pretty(&report).map_err(explain)?),
        false => print(&report),
    }
    Ok(report.verdict.status())
}

/// One line that is written over and over, for people only.
fn progress(done: u64, size: u64) {
    let mut out = std::io::stderr().lock();
    if out.is_terminal() {
        let end = if done == size { "\n" } else { "" };
        let _ = write!(out, "\r{:3} % of {size} leaves{end}", done * 100 / size.max(1));
        let _ = out.flush();
    }
}

fn print(report: &Report) {
    for problem in &report.problems {
        println!("{problem}");
    }
    if report.problem_count > report.problems.len() {
        println!("And {} more.", report.problem_count - report.problems.len());
    }
    if let Some(leaf) = report.first_bad_leaf {
        println!("The first bad leaf is {leaf}.");
    }
    let verdict = match report.verdict {
        Verdict::Good => "Good",
        Verdict::Mismatch => "Not what was sealed",
        Verdict::Incomplete => "Not all could be checked",
        Verdict::Stale => "As it was sealed, but sealing has stopped",
    };
    let (leaves, checkpoints, unsealed) = (report.tree_size, report.checkpoints, report.unsealed);
    let archived = match report.archived {
        0 => String::new(),
        archived => format!(", {archived} of them archived"),
    };
    println!("{verdict}: {leaves} leaves{archived}, {checkpoints} checkpoints, {unsealed} events not sealed yet.");
}
