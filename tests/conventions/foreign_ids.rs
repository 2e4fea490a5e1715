//! Every id in every address, swapped with one of others: nothing is there, nothing happens, and one security event says
//! that somebody looked. A route with an id that this walk cannot make fails it.

use std::collections::BTreeMap;

use castellan::jobs::NewJob;
use castellan::routes;
use castellan::web::route::Route;
use uuid::Uuid;

use crate::support::{Person, TestApp};

/// What each id of an address is of, by the address up to it.
const KINDS: [(&str, &str); 39] = [
    ("/tenants/{id}", "tenants"),
    ("/tenants/{tenant_id}", "tenants"),
    ("/tenants/{id}/people/{member_id}", "workspace_members"),
    ("/tenants/{id}/workspaces/{workspace_id}", "workspaces"),
    ("/tenants/{id}/domains/{domain_id}", "tenant_domains"),
    ("/tenants/{id}/policies/overrides/{override_id}", "policy_overrides"),
    ("/tenants/{id}/departments/{department_id}", "departments"),
    ("/tenants/{id}/departments/{department_id}/members/{member_id}", "department_memberships"),
    ("/clients/{id}", "clients"),
    ("/clients/{id}/customizations/{customization_id}", "client_customizations"),
    ("/clients/{id}/deployments/{deployment_id}", "client_deployments"),
    ("/people/{id}", "users"),
    ("/people/{id}/sessions/{session_id}", "sessions"),
    ("/people/{id}/identities/{identity_id}", "user_identities"),
    ("/tokens/{id}", "api_tokens"),
    ("/delegations/{id}", "delegations"),
    ("/impersonations/{id}", "impersonation_sessions"),
    ("/reviews/{id}", "access_reviews"),
    ("/reviews/{id}/items/{item_id}", "access_review_items"),
    ("/assignments/{id}", "assignments"),
    ("/groups/{id}", "groups"),
    ("/groups/{id}/members/{member_id}", "group_memberships"),
    ("/jobs/{id}", "job_queue"),
    ("/views/{id}", "saved_views"),
    ("/audit/{id}", "events"),
    ("/audit/streams/{id}", "audit_streams"),
    ("/audit/states/{id}", "tenants"),
    ("/audit/tenants/{id}", "tenants"),
    ("/security-events/{id}", "security_events"),
    ("/account/sessions/{id}", "sessions"),
    ("/account/factors/{id}", "user_credentials"),
    ("/account/tokens/{id}", "api_tokens"),
    ("/account/identities/{id}", "user_identities"),
    ("/account/delegations/{id}", "delegations"),
    // What roles there are is no secret, so that none is somebody else's.
    ("/roles/{id}", ""),
    // No ids: the text is the right itself, or the name of a provider or a kind; what is below a kind is asked for by
    // those alone who see everything.
    ("/exposure/{kind}", ""),
    ("/exposure/{kind}/{id}", ""),
    ("{token}", ""),
    ("{key}", ""),
];

/// Fields that many forms have, so that nothing is refused for want of one.
const FIELDS: [(&str, &str); 22] = [
    ("reason", "mine"),
    ("confirm", "foreign"),
    ("version", "1"),
    ("name", "Taken"),
    ("slug", "taken"),
    ("region", "eu-west"),
    ("isolation", "row"),
    ("email", "taken@example.com"),
    ("role", "member"),
    ("domain", "taken.example"),
    ("policy", "mfa_required"),
    ("value", "yes"),
    ("expires_at", "2999-01-01"),
    ("label", "Taken"),
    ("template_id", "shop"),
    ("settings", "{}"),
    ("environment", "production"),
    ("version_label", "v1"),
    ("url", "https://taken.example"),
    ("hours", "5"),
    ("locale", "en"),
    ("time_zone", "UTC"),
];

/// One of everything by its table.
pub(super) type Things = BTreeMap<&'static str, String>;

