//! Activating, pausing, archiving, deleting, and undoing it.

use uuid::Uuid;

use super::super::act;
use crate::support::TestApp;

async fn status(app: &TestApp, id: Uuid) -> String {
    app.text(&format!("select status from control.clients where id = '{id}'")).await
}

#[actix_web::test]
async fn a_client_goes_through_its_states() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let tenant = app.tenant("north").await;
    let id = app.client(tenant, "bakery", "draft").await;
    let url = format!("/clients/{id}");
    for (noun, action, state) in [
        ("activation", "client.activate", "active"),
        ("pausing", "client.pause", "paused"),
        ("activation", "client.activate", "active"),
        ("archiving", "client.archive", "archived"),
        ("activation", "client.activate", "active"),
    ] {
        let answer = act(&admin, &url, noun, "bakery").await;
        assert_eq!((answer.status, answer.location().as_str()), (303, url.as_str()), "{noun}");
        assert_eq!(status(&app, id).await, state);
        let event = app.last_event().await;
        assert_eq!((event.action.as_str(), event.tenant_id), (action, Some(tenant)));
        assert_eq!(event.reason, Some(format!("because of {noun}")));
        assert_eq!(event.of("clients")[0].after["status"], state);
    }
    let lines = admin.get(&format!("{url}/history")).await.texts("ol.history li");
    assert_eq!(lines.len(), 5, "{lines:?}");
}

#[actix_web::test]
async fn an_action_that_does_not_fit_the_state_says_why() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let tenant = app.tenant("north").await;
    for (state, nouns) in [
        ("draft", vec!["pausing", "restoration"]),
        ("active", vec!["activation", "deletion", "restoration"]),
        ("paused", vec!["pausing", "deletion", "restoration"]),
        ("archived", vec!["pausing", "archiving", "restoration"]),
    ] {
        let id = app.client(tenant, state, state).await;
        for noun in nouns {
            let page = admin.get(&format!("/clients/{id}/{noun}/new")).await;
            assert_eq!((page.status, page.errors().len()), (409, 1), "{state} {noun}: {:?}", page.errors());
            let sent = [("reason", "why not"), ("confirm", state)];
            assert_eq!(admin.post_form(&format!("/clients/{id}/{noun}"), &sent).await.status, 409, "{state} {noun}");
        }
        assert_eq!(status(&app, id).await, state);
    }
}

#[actix_web::test]
async fn a_client_that_goes_out_of_service_takes_its_unfinished_deployments_with_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let tenant = app.tenant("north").await;
    let (id, other) = (app.client(tenant, "bakery", "active").await, app.client(tenant, "other", "active").await);
    for status in ["live", "queued", "building", "failed"] {
        app.deployment(id, status).await;
    }
    app.deployment(other, "queued").await;
    let page = admin.get(&format!("/clients/{id}/pausing/new")).await;
    assert!(page.texts(".effect").join("").starts_with("2 deployments that have not ended are cancelled"));
    assert!(page.texts("aside .panel").join("").contains("client_deployments 2"));
    assert_eq!(act(&admin, &format!("/clients/{id}"), "pausing", "bakery").await.status, 303);
    let query = format!("select status from control.client_deployments where client_id = '{id}' order by id");
    assert_eq!(app.texts(&query).await, ["live", "cancelled", "cancelled", "failed"]);
    let others = format!("select status from control.client_deployments where client_id = '{other}'");
    assert_eq!(app.texts(&others).await, ["queued"], "another client's go on");
    let log = "select message from control.deployment_tracking_events";
    assert_eq!(app.texts(log).await, vec!["Cancelled: The client was paused."; 2]);
    assert_eq!(app.event("client.pause").await.of("client_deployments").len(), 2);
}

#[actix_web::test]
async fn deleting_frees_the_slug_and_restoring_wants_it_free() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let tenant = app.tenant("north").await;
    let id = app.client(tenant, "bakery", "draft").await;
    let url = format!("/clients/{id}");
    let form = admin.get(&format!("{url}/deletion/new")).await.form();
    let page = admin.submit(&form.with("reason", "Mistake").with("confirm", "Bakery")).await;
    assert!(page.field_error("confirm").contains("bakery"), "{:?}", page.errors());
    let answer = act(&admin, &url, "deletion", "bakery").await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/clients"));
    assert!(admin.get("/clients").await.names().is_empty());
    assert_eq!(admin.get("/clients?deleted=yes").await.names(), ["Bakery"]);
    assert_eq!(admin.get(&format!("/tenants/{tenant}/clients?deleted=yes")).await.names(), ["Bakery"]);
    assert_eq!(admin.get(&url).await.link("Restore…"), format!("{url}/restoration/new"));

    let other = app.client(tenant, "bakery", "active").await;
    let page = admin.get(&format!("{url}/restoration/new")).await;
    assert_eq!(page.status, 409);
    assert!(page.errors()[0].contains("slug bakery"), "{:?}", page.errors());
    app.execute(&format!("update control.clients set slug = 'other' where id = '{other}'")).await;
    assert_eq!(act(&admin, &url, "restoration", "").await.status, 303);
    assert_eq!(app.event("client.restore").await.of("clients")[0].after["deleted_at"], serde_json::Value::Null);
}

#[actix_web::test]
async fn a_client_is_in_service_only_while_its_tenant_is() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let tenant = app.tenant("north").await;
    let (id, gone) = (app.client(tenant, "bakery", "paused").await, app.client(tenant, "gone", "draft").await);
    app.execute(&format!("update control.clients set deleted_at = now() where id = '{gone}'")).await;
    app.execute("update control.tenants set status = 'suspended', suspended_at = now(), suspension_reason = 'x'").await;
    let page = admin.get(&format!("/clients/{id}/activation/new")).await;
    assert_eq!(
        (page.status, page.errors()),
        (409, vec!["The tenant North is suspended; reactivate it first.".to_owned()])
    );
    assert!(admin.get(&format!("/clients/{id}")).await.texts(".banner").join("").contains("suspended"));
    app.execute("update control.tenants set status = 'closed', closed_at = now()").await;
    let page = admin.get(&format!("/clients/{gone}/restoration/new")).await;
    assert_eq!((page.status, page.errors().len()), (409, 1), "{:?}", page.errors());
}

#[actix_web::test]
async fn support_runs_clients_and_does_not_archive_them() {
    let app = TestApp::start().await;
    let (support, auditor) = (app.support().await, app.auditor().await);
    let tenant = app.tenant("north").await;
    let id = app.client(tenant, "bakery", "draft").await;
    let url = format!("/clients/{id}");
    let page = support.get(&url).await;
    assert!(!page.link("Activate…").is_empty() && !page.link("Edit").is_empty());
    assert!(page.link("Archive…").is_empty() && page.link("Delete…").is_empty());
    for noun in ["archiving", "deletion", "restoration"] {
        assert_eq!(support.get(&format!("{url}/{noun}/new")).await.status, 403, "{noun}");
        assert_eq!(support.post_form(&format!("{url}/{noun}"), &[("reason", "x")]).await.status, 403, "{noun}");
    }
    let page = auditor.get(&url).await;
    assert_eq!(page.status, 200);
    assert!(page.texts(".title .actions a").is_empty(), "an auditor changes nothing");
    for path in ["edit", "activation/new", "customizations/new", "deployments/new"] {
        assert_eq!(auditor.get(&format!("{url}/{path}")).await.status, 403, "{path}");
    }
}
