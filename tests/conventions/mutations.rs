//! Every route that changes something leaves one event with its diff: a founder walks through all of them.

mod between_people;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use castellan::jobs::NewJob;
use castellan::mail::token;
use castellan::routes;
use castellan::web::format::Format;
use castellan::web::route::Route;
use expect_test::expect_file;
use uuid::Uuid;

use crate::support::{Authenticator, Forger, PASSWORD, Page, Person, TestApp};

/// Length of the token in a link from a mail.
const LINK: usize = 64;
/// The key of the identity provider.
const PROVIDER: &str = "acme";

/// The routes of the table that take a form.
fn mutating() -> BTreeSet<&'static str> {
    routes::table().iter().filter(|route| route.method == "POST").map(|route| route.path).collect()
}

/// The route that an address belongs to: parameters stand for ids.
fn route_of(address: &str) -> &'static str {
    let fits = |route: &&&'static str| {
        let (pattern, parts): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), address.split('/').collect());
        let is_id = |part: &str| part.parse::<Uuid>().is_ok() || part.len() == LINK || part == PROVIDER;
        pattern.len() == parts.len()
            && pattern.iter().zip(&parts).all(|(one, part)| one == part || one.starts_with('{') && is_id(part))
    };
    mutating().iter().find(fits).unwrap_or_else(|| panic!("no route takes {address}"))
}

/// What a route left in the log.
struct Left {
    action: String,
    with_reason: bool,
}

/// Somebody on their way through all routes.
struct Walk {
    forger: Forger,
    app: TestApp,
    person: Person,
    /// The event that each route left.
    walked: BTreeMap<&'static str, Left>,
}

impl Walk {
    /// Fills in the form of a page, sends it and looks at the event. Returns where it leads.
    async fn fill(&mut self, page: &str, typed: &[(&str, &str)]) -> String {
        let page = self.person.get(page).await;
        assert_eq!(page.status, 200, "{}: {:?}", page.path, page.errors());
        let mut form = page.form();
        for (name, value) in [("reason", "because"), ("confirm", "northwind")].iter().chain(typed) {
            if page.text().contains(&format!("name=\"{name}\"")) {
                form = form.with(name, value);
            }
        }
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.send(&form.action, &fields).await.location()
    }

    /// Sends a form: it succeeds, and leaves one event of this person with the rows it changed.
    async fn send(&mut self, address: &str, fields: &[(&str, &str)]) -> Page {
        self.send_for(303, address, fields).await
    }

    /// The same, for the few that answer with a page, since what it shows is shown once.
    async fn send_for(&mut self, status: u16, address: &str, fields: &[(&str, &str)]) -> Page {
        let before = self.app.written_events().await;
        let answer = self.person.post_form(address, fields).await;
        // A new token is shown in the answer itself.
        let is_done = answer.status == status || answer.status == 201;
        assert!(is_done, "{address}: {} {:?} {}", answer.status, answer.errors(), answer.text());
        let mut events = self.app.written_events().await;
        events.retain(|event| before.iter().all(|known| known.id != event.id));
        let [event] = &events[..] else { panic!("{address} left {} events", events.len()) };
        assert_eq!((event.actor_id, event.outcome.as_str()), (self.person.id, "success"), "{address}");
        let reason = fields.iter().find(|(name, _)| *name == "reason").map(|(_, reason)| *reason);
        assert_eq!(event.reason.as_deref(), reason, "{address}");
        assert!(!event.changes.is_empty(), "{address}: {} has no diff", event.action);
        for change in &event.changes {
            assert!(change.before.is_object() || change.after.is_object(), "{address}: {change:?}");
        }
        let left = Left { action: event.action.clone(), with_reason: event.reason.is_some() };
        self.walked.insert(route_of(address), left);
        answer
    }

    /// `<thing>/<noun>/new`, one after the other.
    async fn act(&mut self, thing: &str, nouns: &[&str]) {
        for noun in nouns {
            self.fill(&format!("{thing}/{noun}/new"), &[]).await;
        }
    }

