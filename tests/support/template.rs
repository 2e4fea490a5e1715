//! The migrated database that tests copy: made once, kept until the migrations change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use castellan::audit::sealer::{Pace, Sealer};
use castellan::auth::password::{Cost, Passwords};
use castellan::commands::setup;
use castellan::config::Config;
use castellan::db::{Db, Engine, migrate};
use castellan::routes;
use clap::Parser;
use sha2::{Digest, Sha256};

use super::wait_for;

/// The cheapest argon2 there is; a test is not about its price.
pub const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

/// Changes whenever a template made from other sources would differ.
pub static HASH: LazyLock<String> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("migrations"), &mut files);
    collect(&root.join("src/db/replaceable"), &mut files);
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(fs::read(&file).expect("a migration can be read"));
    }
    hash.update(fs::read(root.join("src/access/roles/sync.rs")).expect("the roles can be read"));
    hash.update(format!("{:?}", routes::privileges()));
    hash.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
});

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("the migrations can be listed") {
        let path = entry.expect("the migrations can be listed").path();
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
}

/// Migrates an empty database and makes roles and the founder, as the first start does.
pub fn fill(engine: &Engine) {
    migrate::migrate(engine.url()).expect("an empty database can be migrated");
    let db = Db::connect(engine.url(), engine.pool()).expect("a migrated database can be connected to");
    let passwords = Passwords::new(CHEAP).expect("cheap hashes can be made");
    wait_for(setup::prepare(&db, &config(), &passwords)).expect("a migrated database can be prepared");
    // It may be copied hours later, when nothing should look as if nobody sealed it. Each copy has a key of its own.
    let sealer = Sealer::new(db, None, Pace::of(engine.pool().size)).expect("a sealer can be made");
    wait_for(sealer.finish(jiff::Timestamp::now())).expect("the first events can be sealed");
}

/// The settings of a test, untouched by the environment it runs in.
pub fn config() -> Config {
    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        config: Config,
    }
    let mut config = Cli::parse_from(["castellan", "--listen", "127.0.0.1:0"]).config;
    config.database_url = None;
    config.founder_email = None;
    config.founder_password = None;
    config.public_url = None;
    config.smtp_url = None;
    config.mail_from = None;
    config.oidc = None;
    config.audit_key = None;
    config.audit_keep_months = None;
    config.security_keep_months = None;
    config.audit_archive = None;
    config.audit_witnesses = Vec::new();
    config.demo = Some(false);
    config.secret_key = Some("5e".repeat(32));
    config
}
