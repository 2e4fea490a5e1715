//! Rules that the sources themselves show: which file may hold what, and what may call what.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// All files below a folder of the package, by their path from there.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root).expect("below the package").to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).expect("a source can be read")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn statements_that_change_rows_are_in_stores() {
    // Where there is no resource of its own to have a store.
    let besides = ["src/access/people/setup.rs", "src/access/roles/sync.rs", "src/db/transaction.rs"];
    for (path, text) in files("src", "rs") {
        let changes = ["diesel::insert_into(", "diesel::update(", "diesel::delete(", "diesel::copy_from("];
        let is_store = path.ends_with("/store.rs") || besides.contains(&path.as_str());
        assert!(is_store || !changes.iter().any(|change| text.contains(change)), "{path} changes rows");
    }
}

/// A letter without its job would never be sent.
#[test]
fn letters_are_posted_in_one_place() {
    for (path, text) in files("src", "rs") {
        let posts = ["insert_into(outbox", "insert_into(o::outbox"].iter().any(|words| text.contains(words));
        assert!(!posts || path == "src/mail/store.rs", "{path} writes into the outbox past mail::post");
    }
}

#[test]
fn pages_hold_no_sql_and_stores_no_http() {
    for (path, text) in files("src", "rs") {
        let is_page = ["/pages.rs", "/forms.rs", "/actions.rs"].iter().any(|end| path.ends_with(end));
        for word in ["castellan_schema", "sql_query", "RunQueryDsl", "diesel::prelude"] {
            assert!(!is_page || !text.contains(word), "{path} has {word}");
        }
        let is_store = path.ends_with("/store.rs");
        for word in ["actix", "HttpRe", "askama"] {
            assert!(!is_store || !text.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn templates_are_named_after_their_pages() {
    let templates = files("templates", "html");
    let mut used = BTreeSet::new();
    for (path, text) in files("src", "rs").into_iter().filter(|(path, _)| path.starts_with("src/")) {
        for template in text.split("template(path = \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let folder = path.trim_start_matches("src/").rsplit_once('/').map_or("", |(folder, _)| folder);
            let own = template.rsplit_once('/').is_some_and(|(place, _)| place == folder);
            assert!(own || path.starts_with("src/web/"), "{path} renders {template}");
            used.insert(template.to_owned());
        }
    }
    for (_, text) in &templates {
        for words in ["{% extends \"", "{% import \"", "{% include \""] {
            used.extend(text.split(words).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
    for (path, text) in &templates {
        assert!(used.contains(path.trim_start_matches("templates/")), "nothing uses {path}");
        for word in ["|safe", "| safe", " style=\"", "hx-on", "javascript:", " onclick", "js:"] {
            assert!(!text.contains(word), "{path} has {word}");
        }
        let inline = text.split("<script").skip(1).any(|rest| !rest.trim_start().starts_with("defer src=\""));
        assert!(!inline, "{path} has a script of its own");
    }
}

/// How high a room is; what is lower may be used by what is higher.
fn height(room: &str) -> usize {
    match room {
        "action" | "actor" | "error" | "config" | "new_password" | "token" => 0,
        "db" | "keyset" => 1,
        "audit" | "auth" | "web" | "jobs" | "mail" => 2,
        "app" | "routes" | "commands" | "main" | "lib" => 4,
        _ => 3,
    }
}

#[test]
fn imports_run_downwards() {
    for (path, text) in files("src", "rs") {
        let room = path.trim_start_matches("src/").split('/').next().unwrap_or_default().trim_end_matches(".rs");
        for used in text.split("crate::").skip(1) {
            let target: &str = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            assert!(target.is_empty() || height(target) <= height(room), "{path} reaches up to {target}");
            // Past the door of another domain stands a module of it, which is written small and has something inside.
            let mut inner = used[target.len()..].trim_start_matches("::").split("::");
            let module =
                inner.next().is_some_and(|first| first.starts_with(char::is_lowercase) && !first.contains(';'));
            let is_other_domain = height(target) == 3 && height(room) == 3 && target != room && !target.is_empty();
            assert!(!(is_other_domain && module && inner.next().is_some()), "{path} reaches past the door of {target}");
        }
    }
}

#[test]
fn files_stay_small() {
    for (path, text) in files("src", "rs").into_iter().chain(files("tests", "rs")) {
        let lines = text.lines().count();
        assert!(lines < 420, "{path} has {lines} lines");
    }
}

/// A resource with pages has tests under its own name.
#[test]
fn resources_have_tests_of_the_same_name() {
    let tests: BTreeSet<String> = files("tests", "rs").into_iter().map(|(path, _)| path).collect();
    let missing: Vec<String> = files("src", "rs")
        .into_iter()
        .filter_map(|(path, _)| path.strip_prefix("src/")?.strip_suffix("/pages.rs").map(str::to_owned))
        .filter(|resource| !tests.contains(&format!("tests/{resource}.rs")))
        .collect();
    assert!(missing.is_empty(), "these have pages and no tests: {}", missing.join(", "));
}
