//! What was sent to a client's environments.

use super::{act, id_of};
use crate::support::TestApp;

#[actix_web::test]
async fn a_deployment_is_queued_with_the_first_line_of_its_log() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    let list = format!("/clients/{client}/deployments");
    let empty = support.get(&list).await.texts(".empty p").join("");
    assert!(empty.contains("no deployer is connected"), "{empty}");
    let form = support.get(&format!("{list}/new")).await.form();
    let page = support.submit(&form.clone().with("environment", "moon").with("url", "ftp://x")).await;
    assert_eq!((page.status, page.errors().len()), (422, 4), "{:?}", page.errors());
    let form = form.with("environment", "production").with("version_label", "v1.2").with("reason", "Launch");
    let answer = support.submit(&form).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    assert_eq!(support.submit(&form).await.location(), answer.location(), "a second sending starts no second one");
    let page = support.follow(&answer).await;
    assert_eq!(page.texts("main h2").first().map(String::as_str), Some("v1.2 to production"));
    assert!(page.texts(".banner").join("").contains("waits in the queue"));
    assert_eq!(page.texts("ol.history li p"), ["queue info: v1.2 waits in the queue for production."]);
    assert!(page.texts("dl.facts").join("").contains(&support.email), "who started it");

    let event = app.event("client_deployment.start").await;
    assert_eq!((event.reason.as_deref(), event.tenant_id), (Some("Launch"), Some(tenant)));
    assert_eq!(event.target_id, Some(id_of(&answer.location())));
    assert_eq!(event.of("client_deployments")[0].after["status"], "queued");
    assert_eq!(app.text("select last_activity_at > created_at from control.clients").await, "true");
    let overview = support.get(&format!("/clients/{client}")).await;
    assert!(overview.texts("aside .panel").join("").contains("v1.2"));
}

#[actix_web::test]
async fn only_what_is_in_service_is_deployed() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let fields = [("environment", "production"), ("version_label", "v1"), ("reason", "x")];
    for status in ["paused", "archived"] {
        let client = app.client(tenant, status, status).await;
        let list = format!("/clients/{client}/deployments");
        assert!(support.get(&list).await.link("Start a deployment").is_empty(), "{status}");
        for page in [support.get(&format!("{list}/new")).await, support.post_form(&list, &fields).await] {
            assert_eq!((page.status, page.errors().len()), (409, 1), "{status}: {:?}", page.errors());
            assert!(page.errors()[0].contains(status), "{:?}", page.errors());
        }
    }
    let draft = format!("/clients/{}/deployments", app.client(tenant, "draft", "draft").await);
    let page = support.post_form(&draft, &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("environment").contains("once the client is active"), "{:?}", page.errors());
    let staging = [("environment", "staging"), fields[1], fields[2]];
    assert_eq!(support.post_form(&draft, &staging).await.status, 303);
    app.execute("update control.tenants set status = 'suspended', suspended_at = now(), suspension_reason = 'x'").await;
    let page = support.post_form(&draft, &staging).await;
    assert_eq!((page.status, page.errors().len()), (409, 1));
    app.execute("update control.clients set deleted_at = now()").await;
    assert_eq!(support.post_form(&draft, &staging).await.status, 404);
}

#[actix_web::test]
async fn a_deployment_is_cancelled_until_it_ends() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    for status in ["queued", "building", "deploying"] {
        let id = app.deployment(client, status).await;
        let url = format!("/clients/{client}/deployments/{id}");
        assert_eq!(support.get(&url).await.link("Cancel deployment…"), format!("{url}/cancellation/new"));
        let answer = act(&support, &url, "cancellation", "").await;
        assert_eq!((answer.status, answer.location()), (303, url.clone()), "{status}");
        let page = support.get(&url).await;
        assert_eq!(page.texts("ol.history li p"), ["cancellation warning: Cancelled: because of cancellation"]);
        assert_eq!(page.attributes("ol.history .state", "class"), ["state warn"]);
        assert!(page.link("Cancel deployment…").is_empty());
        assert_eq!(app.last_event().await.of("client_deployments")[0].after["status"], "cancelled");
    }
    for status in ["live", "failed", "rolled_back", "cancelled"] {
        let id = app.deployment(client, status).await;
        let page = support.get(&format!("/clients/{client}/deployments/{id}/cancellation/new")).await;
        assert_eq!((page.status, page.errors().len()), (409, 1), "{status}");
    }
}

