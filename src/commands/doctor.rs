//! `castellan doctor`: looks at everything the console stands on, and says what is wrong and how to mend it. Changes
//! nothing.

mod database;
mod place;
mod providers;
mod witnesses;

use std::fmt;

use crate::config::Config;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Ok,
    Warn,
    Fail,
}

/// The result of one check.
#[derive(Debug, Clone)]
pub struct Finding {
    pub level: Level,
    pub what: String,
    /// Empty when there is nothing to mend.
    pub mend: String,
}

impl Finding {
    fn ok(what: impl Into<String>) -> Finding {
        Finding { level: Level::Ok, what: what.into(), mend: String::new() }
    }

    fn warn(what: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { level: Level::Warn, what: what.into(), mend: mend.into() }
    }

    fn fail(what: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { level: Level::Fail, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        match self.mend.is_empty() {
            true => write!(out, "{level:5} {}", self.what),
            false => write!(out, "{level:5} {}  - {}", self.what, self.mend),
        }
    }
}

/// Prints every finding. Failures make the command fail, warnings do not.
pub fn run(config: &Config, settings: &[String]) -> Result<(), String> {
    let findings = examine(config, settings);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.iter().filter(|finding| finding.level == Level::Fail).count() {
        0 => Ok(()),
        1 => Err("one check failed".into()),
        failed => Err(format!("{failed} checks failed")),
    }
}

/// Every finding, the ones that others rest on first.
pub fn examine(config: &Config, settings: &[String]) -> Vec<Finding> {
    let mut findings = place::examine(config, settings);
    findings.extend(providers::examine(config));
    findings.extend(database::examine(config));
    findings
}
