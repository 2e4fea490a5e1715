//! The route table against privileges: who gets what from every address.

use std::collections::{BTreeMap, BTreeSet};

use castellan::actor::Needs;
use castellan::routes;
use castellan::web::route::Route;
use expect_test::expect_file;

use super::foreign_ids::{Things, address, everything, parameters, rights};
use crate::support::{Person, TestApp};

/// An id of nothing, and the secret of nobody.
const NOTHING: &str = "019a0000-0000-7000-8000-000000000000";

/// A route with ids of nothing: who may ask is told 404, who may not is told 403.
fn nowhere(route: &Route) -> String {
    address(route, &vec![NOTHING; parameters(route).len()])
}

/// Sends an empty request to a route's address and says what came back.
async fn ask(person: &Person, route: &Route, address: &str) -> String {
    let page = match route.method.as_str() {
        "GET" => person.get(address).await,
        _ => person.post_form(address, &[]).await,
    };
    match page.location().starts_with("/sign-in") {
        true => "sign-in".to_owned(),
        false => page.status.to_string(),
    }
}

/// Who asks: nobody, the system's roles, and three with every right there is but on one tenant, on one client, and on a
/// tenant that is not the one they ask about.
const PERSONAS: [&str; 8] = ["nobody", "founder", "admin", "support", "auditor", "tenant", "client", "foreign"];

/// Role against route, as one text that every change of rights must change. Each asks in a world of their own about one of
/// everything: a tenant with all that it has, and what they have themselves.
#[actix_web::test]
async fn roles_get_what_the_golden_table_says() {
    let mut columns = Vec::new();
    for name in PERSONAS {
        columns.push(Asker::named(name).await.answers().await);
    }
    let mut table = format!("{:72}{:26}", "route", "privilege");
    for name in PERSONAS {
        table += &format!("{name:9}");
    }
    for (row, route) in routes::table().iter().enumerate() {
        let named = format!("{} {}", route.method, route.path);
        table = format!("{}\n{named:72}{:26}", table.trim_end(), route.privilege);
        for column in &columns {
            table += &format!("{:9}", column[row]);
        }
    }
    expect_file!["../golden/routes.txt"].assert_eq(&(table.trim_end().to_owned() + "\n"));
}

/// Somebody in a world of their own.
struct Asker {
    app: TestApp,
    person: Person,
    /// One of everything.
    things: Things,
    /// What is their own, for pages about their own account.
    own: Things,
}

impl Asker {
    async fn named(name: &str) -> Asker {
        let app = TestApp::start().await;
        app.leaves_jobs();
        let mut things = everything(&app, "northwind").await;
        things.insert("roles", app.text("select id from control.roles where not is_system").await);
        let id = |table: &str| things[table].parse().expect("an id");
        let person = match name {
            "nobody" => app.anonymous(),
            "founder" => app.founder().await,
            "admin" => app.admin().await,
            "support" => app.support().await,
            "auditor" => app.auditor().await,
            "tenant" => app.scoped_to_tenant(&rights(), id("tenants")).await,
            "client" => app.scoped_to_client(&rights(), id("tenants"), id("clients")).await,
            _ => app.scoped_to_tenant(&rights(), app.tenant("contoso").await).await,
        };
        let own = if person.id.is_some() { own_things(&app, &person).await } else { Things::new() };
        Asker { app, person, things, own }
    }

    /// What each route answers, in the order of the table. What ends the session comes last.
    async fn answers(&self) -> Vec<String> {
        let (mut table, mut answers) = (routes::table().into_iter().enumerate().collect::<Vec<_>>(), BTreeMap::new());
        table.sort_by_key(|(place, route)| (route.path == "/sign-out", *place));
        for (place, route) in &table {
            answers.insert(*place, ask(&self.person, route, &self.address(route)).await);
            self.recover(route.path).await;
        }
        answers.into_values().collect()
    }

    fn address(&self, route: &Route) -> String {
        let id = |(until, table): (&'static str, &'static str)| match (until, table) {
            ("/exposure/{kind}", _) => "tenant",
            ("/exposure/{kind}/{id}", _) => self.things["tenants"].as_str(),
            ("/roles/{id}", _) => &self.things["roles"],
            (_, "") => NOTHING,
            _ if until.starts_with("/account/") || until.starts_with("/views/") => {
                self.own.get(table).unwrap_or(&self.things[table])
            }
            _ => &self.things[table],
        };
        let ids: Vec<&str> = parameters(route).into_iter().map(id).collect();
        address(route, &ids)
    }

    /// Goes back to where the next route finds an elevated session of nobody but themselves.
    async fn recover(&self, path: &str) {
        const LEAVING: [&str; 2] = ["/elevation/end", "/account/delegations/{id}/acting"];
        if self.person.id.is_some() && LEAVING.contains(&path) {
            self.person.post_form("/acting/end", &[]).await;
            self.app.elevate(&self.person).await;
        }
    }
}

/// What somebody has themselves: another session, a token, an identity, a delegation, a view and a factor.
async fn own_things(app: &TestApp, person: &Person) -> Things {
    let id = person.id.expect("somebody");
    let founder = app.founder().await.id.expect("somebody");
    // Having a factor ends one's other sessions.
    app.add_totp(person).await;
    app.execute(&format!(
        "insert into control.api_tokens (id, user_id, name, prefix, token_hash, scopes, expires_at)
            values (gen_random_uuid(), '{id}', 'Own', '0123456789ab', decode(repeat('ab', 32), 'hex'),
                '{{tenants.export}}', now() + interval '1 day');
        insert into control.user_identities (id, user_id, issuer, subject, provider_key, label)
            values (gen_random_uuid(), '{id}', 'https://id.example', 'own', 'acme', 'own');
        insert into control.delegations
            (id, grantor_user_id, delegate_user_id, action_scope, starts_at, ends_at, reason)
            values (gen_random_uuid(), '{founder}', '{id}', '{{tenants.view}}', now(), now() + interval '1 day', 'test');
        insert into control.saved_views (id, user_id, list, path, query, name)
            values (gen_random_uuid(), '{id}', '/tenants', '/tenants', '', 'Mine');
        insert into control.sessions (id, user_id, token_hash, user_epoch, idle_expires_at, absolute_expires_at)
            values (gen_random_uuid(), '{id}', decode(repeat('cd', 32), 'hex'), 1, now() + interval '1 hour',
                now() + interval '1 hour')"
    ))
    .await;
    let of = |column: &str| format!("{column} = '{id}'");
    let mut own = Things::new();
    for (table, whose) in [
        ("sessions", of("user_id")),
        ("api_tokens", of("user_id")),
        ("user_identities", of("user_id")),
        ("delegations", of("delegate_user_id")),
        ("saved_views", of("user_id")),
        ("user_credentials", of("kind = 'totp' and user_id")),
    ] {
        let latest = format!("select id from control.{table} where {whose} order by created_at desc limit 1");
        own.insert(table, app.text(&latest).await);
    }
    own
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
            let address = nowhere(&route);
            let (let_in, kept_out) = (ask(&holder, &route, &address).await, ask(&lacking, &route, &address).await);
            assert!(
                let_in != "403" && let_in != "sign-in" && !let_in.starts_with('5'),
                "{named} with {privilege}: {let_in}"
            );
            assert_eq!(kept_out, "403", "{named} with all but {privilege}");
        }
    }
    app.leaves_jobs();
}