/// One of everything that a tenant and a person of it have.
pub(super) async fn everything(app: &TestApp, slug: &str) -> Things {
    let tenant = app.tenant(slug).await;
    let client = app.client(tenant, slug, "active").await;
    let owner = app.person_with(&["tenants.view", "tenants.export"]).await;
    let user = owner.id.expect("a person");
    let token = owner.make_token(&["tenants.export"], &[]).await.id;
    app.add_totp(&owner).await;
    app.deployment(client, "queued").await;
    let job = app.enqueue(NewJob::of("test.one")).await;
    let (department, group, stream) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
            select gen_random_uuid(), id, tenant_id, '{user}', 'member' from control.workspaces where tenant_id = '{tenant}';
        insert into control.tenant_domains (id, tenant_id, domain, verification_token)
            values (gen_random_uuid(), '{tenant}', '{slug}.example', repeat('x', 43));
        insert into control.policy_overrides (id, tenant_id, policy, value, reason, expires_at)
            values (gen_random_uuid(), '{tenant}', 'public_links_allowed', 'true', 'test', now() + interval '1 day');
        insert into control.audit_streams (id, name, kind, address) values ('{stream}', '{slug}', 'file', '{slug}');
        insert into control.departments (id, tenant_id, name) values ('{department}', '{tenant}', 'Sales');
        insert into control.department_memberships (id, department_id, tenant_id, user_id)
            values (gen_random_uuid(), '{department}', '{tenant}', '{user}');
        insert into control.groups (id, tenant_id, name) values ('{group}', '{tenant}', 'Closers of {slug}');
        insert into control.group_memberships (id, group_id, user_id) values (gen_random_uuid(), '{group}', '{user}');
        insert into control.client_customizations (id, client_id, tenant_id, template_id)
            values (gen_random_uuid(), '{client}', '{tenant}', 'shop');
        update control.job_queue set tenant_id = '{tenant}' where id = '{job}';
        insert into control.assignments (id, role_id, user_id, reason, scope_kind, tenant_id)
            select gen_random_uuid(), id, '{user}', 'test', 'tenant', '{tenant}'
            from control.roles where name = 'support';
        insert into control.user_identities (id, user_id, issuer, subject, provider_key, label)
            values (gen_random_uuid(), '{user}', 'https://id.example', '{slug}', 'acme', '{slug}');
        insert into control.saved_views (id, user_id, list, path, query, name)
            values (gen_random_uuid(), '{user}', '/tenants', '/tenants', '', 'Mine')"
    ))
    .await;
    what_is_between_people(app, tenant, user).await;
    let mut things = Things::from([
        ("tenants", tenant.to_string()),
        ("clients", client.to_string()),
        ("users", user.to_string()),
        ("api_tokens", token.to_string()),
        ("job_queue", job.to_string()),
        ("departments", department.to_string()),
        ("groups", group.to_string()),
        ("audit_streams", stream.to_string()),
    ]);
    what_they_have(app, &mut things).await;
    things
}

/// A delegation, an impersonation and a review, each of or about somebody of the tenant.
async fn what_is_between_people(app: &TestApp, tenant: Uuid, user: Uuid) {
    let founder = app.founder().await.id.expect("a person");
    app.execute(&format!(
        "insert into control.delegations
            (id, grantor_user_id, delegate_user_id, action_scope, tenant_id, starts_at, ends_at, reason)
            values (gen_random_uuid(), '{founder}', '{user}', '{{tenants.view}}', '{tenant}', now(), now() + interval '1 day',
                'test');
        insert into control.impersonation_sessions
            (id, admin_user_id, target_user_id, tenant_id, mode, reason, ticket, minutes, status, lapses_at)
            values (gen_random_uuid(), '{founder}', '{user}', '{tenant}', 'acting', 'test', 'T-1', 30, 'requested',
                now() + interval '1 hour');
        insert into control.access_reviews (id, name, covers, tenant_id, due_at)
            values (gen_random_uuid(), 'Quarter', 'tenant', '{tenant}', now() + interval '9 days');
        insert into control.access_review_items (id, review_id, assignment_id, principal_kind, principal_name, role_id,
                role_name, scope_kind, tenant_id, granted_at, granted_reason)
            select gen_random_uuid(), r.id, a.id, 'user', 'Somebody', a.role_id, 'support', 'tenant', a.tenant_id, a.created_at, a.reason
            from control.access_reviews r join control.assignments a on a.tenant_id = r.tenant_id
            where r.tenant_id = '{tenant}'"
    ))
    .await;
}

/// Adds what hangs on the things that are known.
async fn what_they_have(app: &TestApp, things: &mut Things) {
    let of = |column: &str, table: &str| format!("{column} = '{}'", things[table]);
    let tenant = of("tenant_id", "tenants");
    let found = [
        ("workspaces", tenant.clone()),
        ("workspace_members", tenant.clone()),
        ("tenant_domains", tenant.clone()),
        ("policy_overrides", tenant.clone()),
        ("department_memberships", tenant.clone()),
        ("assignments", tenant.clone()),
        ("delegations", tenant.clone()),
        ("impersonation_sessions", tenant.clone()),
        ("access_reviews", tenant.clone()),
        ("access_review_items", tenant.clone()),
        ("group_memberships", of("group_id", "groups")),
        ("client_customizations", of("client_id", "clients")),
        ("client_deployments", of("client_id", "clients")),
        ("sessions", format!("{} and revoked_at is null", of("user_id", "users"))),
        ("user_identities", of("user_id", "users")),
        ("saved_views", of("user_id", "users")),
        ("user_credentials", format!("{} and kind = 'totp'", of("user_id", "users"))),
    ];
    for (table, owner) in found {
        things.insert(table, app.text(&format!("select id from control.{table} where {owner}")).await);
    }
    let event = format!("select id from audit.events where action = 'tenant.create' and {tenant}");
    things.insert("events", app.text(&event).await);
    let trouble = "insert into audit.security_events (kind, severity, tenant_id) values ('authz_fail', 'info', '{}')";
    app.execute(&trouble.replace("{}", &things["tenants"])).await;
    let trouble = format!("select id from audit.security_events where {tenant}");
    things.insert("security_events", app.text(&trouble).await);
}

