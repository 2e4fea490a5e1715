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
    let path = file.public_path();
    match asked.lost {
        false => {
            let public = rotation::rotate(&db, &can, &file).await.map_err(explain)?;
            println!("{public}");
            println!("signs the audit log. The key before signs once more together with it, within a minute of the");
            println!("next event.");
        }
        true => {
            let replaced = rotation::replace(&db, &can, &file).await.map_err(explain)?;
            println!("{}", replaced.public);
            println!(
                "has signed the audit log, which goes on from the last checkpoint of the lost key. Founders see a"
            );
            println!("critical security event.");
            for key in replaced.unknown {
                println!("Add the public key {key} to {}, or what it signed cannot be checked.", path.display());
            }
        }
    }
    println!("Give the public keys in {} to whoever checks the log.", path.display());
    Ok(())
}
