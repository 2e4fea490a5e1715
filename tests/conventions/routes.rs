//! The route table against privileges: who gets what from every address.

use std::collections::{BTreeMap, BTreeSet};

use castellan::actor::Needs;
use castellan::routes;
use castellan::web::route::Route;
use expect_test::expect_file;
use reqwest::Method;

use crate::support::{PASSWORD, Person, TestApp};

/// An id of nothing: who may ask is told 404, who may not is told 403.
const NOTHING: &str = "019a0000-0000-7000-8000-000000000000";

fn address(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.find('{') {
        Some(0) => format!("{NOTHING}{}", &part[part.find('}').map_or(part.len(), |end| end + 1)..]),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Sends an empty request to a route and says what came back.
async fn ask(person: &Person, route: &Route) -> String {
    let page = match route.method.as_str() {
        "GET" => person.get(&address(route.path)).await,
        "POST" => person.post_form(&address(route.path), &[]).await,
        other => {
            person
                .send(person.request(Method::from_bytes(other.as_bytes()).expect("a verb"), &address(route.path)))
                .await
        }
    };
    match page.location().starts_with("/sign-in") {
        true => "sign-in".to_owned(),
        false => page.status.to_string(),
    }
}

/// Role against route, as one text that every change of rights must change.
#[actix_web::test]
async fn roles_get_what_the_golden_table_says() {
    let app = TestApp::start().await;
    let people = [
        ("nobody", app.anonymous()),
        ("founder", app.founder().await),
        ("admin", app.admin().await),
        ("support", app.support().await),
        ("auditor", app.auditor().await),
    ];
    let mut table = format!("{:72}{:26}", "route", "privilege");
    for (name, _) in &people {
        table += &format!("{name:9}");
    }
    for route in routes::table() {
        let named = format!("{} {}", route.method, route.path);
        table = format!("{}\n{named:72}{:26}", table.trim_end(), route.privilege);
        for (name, person) in &people {
            table += &format!("{:9}", ask(person, &route).await);
            if *name == "nobody" {
                continue;
            }
            if route.path == "/sign-out" {
                assert_eq!(person.sign_in(&person.email, PASSWORD).await.status, 303);
            }
            if ["/sign-out", "/elevation/end"].contains(&route.path) {
                app.elevate(person).await;
            }
        }
    }
    expect_file!["../golden/routes.txt"].assert_eq(&(table.trim_end().to_owned() + "\n"));
    app.leaves_jobs();
}

/// What is open to whoever impersonates, as one text: every new route says it, and is closed unless it does.
#[test]
fn what_is_open_while_impersonating_is_what_the_golden_table_says() {
    let mut table = format!("{:72}while impersonating", "route");
    for route in routes::table() {
        let open = if route.in_any_name { "always" } else { route.while_impersonating.as_str() };
        table += &format!("\n{:72}{open}", format!("{} {}", route.method, route.path));
    }
    expect_file!["../golden/impersonation.txt"].assert_eq(&(table + "\n"));
}

#[test]
fn every_route_names_a_privilege_of_the_registry() {
    let known: BTreeSet<&str> = routes::privileges().iter().map(|info| info.name).collect();
    assert_eq!(known.len(), routes::privileges().len(), "a privilege is declared twice");
    for route in routes::table() {
        assert!(route.needs != Needs::Grant || known.contains(route.privilege), "{}: {}", route.path, route.privilege);
    }
    let open: Vec<&str> =
        routes::table().iter().filter(|route| route.needs == Needs::Nothing).map(|route| route.path).collect();
    let links =
        ["/invitations/{token}", "/invitations/{token}", "/password-resets/{token}", "/password-resets/{token}"];
    let providers = ["/sign-in/oidc/{key}", "/sign-in/oidc/{key}/callback", "/sign-in/oidc/{key}/logout"];
    let wanted = [&["/sign-in", "/sign-in", "/sign-in/link/{token}"], &providers[..], &links[..]].concat();
    assert_eq!(open, wanted, "what nobody needs a right for");
    let mut seen = BTreeSet::new();
    for route in routes::table() {
        assert!(seen.insert((route.method.to_string(), route.path)), "{} {} twice", route.method, route.path);
        assert!(matches!(route.method.as_str(), "GET" | "POST"), "{} {}", route.method, route.path);
    }
}

/// The privilege that a route names is enough to be let in, and all others together are not.
#[actix_web::test]
async fn exactly_the_named_privilege_opens_a_route() {
    let app = TestApp::start().await;
    let all: Vec<&str> = routes::privileges().iter().map(|info| info.name).collect();
    let mut by_privilege: BTreeMap<&str, Vec<Route>> = BTreeMap::new();
    for route in routes::table().into_iter().filter(|route| route.needs == Needs::Grant) {
        by_privilege.entry(route.privilege).or_default().push(route);
    }
    for (privilege, routes) in by_privilege {
        let holder = app.person_with(&[privilege]).await;
        let others: Vec<&str> = all.iter().copied().filter(|name| *name != privilege).collect();
        let lacking = app.person_with(&others).await;
        for route in routes {
            let named = format!("{} {}", route.method, route.path);
            let (let_in, kept_out) = (ask(&holder, &route).await, ask(&lacking, &route).await);
            assert!(
                let_in != "403" && let_in != "sign-in" && !let_in.starts_with('5'),
                "{named} with {privilege}: {let_in}"
            );
            assert_eq!(kept_out, "403", "{named} with all but {privilege}");
        }
    }
    app.leaves_jobs();
}
