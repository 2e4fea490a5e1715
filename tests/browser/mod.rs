//! The console in a real browser: the specs beside this file, on a console of their own.
//!
//! They need Node.js and Chromium. Without them nothing is tried, unless `CASTELLAN_BROWSER_TESTS=required`.

#[path = "../../build/npm.rs"]
mod npm;
mod pages;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{PASSWORD, TestApp, skipped};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const TENANT: &str = "northwind";

#[actix_web::test]
async fn the_specs_pass() {
    let Some(browser) = browser() else {
        let why = "no Chromium was found, so the pages were not tried in a browser; install it or set CHROMIUM";
        assert!(!required(), "{why}");
        return skipped(why);
    };
    npm::install_if_stale(Path::new(FOLDER)).expect("what the specs need can be installed");
    let app = TestApp::start().await;
    fill(&app).await;
    let founder = app.founder().await;
    let pages = serde_json::to_string(&pages::reachable(&founder).await).expect("paths are text");
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec", "all.spec.mjs"])
        .current_dir(FOLDER)
        .env("BASE_URL", &app.base)
        .env("CHROMIUM", browser)
        .env("EMAIL", &founder.email)
        .env("PASSWORD", PASSWORD)
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

/// One tenant that the specs change, and enough others for filters and a second page.
async fn fill(app: &TestApp) {
    app.many_tenants(60).await;
    app.execute(
        "update control.tenants set status = 'trial', trial_ends_at = now() + interval '20 days' where slug like '%5'",
    )
    .await;
    app.tenant(TENANT).await;
}

fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Reads a file, naming it in the error.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
