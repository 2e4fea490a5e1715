//! The log as a file: what is in it, and what the log says of who took it.

use castellan::token::hex;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Page, TestApp};

fn lines(page: &Page) -> Vec<Value> {
    assert_eq!((page.status, page.header("content-type")), (200, "application/x-ndjson"), "{}", page.text());
    page.text().lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[actix_web::test]
async fn lines_have_the_fields_of_ocsf_the_leaf_and_the_changes() {
    let app = TestApp::start().await;
    let (founder, id) = (app.founder().await, app.tenant("north").await);
    let form = founder.get(&format!("/tenants/{id}/suspension/new")).await.form();
    let form = form.with("reason", "does not pay").with("confirm", "north");
    assert_eq!(founder.submit(&form).await.status, 303);
    let event = app.event("tenant.suspend").await;
    let unsealed = lines(&founder.get("/audit.ndjson?action=tenant.suspend").await).remove(0);
    assert!(unsealed["metadata"].get("sequence").is_none(), "{unsealed}");
    app.seal().await;
    let found = lines(&founder.get("/audit.ndjson?action=tenant.suspend").await);
    let [line] = &found[..] else { panic!("{} lines", found.len()) };
    let leaf = app.number(&format!("select leaf from audit.leaves where event_id = '{}'", event.id)).await;
    assert_eq!(
        [&line["class_uid"], &line["category_uid"], &line["activity_id"], &line["type_uid"], &line["severity_id"]],
        [&json!(3004), &json!(3), &json!(99), &json!(300_499), &json!(3)],
    );
    assert_eq!(
        (&line["activity_name"], &line["status_id"], &line["status"]),
        (&json!("suspend"), &json!(1), &json!("Success"))
    );
    let time =
        format!("select floor(extract(epoch from occurred_at) * 1000) from audit.events where id = '{}'", event.id);
    assert_eq!(line["time"], json!(app.number(&time).await));
    let metadata = &line["metadata"];
    assert_eq!((&metadata["uid"], &metadata["correlation_uid"]), (&json!(event.id), &json!(event.request_id)));
    assert_eq!((&metadata["sequence"], &metadata["tenant_uid"]), (&json!(leaf), &json!(id)));
    assert_eq!(
        (&metadata["event_code"], &line["api"]["operation"]),
        (&json!("tenant.suspend"), &json!("tenant.suspend"))
    );
    assert_eq!(
        (&line["actor"]["user"]["uid"], &line["actor"]["session"]["uid"]),
        (&json!(founder.id), &json!(event.session_id))
    );
    assert_eq!((&line["entity"]["type"], &line["entity"]["uid"]), (&json!("tenant"), &json!(id)));
    assert_eq!(line["comment"], "does not pay");
    let change = line["unmapped"]["changes"]
        .as_array()
        .and_then(|changes| changes.iter().find(|change| change["table_name"] == "tenants"));
    let change = change.unwrap_or_else(|| panic!("the change is there: {line}"));
    assert_eq!(
        (&change["row_id"], &change["before"]["status"], &change["after"]["status"]),
        (&json!(id), &json!("active"), &json!("suspended"))
    );
}

#[actix_web::test]
async fn lines_are_of_the_list_as_it_is_narrowed_and_whole() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.happens(2500).await;
    let found = lines(&founder.get("/audit.ndjson?action=test.happen").await);
    let mut ids: Vec<&str> = found.iter().filter_map(|line| line["metadata"]["uid"].as_str()).collect();
    assert!(found.windows(2).all(|pair| pair[0]["time"].as_i64() >= pair[1]["time"].as_i64()), "newest first");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), found.len()), (2500, 2500));
    assert!(lines(&founder.get("/audit.ndjson?action=test.nothing").await).is_empty());
    let refused = founder.get("/audit.ndjson?colour=red").await;
    assert_eq!((refused.status, refused.header("content-type")), (400, "application/json"));
}

#[actix_web::test]
async fn an_event_with_very_many_changes_says_that_not_all_are_listed() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.execute(
        "select audit.record('test.many', 'success', false, null, 'thing', null, null, null, null);
            insert into audit.changes (event_id, occurred_at, table_name, op, after)
            select current_setting('castellan.event_id')::uuid, current_setting('castellan.event_at')::timestamptz,
                'things', 'insert', jsonb_build_object('n', n) from generate_series(1, 150) n",
    )
    .await;
    let found = lines(&founder.get("/audit.ndjson?action=test.many").await);
    let unmapped = &found[0]["unmapped"];
    assert_eq!((unmapped["changes"].as_array().map(Vec::len), &unmapped["changes_cut"]), (Some(100), &json!(true)));
    assert_eq!(unmapped["changes"][99]["after"]["n"], 100, "the first ones, in their order");
}

