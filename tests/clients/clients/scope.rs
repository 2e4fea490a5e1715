//! Who sees which clients.

use crate::support::TestApp;

const MANAGER: [&str; 5] = ["clients.view", "clients.manage", "clients.archive", "clients.deploy", "clients.export"];
const PAGES: [&str; 12] = [
    "",
    "/edit",
    "/history",
    "/customizations",
    "/customizations/new",
    "/deployments",
    "/deployments/new",
    "/analytics",
    "/activation/new",
    "/pausing/new",
    "/archiving/new",
    "/deletion/new",
];

#[actix_web::test]
async fn a_manager_of_one_client_sees_just_that_one() {
    let app = TestApp::start().await;
    let tenant = app.tenant("north").await;
    let (own, foreign) = (app.client(tenant, "own", "active").await, app.client(tenant, "foreign", "active").await);
    let manager = app.scoped_to_client(&MANAGER, tenant, own).await;
    let (mine, theirs) = (app.deployment(own, "queued").await, app.deployment(foreign, "queued").await);

    assert_eq!(manager.get("/clients").await.names(), ["Own"]);
    assert_eq!(manager.get(&format!("/tenants/{tenant}/clients")).await.names(), ["Own"]);
    assert_eq!(manager.get("/clients/foreign").await.status, 404);
    assert_eq!(manager.get("/deployments").await.rows().len(), 1);
    for export in ["/clients.csv", "/deployments.csv", &format!("/clients/{foreign}/deployments.csv")] {
        assert!(!manager.get(export).await.text().contains(&foreign.to_string()), "{export}");
    }
    for page in PAGES {
        let answer = manager.get(&format!("/clients/{foreign}{page}")).await;
        assert_eq!(answer.status, 404, "{page}");
        let answer = manager.get(&format!("/clients/{own}{page}")).await;
        assert!(matches!(answer.status, 200 | 409), "{page}: {}", answer.status);
    }
    for client in [own, foreign] {
        let path = format!("/clients/{client}/deployments/{theirs}");
        assert_eq!(manager.get(&path).await.status, 404, "a foreign deployment under {client}");
        assert_eq!(manager.post_form(&format!("{path}/cancellation"), &[("reason", "x")]).await.status, 404);
    }
    assert_eq!(manager.get(&format!("/clients/{own}/deployments/{mine}")).await.status, 200);
    assert_eq!(manager.get(&format!("/clients/{foreign}/deployments/{mine}")).await.status, 404, "one address each");
}

#[actix_web::test]
async fn a_manager_of_one_client_changes_just_that_one() {
    let app = TestApp::start().await;
    let tenant = app.tenant("north").await;
    let (own, foreign) = (app.client(tenant, "own", "active").await, app.client(tenant, "foreign", "active").await);
    let manager = app.scoped_to_client(&MANAGER, tenant, own).await;
    let fields = [("version", "1"), ("name", "Taken"), ("slug", "taken")];
    assert_eq!(manager.post_form(&format!("/clients/{foreign}"), &fields).await.status, 404);
    for noun in ["activation", "pausing", "archiving", "deletion", "restoration"] {
        let sent = [("reason", "mine"), ("confirm", "foreign")];
        assert_eq!(manager.post_form(&format!("/clients/{foreign}/{noun}"), &sent).await.status, 404, "{noun}");
    }
    let sent = [("template_id", "shop"), ("settings", "{}")];
    assert_eq!(manager.post_form(&format!("/clients/{foreign}/customizations"), &sent).await.status, 404);
    let sent = [("environment", "staging"), ("version_label", "v1"), ("reason", "x")];
    assert_eq!(manager.post_form(&format!("/clients/{foreign}/deployments"), &sent).await.status, 404);
    assert_eq!(app.number("select count(*) from audit.events where action like 'client%'").await, 0);

    assert_eq!(manager.post_form(&format!("/clients/{own}"), &fields).await.status, 303);
    assert_eq!(manager.post_form(&format!("/clients/{own}/deployments"), &sent).await.status, 303);
    let form = manager.get(&format!("/clients/{own}/pausing/new")).await.form().with("reason", "x");
    assert_eq!(manager.submit(&form).await.status, 303);
    let lines = manager.get(&format!("/clients/{own}/history")).await.texts("ol.history li");
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[actix_web::test]
async fn a_right_on_a_client_makes_no_others() {
    let app = TestApp::start().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    let own = app.client(north, "own", "active").await;
    let manager = app.scoped_to_client(&MANAGER, north, own).await;
    let fields = [("name", "New"), ("slug", "newest")];
    for tenant in [north, south] {
        let list = format!("/tenants/{tenant}/clients");
        assert_eq!(manager.get(&format!("{list}/new")).await.status, 404);
        assert_eq!(manager.post_form(&list, &fields).await.status, 404);
    }
    assert!(manager.get(&format!("/tenants/{north}/clients")).await.link("New client").is_empty());
    assert_eq!(manager.get(&format!("/tenants/{south}/clients")).await.status, 404);
    for tenant in ["north", "south"] {
        let page = manager.post_form("/clients", &[("tenant_id", tenant), fields[0], fields[1]]).await;
        assert_eq!((page.status, page.errors().len()), (422, 1), "{tenant}: {:?}", page.errors());
    }
    let manager = app.scoped_to_tenant(&MANAGER, north).await;
    assert_eq!(manager.post_form(&format!("/tenants/{north}/clients"), &fields).await.status, 303);
    assert_eq!(manager.post_form(&format!("/tenants/{south}/clients"), &fields).await.status, 404);
    assert_eq!(app.number("select count(*) from control.clients").await, 2);
}

#[actix_web::test]
async fn a_right_on_a_client_does_not_reach_its_tenant() {
    let app = TestApp::start().await;
    let tenant = app.tenant("north").await;
    let own = app.client(tenant, "own", "active").await;
    let manager = app.scoped_to_client(&["tenants.view", "tenants.manage", "tenants.suspend"], tenant, own).await;
    let url = format!("/tenants/{tenant}");
    assert_eq!(manager.get(&url).await.status, 200, "it is seen");
    let fields = [("version", "1"), ("name", "Taken"), ("slug", "taken"), ("region", "eu-west"), ("isolation", "row")];
    assert_eq!(manager.post_form(&url, &fields).await.status, 404);
    let sent = [("reason", "x"), ("confirm", "north")];
    assert_eq!(manager.post_form(&format!("{url}/suspension"), &sent).await.status, 404);
    assert_eq!(app.text("select name || ' ' || status from control.tenants").await, "North active");
}
