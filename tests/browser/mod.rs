//! The console in a real browser: the specs beside this file, on a console of their own.
//!
//! They need Node.js and Chromium. Without them nothing is tried, unless `CASTELLAN_BROWSER_TESTS=required`.

#[path = "../../build/npm.rs"]
pub mod npm;
mod pages;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use castellan::commands::demo::{self, Amounts};
use castellan::db::migrate;

use crate::support::{CHEAP, PASSWORD, TestApp, TestDatabase, skipped};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const TENANT: &str = "specimen";

#[actix_web::test]
async fn the_specs_pass() {
    let Some(browser) = browser() else {
        let why = "no Chromium was found, so the pages were not tried in a browser; install it or set CHROMIUM";
        assert!(!required(), "{why}");
        return skipped(why);
    };
    npm::install_if_stale(Path::new(FOLDER)).expect("what the specs need can be installed");
    let app = console().await;
    let founder = app.founder().await;
    let (_, guarded) = app.staff("admin").await;
    let pages = pages::reachable(&founder).await;
    assert!(pages.len() > 20, "few pages are linked: {pages:?}");
    let pages = serde_json::to_string(&pages).expect("paths are text");
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec", "all.spec.mjs"])
        .current_dir(FOLDER)
        .env("BASE_URL", &app.base)
        .env("CHROMIUM", browser)
        .env("EMAIL", &founder.email)
        .env("PASSWORD", PASSWORD)
        .env("GUARDED_EMAIL", guarded)
        .env("TENANT", TENANT)
        .env("PAGES", pages)
        .output()
        .expect("node can be run");
    assert!(output.status.success(), "{}", text(&output));
}

/// Whether it is a failure when there is no browser.
fn required() -> bool {
    std::env::var("CASTELLAN_BROWSER_TESTS").is_ok_and(|value| value == "required")
}

/// The one that `CHROMIUM` names, else the first on the `PATH`.
fn browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let candidates = BROWSERS.iter().flat_map(|name| places.iter().map(move |place| place.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// A console with demo data, which has every state there is, and one tenant that the specs change.
async fn console() -> TestApp {
    let database = TestDatabase::migrated();
    let url = database.engine().url();
    // A copied database lacks the rights on the database itself.
    migrate::migrate(url).expect("a migrated database can be migrated");
    let amounts = Amounts { tenants: 80, clients: 120, events: 500 };
    demo::load(url, amounts, |_, _| ()).expect("demo data can be loaded");
    let app = TestApp::over(database, CHEAP, |_| {}).await;
    app.leaves_jobs();
    app.tenant(TENANT).await;
    app
}

fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Reads a file, naming it in the error.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
