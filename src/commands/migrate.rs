//! `castellan migrate`: the schema, for those who do not leave it to the next start.

use crate::config::Config;
use crate::db::{Engine, migrate};

/// Migrates and says what was applied.
pub fn run(config: &Config) -> Result<(), String> {
    let engine = Engine::open(config)?;
    let applied = migrate::migrate(engine.url())?;
    for version in &applied {
        println!("applied {version}");
    }
    if applied.is_empty() {
        println!("nothing to do");
    }
    Ok(())
}
