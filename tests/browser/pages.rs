//! Every kind of page, found the way people find them: by following links.

use std::collections::{BTreeMap, VecDeque};

use actix_web::http::Method;
use castellan::routes;

use crate::support::Person;

/// One address of each page that has a fixed address or a link on another page. A link that leads nowhere fails.
pub async fn reachable(person: &Person) -> Vec<String> {
    let patterns: Vec<&str> =
        routes::table().iter().filter(|route| route.method == Method::GET).map(|route| route.path).collect();
    let mut waiting: VecDeque<String> =
        patterns.iter().filter(|path| is_fixed(path)).map(ToString::to_string).collect();
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop_front() {
        let Some(pattern) = patterns.iter().find(|pattern| fits(pattern, &path)) else { continue };
        if seen.contains_key(pattern) {
            continue;
        }
        let page = person.get(&path).await;
        let from = seen.insert(pattern, path.clone());
        assert!(matches!(page.status, 200 | 303 | 409), "{path} answers {} {from:?}", page.status);
        if page.status == 303 {
            waiting.push_back(without_query(&page.location()));
        } else if page.header("content-type").starts_with("text/html") {
            waiting.extend(page.attributes("a[href^='/']", "href").iter().map(|link| without_query(link)));
            found.push(path);
        }
    }
    found
}

/// Needs nothing to be filled in. A search without words and a file are no pages.
fn is_fixed(pattern: &str) -> bool {
    !pattern.contains('{') && !pattern.ends_with(".csv") && pattern != "/go"
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

fn without_query(link: &str) -> String {
    link.split(['?', '#']).next().unwrap_or_default().to_owned()
}
