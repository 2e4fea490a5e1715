//! Who sees which tenants.

use uuid::Uuid;

use crate::support::TestApp;

const NOUNS: [&str; 6] = ["suspension", "reactivation", "closing", "cancellation", "deletion", "restoration"];

/// As much as may be given on a tenant or a client.
const EVERYTHING: [&str; 7] = [
    "tenants.view",
    "tenants.manage",
    "tenants.suspend",
    "tenants.export",
    "clients.view",
    "clients.manage",
    "access.view",
];

/// Pages of what belongs to a tenant and to none of its clients.
const WHOLE: [&str; 11] = [
    "people",
    "people.csv",
    "people/new",
    "workspaces/new",
    "domains",
    "domains.csv",
    "domains/new",
    "departments",
    "policies",
    "policies/edit",
    "suspension/new",
];

#[actix_web::test]
async fn a_manager_sees_just_their_tenant() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let manager = app.manager_of_tenant(own).await;
    assert_eq!(manager.get("/tenants").await.names(), ["Own"]);
    assert_eq!(manager.get("/tenants?q=foreign").await.names(), [""; 0]);
    let csv = manager.get("/tenants.csv").await;
    assert!(csv.text().contains(",own,") && !csv.text().contains("foreign"), "{}", csv.text());
    assert_eq!(manager.get(&format!("/tenants/{own}")).await.status, 200);
    assert_eq!(manager.get(&format!("/tenants/{own}/edit")).await.status, 200);
    assert_eq!(manager.get("/tenants/own").await.status, 308);
    assert_eq!(manager.get("/tenants/foreign").await.status, 404);
    for page in ["", "/edit", "/history"] {
        assert_eq!(manager.get(&format!("/tenants/{foreign}{page}")).await.status, 404, "{page}");
    }
}

#[actix_web::test]
async fn a_manager_changes_their_tenant_and_no_other() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let manager = app.manager_of_tenant(own).await;
    let before = app.text("select to_jsonb(t) from control.tenants t where slug = 'foreign'").await;
    for noun in NOUNS {
        let path = format!("/tenants/{foreign}/{noun}");
        assert_eq!(manager.get(&format!("{path}/new")).await.status, 404, "{noun}");
        let answer = manager.post_form(&path, &[("reason", "mine"), ("confirm", "foreign"), ("grace_days", "9")]).await;
        assert_eq!(answer.status, 404, "{noun}");
    }
    let fields = [("version", "1"), ("name", "Taken"), ("slug", "taken"), ("region", "eu-west"), ("isolation", "row")];
    assert_eq!(manager.post_form(&format!("/tenants/{foreign}"), &fields).await.status, 404);
    assert_eq!(app.text("select to_jsonb(t) from control.tenants t where slug = 'foreign'").await, before);

    assert_eq!(manager.post_form(&format!("/tenants/{own}"), &fields).await.status, 303);
    let form = manager.get(&format!("/tenants/{own}/suspension/new")).await.form();
    let answer = manager.submit(&form.with("reason", "test").with("confirm", "taken")).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    assert_eq!(app.event("tenant.suspend").await.actor_id, manager.id);
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_manager_of_one_tenant_makes_no_others() {
    let app = TestApp::start().await;
    let own = app.tenant("own").await;
    let manager = app.manager_of_tenant(own).await;
    let fields = [("name", "New"), ("slug", "new"), ("region", "eu-west"), ("isolation", "row")];
    assert!(manager.get("/tenants").await.link("New tenant").is_empty());
    assert_eq!(manager.get("/tenants/new").await.status, 403);
    assert_eq!(manager.post_form("/tenants", &fields).await.status, 403, "a new one would be outside of the scope");
    assert_eq!(app.number("select count(*) from control.tenants").await, 1);
    let admin = app.admin().await;
    assert_eq!(admin.get("/tenants").await.link("New tenant"), "/tenants/new");
}

#[actix_web::test]
async fn a_right_on_a_client_shows_its_tenant_and_changes_nothing_there() {
    let app = TestApp::start().await;
    let own = app.tenant("own").await;
    app.tenant("foreign").await;
    let client = Uuid::now_v7();
    app.execute(&format!(
        "insert into control.clients (id, tenant_id, slug, name) values ('{client}', '{own}', 'bakery', 'Bakery')"
    ))
    .await;
    let manager = app.scoped_to_client(&["tenants.view"], own, client).await;
    assert_eq!(manager.get("/tenants").await.names(), ["Own"]);
    assert_eq!(manager.get(&format!("/tenants/{own}/edit")).await.status, 403);
}