    async fn tenant(&mut self) -> String {
        let new =
            [("name", "Northwind"), ("slug", "northwind"), ("region", "eu-west"), ("trial_ends_at", "2999-01-01")];
        let tenant = self.fill("/tenants/new", &new).await;
        self.fill(&format!("{tenant}/edit"), &[("notes", "Pays late")]).await;
        let edited = self.app.event("tenant.update").await.id;
        self.act(&format!("/audit/{edited}"), &["undo"]).await;
        self.fill(&format!("{tenant}/policies/edit"), &[("session_idle_minutes", "20")]).await;
        let other = [("value", "yes"), ("expires_at", "2999-01-01")];
        self.fill(&format!("{tenant}/policies/overrides/new?policy=mfa_required"), &other).await;
        let id = self.app.text("select id from control.policy_overrides").await;
        self.act(&format!("{tenant}/policies/overrides/{id}"), &["removal"]).await;
        self.act(&tenant, &["activation", "suspension", "reactivation", "closing", "cancellation"]).await;
        self.act(&tenant, &["deletion", "restoration"]).await;
        tenant
    }

    async fn people_and_workspaces(&mut self, tenant: &str) {
        let shop = self.fill(&format!("{tenant}/workspaces/new"), &[("name", "Shop")]).await;
        assert!(shop.starts_with(tenant));
        let id = self.app.text("select id from control.workspaces where name = 'Shop'").await;
        let shop = format!("{tenant}/workspaces/{id}");
        self.fill(&format!("{shop}/edit"), &[("name", "Shops")]).await;
        self.act(&shop, &["archiving", "reopening"]).await;
        let ada = [("email", "ada@northwind.example"), ("name", "Ada"), ("workspace_id", id.as_str())];
        self.fill(&format!("{tenant}/people/new"), &ada).await;
        let ada = format!("{tenant}/people/{}", self.app.text("select id from control.workspace_members").await);
        self.fill(&format!("{ada}/edit"), &[("role", "viewer")]).await;
        self.act(&ada, &["removal"]).await;
    }

    async fn domains(&mut self, tenant: &str) {
        let domain = self.fill(&format!("{tenant}/domains/new"), &[("domain", "northwind.example")]).await;
        self.send(&format!("{domain}/check"), &[]).await;
        self.app.execute("update control.tenant_domains set status = 'verified', verified_at = now()").await;
        self.act(&domain, &["promotion", "removal"]).await;
    }

    /// The client has the tenant's slug too, so that there is one word to confirm with.
    async fn clients(&mut self, tenant: &str) {
        let tenant_id = tenant.trim_start_matches("/tenants/");
        let other = [("tenant_id", tenant_id), ("name", "Bakery"), ("slug", "bakery")];
        self.fill("/clients/new", &other).await;
        let client = self.fill(&format!("{tenant}/clients/new"), &[("name", "Northwind"), ("slug", "northwind")]).await;
        self.fill(&format!("{client}/edit"), &[("industry", "Trade")]).await;
        self.act(&client, &["activation"]).await;
        let deployment = [("environment", "production"), ("version_label", "v1"), ("url", "https://northwind.example")];
        let deployment = self.fill(&format!("{client}/deployments/new"), &deployment).await;
        self.act(&deployment, &["cancellation"]).await;
        let template = self.fill(&format!("{client}/customizations/new"), &[("template_id", "shop")]).await;
        self.fill(&format!("{template}/edit"), &[("settings", "{\"a\": 1}")]).await;
        self.act(&template, &["publication", "deletion", "restoration"]).await;
        self.act(&client, &["pausing", "archiving", "deletion", "restoration"]).await;
    }

    /// The page of somebody else.
    async fn staff(&mut self) {
        const EMAIL: &str = "bob@example.org";
        let role = self.app.text("select id from control.roles where name = 'support'").await;
        let bob = self.fill("/people/new", &[("email", EMAIL), ("name", "Bob"), ("role_id", &role)]).await;
        self.fill("/services/new", &[("name", "Exporter"), ("role_id", &role)]).await;
        self.act(&bob, &["invitation", "revocation", "invitation"]).await;
        self.link("/invitations/", "user.accept_invitation").await;
        self.fill(&format!("{bob}/edit"), &[("name", "Robert")]).await;
        self.act(&bob, &["lock", "unlock", "password-reset"]).await;
        self.link("/password-resets/", "user.set_password").await;
        let (id, confirm) = (bob.trim_start_matches("/people/").parse().expect("an id"), [("confirm", EMAIL)]);
        for noun in ["ending", "sign-out", "full-sign-out"] {
            let elsewhere = self.app.browser_of(id, EMAIL).await;
            let live = "select id from control.sessions where revoked_at is null order by created_at desc limit 1";
            let session = self.app.text(live).await;
            match noun {
                "ending" => self.act(&format!("{bob}/sessions/{session}"), &[noun]).await,
                _ => self.act(&bob, &[noun]).await,
            }
            assert_eq!(elsewhere.get("/").await.status, 303);
        }
        for (noun, back) in [("suspension", "reactivation"), ("deactivation", "activation")] {
            self.fill(&format!("{bob}/{noun}/new"), &confirm).await;
            self.act(&bob, &[back]).await;
        }
    }