/// What the ids in a route's address are of, in their order: the address up to each, and its table.
pub(super) fn parameters(route: &Route) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for (start, _) in route.path.match_indices('{') {
        let end = start + route.path[start..].find('}').expect("a parameter ends") + 1;
        let kind = KINDS.iter().find(|(until, _)| *until == &route.path[..end] || *until == &route.path[start..end]);
        found.push(*kind.unwrap_or_else(|| panic!("{}: of what is the id at {}?", route.path, &route.path[..end])));
    }
    found
}

/// The tables of the ids in a route's address; empty when none of them can be somebody else's.
fn tables(route: &Route) -> Vec<&'static str> {
    let found: Vec<&str> = parameters(route).into_iter().map(|(_, table)| table).collect();
    if found.contains(&"") { Vec::new() } else { found }
}

/// A route with an id for each of its parameters.
pub(super) fn address(route: &Route, ids: &[&str]) -> String {
    let mut ids = ids.iter();
    let parts = route.path.split('/').map(|part| match part.find('{') {
        Some(0) => format!(
            "{}{}",
            ids.next().expect("an id for each parameter"),
            &part[part.find('}').map_or(part.len(), |end| end + 1)..]
        ),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Sends what the route takes, an empty form and a full one. Returns every status with the events it left.
async fn ask(app: &TestApp, person: &Person, route: &Route, address: &str) -> Vec<(u16, i64)> {
    let refusals = "select count(*) from audit.security_events where kind = 'authz_fail'";
    let forms: &[&[(&str, &str)]] = if route.method == "GET" { &[&[]] } else { &[&[], &FIELDS] };
    let mut answers = Vec::new();
    for fields in forms {
        let before = app.number(refusals).await;
        let page = match route.method.as_str() {
            "GET" => person.get(address).await,
            _ => person.post_form(address, fields).await,
        };
        answers.push((page.status, app.number(refusals).await - before));
    }
    answers
}

async fn walk(app: &TestApp, person: &Person, own: &Things, foreign: &Things) {
    let nothing = Uuid::now_v7().to_string();
    let mut wrong = Vec::new();
    for route in routes::table() {
        let tables = tables(&route);
        let named = format!("{} {}", route.method, route.path);
        if tables.is_empty() {
            continue;
        }
        let missing = address(&route, &vec![nothing.as_str(); tables.len()]);
        let missing = ask(app, person, &route, &missing).await[0];
        // Who lacks the right is told so whatever the id, and that is an event of its own.
        let wanted = if missing.0 == 403 { (403, 1) } else { (404, 1) };
        if missing.0 != 403 && missing != (404, 0) {
            wrong.push(format!("{named} with ids of nothing: {missing:?}"));
        }
        for swapped in 0..tables.len() {
            let id = |(place, table): (usize, &&'static str)| {
                if place == swapped { foreign[*table].as_str() } else { own[*table].as_str() }
            };
            let ids: Vec<&str> = tables.iter().enumerate().map(id).collect();
            for answer in ask(app, person, &route, &address(&route, &ids)).await {
                if answer != wanted {
                    wrong.push(format!("{named} with a foreign id of {}: {answer:?}", tables[swapped]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{} are wrong", wrong.join("\n"), wrong.len());
}

/// Every right there is.
pub(super) fn rights() -> Vec<&'static str> {
    routes::privileges().iter().map(|info| info.name).collect()
}

#[actix_web::test]
async fn a_manager_of_a_tenant_finds_nothing_of_others() {
    let app = TestApp::start().await;
    let (own, foreign) = (everything(&app, "own").await, everything(&app, "foreign").await);
    let tenant = own["tenants"].parse().expect("an id");
    let manager = app.scoped_to_tenant(&rights(), tenant).await;
    let before = app.log_size().await;
    walk(&app, &manager, &own, &foreign).await;
    assert_eq!(app.log_size().await, before, "nothing was changed");
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_manager_of_a_client_finds_nothing_of_others() {
    let app = TestApp::start().await;
    let (own, foreign) = (everything(&app, "own").await, everything(&app, "foreign").await);
    let (tenant, client) = (own["tenants"].parse().expect("an id"), own["clients"].parse().expect("an id"));
    let manager = app.scoped_to_client(&rights(), tenant, client).await;
    let before = app.log_size().await;
    walk(&app, &manager, &own, &foreign).await;
    assert_eq!(app.log_size().await, before, "nothing was changed");
    app.leaves_jobs();
}