/// What belongs to the whole tenant is not said to be missing where it is only not shown.
#[actix_web::test]
async fn a_right_on_a_client_is_told_of_nothing_else_of_its_tenant() {
    let app = TestApp::start().await;
    let own = app.tenant("own").await;
    let client = app.client(own, "bakery", "active").await;
    app.member(own, "ada@own.example", "owner").await;
    let manager = app.scoped_to_client(&EVERYTHING, own, client).await;
    let page = manager.get(&format!("/tenants/{own}")).await;
    assert_eq!(page.texts("nav.tabs a"), ["Overview", "Clients 1", "History"]);
    let facts = page.texts("dl.facts dt");
    assert!(facts.contains(&"Region".to_owned()) && !facts.iter().any(|fact| fact.starts_with("Owner")), "{facts:?}");
    assert!(page.texts(".title .actions a").is_empty(), "{:?}", page.texts(".title .actions a"));
    assert!(manager.get("/tenants").await.link("Edit").is_empty());
    assert!(manager.get("/clients").await.link("New client").is_empty());
    for path in WHOLE {
        assert_eq!(manager.get(&format!("/tenants/{own}/{path}")).await.status, 404, "{path}");
    }
    assert_eq!(manager.get("/clients/new").await.status, 404);

    let manager = app.scoped_to_tenant(&EVERYTHING, own).await;
    let page = manager.get(&format!("/tenants/{own}")).await;
    let tabs = ["Overview", "People 1", "Clients 1", "Domains 0", "Departments", "Policies", "History"];
    assert_eq!(page.texts("nav.tabs a"), tabs);
    assert!(page.text().contains("ada@own.example"));
    assert_eq!(manager.get("/clients").await.link("New client"), "/clients/new");
    for path in WHOLE {
        assert_eq!(manager.get(&format!("/tenants/{own}/{path}")).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn the_database_keeps_rows_apart_by_itself() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let scope = format!("set local castellan.tenant_ids = '{own}'");
    let slugs = "select slug from control.tenants";
    let seen = async |before: &str, query: &str| app.texts_as("castellan_scoped", before, query).await;
    assert_eq!(seen(&scope, slugs).await, Ok(vec!["own".to_owned()]));
    assert_eq!(seen("", slugs).await, Ok(vec![]), "without a scope there is nothing to see");
    assert_eq!(seen("set local castellan.tenant_ids = ''", slugs).await, Ok(vec![]));
    let policies = "select tenant_id from control.tenant_policies";
    assert_eq!(seen(&scope, policies).await, Ok(vec![own.to_string()]));
    let events = "select distinct tenant_id from audit.events";
    assert_eq!(seen(&scope, events).await, Ok(vec![own.to_string()]));

    let record = "select audit.record('test.write', 'success', false, null, 'test', null, null, null, null)";
    let update = format!("{scope}; {record}; update control.tenants set notes = 'seen' where id = '{foreign}'");
    app.try_as("castellan_scoped", &update).await.expect("an update of what is not seen finds no row");
    assert_eq!(app.text("select notes from control.tenants where slug = 'foreign'").await, "");
    let insert = format!(
        "{scope}; {record}; insert into control.workspaces (id, tenant_id, name)
        values (gen_random_uuid(), '{foreign}', 'Mine')"
    );
    let refused = app.try_as("castellan_scoped", &insert).await.expect_err("a row elsewhere cannot be made");
    assert!(refused.contains("row-level security"), "{refused}");
    let moved = format!("{scope}; {record}; update control.workspaces set tenant_id = '{foreign}'");
    assert!(app.try_as("castellan_scoped", &moved).await.is_err(), "a row cannot be given away");
    for table in ["users", "assignments", "role_privileges", "user_credentials", "roles"] {
        let refused = app.try_as("castellan_scoped", &format!("delete from control.{table}")).await;
        assert!(refused.expect_err(table).contains("permission denied"), "{table}");
    }
}