    /// Follows the latest link: its event is of whoever received it.
    async fn link(&mut self, path: &str, action: &str) {
        let latest = "select id || ' ' || user_id from control.user_credentials
            where kind in ('invitation', 'password_reset') order by created_at desc limit 1";
        let latest = self.app.text(latest).await;
        let (id, user_id) = latest.split_once(' ').expect("two ids");
        let token = token::sign(&self.app.app.site.secret, id.parse().expect("an id"));
        let address = format!("{path}{token}");
        let fields = [("password", PASSWORD), ("password_again", PASSWORD)];
        let answer = self.app.anonymous().post_form(&address, &fields).await;
        assert_eq!(answer.status, 303, "{address}: {:?}", answer.errors());
        let event = self.app.event(action).await;
        assert_eq!(event.actor_id.map(|id| id.to_string()).as_deref(), Some(user_id));
        assert!(!event.of("user_credentials").is_empty() && !event.of("users").is_empty(), "{event:?}");
        let left = Left { action: action.to_owned(), with_reason: event.reason.is_some() };
        self.walked.insert(route_of(&address), left);
    }

    /// A form that shows its effect first, and is sent again with it.
    async fn twice(&mut self, page: &str, typed: &[(&str, &str)]) -> String {
        let asked = self.person.get(page).await;
        let mut form = asked.form();
        for (name, value) in typed.iter().chain(&[("reason", "because")]) {
            if *name != "reason" || asked.text().contains("name=\"reason\"") {
                form = form.with(name, value);
            }
        }
        let shown = self.person.submit(&form).await;
        assert_eq!(shown.status, 200, "{page}: {:?}", shown.errors());
        let form = shown.form();
        let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.send(&form.action, &fields).await.location()
    }

    async fn access(&mut self, tenant: &str) {
        let role = self.fill("/roles/new", &[("name", "Walker")]).await;
        self.twice(&format!("{role}/edit"), &[("description", "Walks")]).await;
        let id = role.trim_start_matches("/roles/").to_owned();
        let given = [("role_id", id.as_str()), ("email", self.person.email.as_str())].map(|(k, v)| (k, v.to_owned()));
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let assignment = self.twice("/assignments/new", &given).await;
        self.twice(&format!("{assignment}/edit"), &[("expires_at", "2999-01-01")]).await;
        self.act(&assignment, &["revocation"]).await;
        self.act(&role, &["deletion", "restoration"]).await;

        let tenant_id = tenant.trim_start_matches("/tenants/").parse().expect("an id");
        self.app.member(tenant_id, "bob@northwind.example", "member").await;
        let bob = [("email", "bob@northwind.example")];
        let group = self.fill("/groups/new", &[("name", "Walkers")]).await;
        self.fill(&format!("{group}/edit"), &[("description", "Walk")]).await;
        self.twice(&format!("{group}/members/new"), &bob).await;
        let member = self.app.text("select id from control.group_memberships").await;
        self.act(&format!("{group}/members/{member}"), &["removal"]).await;
        self.act(&group, &["deletion", "restoration"]).await;

        self.fill(&format!("{tenant}/departments/new"), &[("name", "Walking")]).await;
        let id = self.app.text("select id from control.departments").await;
        let department = format!("{tenant}/departments/{id}");
        self.fill(&format!("{department}/edit"), &[("name", "Running")]).await;
        self.twice(&format!("{department}/members/new"), &bob).await;
        let member = self.app.text("select id from control.department_memberships").await;
        self.act(&format!("{department}/members/{member}"), &["removal"]).await;
        self.act(&department, &["deletion", "restoration"]).await;
    }