#[actix_web::test]
async fn security_events_are_findings() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    assert_eq!(support.get("/audit").await.status, 403);
    app.seal().await;
    let found = lines(&auditor.get("/security-events.ndjson?kind=authz_fail").await);
    let [line] = &found[..] else { panic!("{} lines", found.len()) };
    assert_eq!(
        (&line["class_uid"], &line["type_uid"], &line["severity_id"]),
        (&json!(2004), &json!(200_401), &json!(3))
    );
    assert_eq!(
        (&line["finding_info"]["title"], &line["actor"]["user"]["uid"]),
        (&json!("authz_fail"), &json!(support.id))
    );
    assert_eq!(line["unmapped"]["details"]["path"], "/audit");
    assert!(line["metadata"]["sequence"].is_i64(), "{line}");
}

/// What the event of an end says of a file.
async fn receipt(app: &TestApp, file: &str) -> Value {
    let mut events = app.events("export.finish").await;
    events.retain(|event| event.details["file"] == file);
    assert_eq!(events.len(), 1, "{file}: {events:?}");
    let event = events.remove(0);
    assert!(event.is_read && event.outcome == "success", "{event:?}");
    assert!(event.details.get("broken_off").is_none(), "{event:?}");
    event.details
}

#[actix_web::test]
async fn each_file_leaves_its_hash() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.many_tenants(2100).await;
    app.happens(30).await;
    for (path, file, rows) in [
        ("/audit.csv?action=test.happen", "audit.csv", 30),
        ("/audit.ndjson?action=test.happen", "audit.ndjson", 30),
        ("/tenants.csv", "tenants.csv", 2100),
        ("/security-events.csv?kind=malicious_csrf", "security-events.csv", 0),
    ] {
        let page = founder.get(path).await;
        let said = receipt(&app, file).await;
        assert_eq!(said["sha256"], hex(&Sha256::digest(&page.body)), "{path}");
        assert_eq!((&said["rows"], &said["bytes"]), (&json!(rows), &json!(page.body.len())), "{path}");
        assert_eq!(said["asked_for"], path);
        let both = format!(
            "select count(*) from audit.events where request_id = '{}' and actor_id = '{}'",
            page.header("x-request-id"),
            founder.id.expect("somebody")
        );
        assert_eq!(app.number(&both).await, 2, "{path}: its beginning and its end");
    }
    assert_eq!(founder.send(founder.request(Method::HEAD, "/tenants.csv")).await.status, 200);
    assert_eq!(founder.get("/tenants.json").await.status, 200);
    assert_eq!(founder.get("/tenants.csv?status=gone").await.status, 400);
    assert_eq!(app.events("export.finish").await.len(), 4, "what is no file has no end");
}

#[actix_web::test]
async fn who_goes_away_in_the_middle_leaves_an_event_that_says_so() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.happens(40_000).await;
    let request = founder.request(Method::GET, "/audit.ndjson?action=test.happen");
    let mut answer = request.send().await.expect("an answer");
    assert!(answer.chunk().await.expect("it begins").is_some());
    drop(answer);
    app.until("select count(*) from audit.events where action = 'export.finish'", 1).await;
    let event = app.event("export.finish").await;
    assert_eq!((event.outcome.as_str(), &event.details["broken_off"]), ("failure", &json!("by whoever asked")));
    let rows = event.details["rows"].as_i64().expect("a number");
    assert!((1..40_000).contains(&rows), "{rows} rows went out");
}

#[actix_web::test]
async fn programs_take_lines_with_a_token() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.happens(1).await;
    let token = auditor.make_token(&["audit.export"], &[]).await;
    let page = app.read_with(&token.text, "/audit.ndjson?action=test.happen").await;
    assert_eq!(lines(&page).len(), 1);
    let said = receipt(&app, "audit.ndjson").await;
    assert_eq!(said["token_id"], json!(token.id));
    let none = app.anonymous().get("/audit.ndjson").await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, "Bearer realm=\"castellan\""));
}