#[actix_web::test]
async fn the_log_is_read_in_pages_with_levels_and_details() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    let id = app.deployment(client, "failed").await;
    app.execute(&format!(
        "update control.client_deployments set error_message = 'The <build> broke';
        insert into control.deployment_tracking_events
            (id, deployment_id, client_id, tenant_id, occurred_at, step, status, message, details)
        select gen_random_uuid(), '{id}', '{client}', '{tenant}', now() - n * interval '1 second', 'build',
            (array['info', 'success', 'warning', 'error'])[n % 4 + 1], 'line ' || n,
            case when n = 1 then '{{\"exit\": 1}}' else '{{}}' end::jsonb
        from generate_series(1, 70) n"
    ))
    .await;
    let page = support.get(&format!("/clients/{client}/deployments/{id}")).await;
    assert_eq!(page.texts("ol.history li").len(), 50);
    assert_eq!(
        page.attributes("ol.history .state", "class")[..4],
        ["state ok", "state warn", "state bad", "state info"]
    );
    assert!(page.texts("ol.history details").join("").contains("\"exit\": 1"));
    assert_eq!(page.texts("ol.history details").len(), 1);
    assert_eq!(page.texts(".banner.bad"), ["The <build> broke"]);
    let older = support.get(&page.link("Older")).await;
    let lines = older.texts("ol.history li p");
    assert_eq!((lines.len(), lines[19].as_str()), (20, "build warning: line 70"));
    assert_eq!(support.get(&older.link("Newer")).await.texts("ol.history li p"), page.texts("ol.history li p"));
}

#[actix_web::test]
async fn the_lists_filter_and_export() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    let (bakery, butcher) = (app.client(north, "bakery", "active").await, app.client(south, "butcher", "active").await);
    for status in ["live", "failed"] {
        app.deployment(bakery, status).await;
    }
    let id = app.deployment(butcher, "live").await;
    app.execute(&format!("update control.client_deployments set environment = 'staging' where id = '{id}'")).await;
    let count = async |path: &str| founder.get(path).await.rows().len();
    assert_eq!(count("/deployments").await, 3);
    assert_eq!(count("/deployments?status=live").await, 2);
    assert_eq!(count("/deployments?status=live,failed&environment=production").await, 2);
    assert_eq!(count(&format!("/deployments?tenant={south}")).await, 1);
    assert_eq!(count("/deployments?created=..2020-01-01").await, 0);
    assert_eq!(count(&format!("/clients/{bakery}/deployments?status=failed")).await, 1);
    let page = founder.get("/deployments?environment=staging").await;
    assert_eq!(page.link("Butcher"), format!("/clients/{butcher}"));
    assert_eq!(page.link("v1"), format!("/clients/{butcher}/deployments/{id}"));
    let csv = founder.get(&format!("/clients/{butcher}/deployments.csv")).await;
    let lines: Vec<&str> = csv.text().lines().collect();
    let header =
        "id,client_id,tenant_id,environment,status,version_label,url,created_at,started_at,finished_at,duration_ms";
    assert_eq!((lines[0], lines.len()), (header, 2));
    assert!(lines[1].starts_with(&format!("{id},{butcher},{south},staging,live,v1,,20")), "{}", lines[1]);
    assert_eq!(founder.get("/deployments.csv?status=failed").await.text().lines().count(), 2);
}