    async fn jobs(&mut self) {
        let id = self.app.enqueue(NewJob::of("test.one")).await;
        self.act(&format!("/jobs/{id}"), &["cancellation", "retry"]).await;
        self.send("/audit/verifications", &[]).await;
    }

    /// One of one's own, and one that somebody else shares.
    async fn views(&mut self) {
        self.fill("/views/new?at=/tenants%3Fstatus=active", &[("name", "Mine")]).await;
        let view = format!("/views/{}", self.app.text("select id from control.saved_views").await);
        self.fill(&format!("{view}/edit"), &[("name", "My own")]).await;
        self.act(&view, &["deletion"]).await;
        let other = self.app.admin().await;
        let new = [("name", "Theirs"), ("path", "/tenants"), ("is_shared", "on")];
        assert_eq!(other.post_form("/views", &new).await.status, 303);
        let view = format!("/views/{}", self.app.text("select id from control.saved_views").await);
        self.act(&view, &["removal"]).await;
    }

    async fn tokens(&mut self) {
        let service = self.app.service("Exporter", &["tenants.export"]).await.to_string();
        let new = [("name", "Nightly"), ("scopes", "tenants.export"), ("user_id", service.as_str())];
        let own = self.person.id.expect("somebody").to_string();
        for (list, owner) in [("/tokens", &service), ("/account/tokens", &own)] {
            self.fill(&format!("{list}/new"), &new).await;
            let live =
                format!("select id from control.api_tokens where user_id = '{owner}' and overlap_ends_at is null");
            let token = format!("{list}/{}", self.app.text(&live).await);
            self.fill(&format!("{token}/rotation/new"), &[]).await;
            let token = format!("{list}/{}", self.app.text(&live).await);
            self.act(&token, &["revocation"]).await;
        }
    }

    async fn streams(&mut self) {
        let new = [("name", "SIEM"), ("address", "https://siem.example.com/"), ("beginning", "now")];
        self.fill("/audit/streams/new", &new).await;
        let stream = format!("/audit/streams/{}", self.app.text("select id from control.audit_streams").await);
        self.fill(&format!("{stream}/edit"), &[("name", "Collector")]).await;
        self.act(&stream, &["rotation", "pausing", "resending", "resumption", "pausing", "deletion"]).await;
    }

    async fn account(&mut self) {
        let (id, email) = (self.person.id.expect("somebody"), self.person.email.clone());
        for one in ["one", "all others"] {
            let elsewhere = self.app.browser_of(id, &email).await;
            let live = "select id from control.sessions where revoked_at is null order by created_at desc limit 1";
            let session = self.app.text(live).await;
            match one {
                "one" => self.send(&format!("/account/sessions/{session}/end"), &[]).await,
                _ => self.send("/account/sessions/end-others", &[]).await,
            };
            assert_eq!(elsewhere.get("/").await.status, 303);
        }
        self.send("/read-reason", &[("read_reason", "support_case"), ("read_ticket", "SUP-1")]).await;
        self.send("/read-reason/end", &[]).await;
        self.send("/sign-out", &[]).await;
        self.send("/sign-in", &[("email", &email), ("password", PASSWORD)]).await;
    }

    /// Every list that leaves the console says who took it: one read, named after the right.
    async fn exports(&mut self, tenant: &str) {
        let tenant = tenant.trim_start_matches("/tenants/").to_owned();
        let one_of = |table: &str| format!("select id from control.{table} order by created_at, id limit 1");
        let owners = [
            ("/clients/{id}", self.app.text(&one_of("clients")).await),
            ("/people/{id}", self.app.text(&one_of("users")).await),
            ("/reviews/{id}", self.app.text(&one_of("access_reviews")).await),
        ];
        for route in routes::table().into_iter().filter(is_export) {
            let owner = owners.iter().find(|(start, _)| route.path.starts_with(start)).map_or(&tenant, |(_, id)| id);
            let address = route.path.replace("{kind}", "tenant").replace("{id}", owner).replace("{tenant_id}", owner);
            let reads = format!("select count(*) from audit.events where is_read and action = '{}'", route.privilege);
            let before = self.app.number(&reads).await;
            let answer = self.person.get(&address).await;
            assert_eq!(answer.status, 200, "{address}: {}", answer.text());
            assert_eq!(self.app.number(&reads).await, before + 1, "{address} leaves one read");
            self.walked.insert(route.path, Left { action: route.privilege.to_owned(), with_reason: false });
        }
    }

