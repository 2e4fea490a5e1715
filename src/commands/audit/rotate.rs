//! `castellan audit rotate-key`.

use std::sync::Arc;

use super::{RotateKey, explain};
use crate::actor::{Actor, ActorKind, Can};
use crate::audit::sealer::keys::KeyFile;
use crate::audit::sealer::rotation;
use crate::config::Config;
use crate::db::{Db, Engine, migrate};

/// Gives the log another key, and says what to do with its public half.
pub async fn run(config: &Config, asked: &RotateKey) -> Result<(), String> {
    let engine = Engine::open(config)?;
    migrate::migrate(engine.url())?;
    let db = Db::connect(engine.url(), engine.pool()).map_err(explain)?;
    let can = Can::prove(Arc::new(Actor::process(ActorKind::Command, "audit rotate-key"))).map_err(explain)?;
    let file = KeyFile::of(config);
    let (public, next) = match asked.lost {
        false => (
            rotation::rotate(&db, &can, &file).await,
            "The key before signs once more together with it, within a minute of the next event.",
        ),
        true => (
            rotation::replace(&db, &can, &file).await,
            "It has signed the log as it is, which goes on from the last checkpoint of the lost key. Founders see a \
             critical security event.",
        ),
    };
    println!("{}", public.map_err(explain)?);
    println!("signs the audit log from now on. {next}");
    let known = file.public().map_err(explain)?.unwrap_or_default();
    println!(
        "Give its public keys to whoever checks the log ({} of them, in {}).",
        known.lines().count(),
        file.public_path().display()
    );
    Ok(())
}
