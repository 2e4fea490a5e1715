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
    let mut held = Vec::new();
    if let Some(path) = &asked.checkpoint {
        for text in note::several(&read(path)?) {
            let opened = keys.as_ref().map_or_else(|| note::read(&text), |keys| note::open(&text, keys));
            match opened {
                Ok(checkpoint) => held.push(checkpoint),
                Err(refused) => {
                    eprintln!("castellan: {}, checkpoint {}: {refused}.", path.display(), held.len() + 1);
                    return Ok(Verdict::Mismatch.status());
                }
            }
        }
        if held.is_empty() {
            return Err(format!("{} has no checkpoint in it.", path.display()));
        }
    }
    let engine = Engine::open(config)?;
    let mut conn = connect(engine.url())?;
    let cores = if engine.is_embedded() { 1 } else { std::thread::available_parallelism().map_or(2, usize::from) };
    let others = (1..cores.min(8)).map(|_| connect(engine.url())).collect::<Result<_, _>>()?;
    let verification = Verification { keys, held, now: Timestamp::now(), archives: asked.archives.clone() };
    let report = verification.run(&mut conn, others, &progress).map_err(explain)?;
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
    for signer in &report.signers {
        println!("{} signed from the checkpoint of {} leaves to that of {}.", signer.key, signer.from, signer.to);
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