    /// Adds and removes factors; the passkey comes from a browser and is put there by hand.
    async fn factors(&mut self) {
        self.send("/elevation", &[("password", PASSWORD)]).await;
        let new = [("new_password", PASSWORD), ("new_password_again", PASSWORD)];
        self.send("/account/password", &new).await;
        let page = self.person.get("/account/factors/totp/new").await;
        let phone = Authenticator::reading(&page);
        let (seed, code) = (page.value("seed"), phone.code());
        self.send("/account/factors/totp", &[("seed", &seed), ("label", "Phone"), ("code", &code)]).await;
        self.send_for(200, "/account/factors/recovery-codes", &[]).await;
        let id = self.app.text("select id from control.user_credentials where kind = 'totp'").await;
        self.fill(&format!("/account/factors/{id}/edit"), &[("label", "Old phone")]).await;
        self.send("/elevation/end", &[]).await;
        self.send("/sign-out", &[]).await;
        let email = self.person.email.clone();
        assert_eq!(self.person.sign_in(&email, PASSWORD).await.location(), "/sign-in/factor");
        self.app.codes_are_new().await;
        self.send("/sign-in/factor", &[("code", &phone.code())]).await;
        self.app.elevate(&self.person).await;
        self.act(&format!("/account/factors/{id}"), &["removal"]).await;
        let other = self.app.admin().await;
        self.app.add_totp(&other).await;
        let id = other.id.expect("somebody");
        self.act(&format!("/people/{id}"), &["factors-reset"]).await;
    }
}

/// Whether a route gives a list out of the console.
fn is_export(route: &Route) -> bool {
    Format::of(route.path) != Format::Page
}

/// Whether a route needs elevation, asks why, and which event it leaves.
fn described(route: &Route, walked: &BTreeMap<&'static str, Left>) -> String {
    let named = format!("{} {}", route.method, route.path);
    let elevated = if route.elevated { "elevated" } else { "-" };
    let leaves = route.method == "POST" || is_export(route);
    let (reason, event) = match walked.get(route.path).filter(|_| leaves) {
        Some(left) => (if left.with_reason { "reason" } else { "-" }, left.action.as_str()),
        // Reads that are logged are named after the privilege.
        None if route.logs_reads => ("-", route.privilege),
        None => ("-", "-"),
    };
    format!("{named:72}{elevated:10}{reason:8}{event}")
}

#[actix_web::test]
async fn every_mutating_route_leaves_an_event_and_its_diff() {
    let forger = Forger::start();
    let app = TestApp::with_providers(vec![forger.settings(PROVIDER)]).await;
    let person = app.founder().await;
    let mut walk = Walk { forger, app, person, walked: BTreeMap::new() };
    let tenant = walk.tenant().await;
    walk.people_and_workspaces(&tenant).await;
    walk.domains(&tenant).await;
    walk.clients(&tenant).await;
    walk.staff().await;
    walk.access(&tenant).await;
    walk.jobs().await;
    walk.views().await;
    walk.reviews().await;
    walk.tokens().await;
    walk.streams().await;
    walk.delegations().await;
    walk.impersonations().await;
    walk.identities().await;
    walk.account().await;
    walk.factors().await;
    let mut walked: BTreeSet<&str> = walk.walked.keys().copied().collect();
    walk.exports(&tenant).await;
    // Its answer takes a browser with an authenticator: `tests/browser/passkeys.mjs`.
    walked.insert("/account/factors/passkeys");
    // What is sent there is looked for, and changes nothing: `tests/operations/jump.rs`.
    walked.insert("/go");
    assert_eq!(walked, mutating(), "every route of the table was walked");
    let mut table = format!("{:72}{:10}{:8}event", "route", "elevation", "reason");
    for route in routes::table() {
        write!(table, "\n{}", described(&route, &walk.walked)).expect("text can be written");
    }
    expect_file!["../golden/elevation.txt"].assert_eq(&(table + "\n"));
    walk.app.leaves_jobs();
}
