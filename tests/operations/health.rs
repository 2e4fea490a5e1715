//! The checks that machines ask for.

use castellan::operations::health;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Page, TestApp};

async fn readyz(app: &TestApp) -> (u16, String) {
    let page = app.anonymous().get("/readyz").await;
    (page.status, page.text().to_owned())
}

#[actix_web::test]
async fn a_console_in_order_is_alive_and_ready_for_anybody() {
    let app = TestApp::start().await;
    let page: Page = app.anonymous().get("/livez").await;
    assert_eq!((page.status, page.text(), page.header("content-type")), (200, "alive\n", "text/plain; charset=utf-8"));
    assert_eq!(readyz(&app).await, (200, "ready\n".into()));
    let nobody = app.anonymous();
    let page = nobody.send(nobody.request(Method::GET, "/readyz").header("Accept", "application/json")).await;
    let answer: Value = serde_json::from_str(page.text()).expect("it is JSON");
    assert_eq!((page.status, answer), (200, json!({ "ready": true, "problems": [], "warnings": [] })));
    assert!(page.set_cookies().is_empty());
}

/// Drops months of one log, so many ahead.
async fn lose(app: &TestApp, log: &str, from: i32, to: i32) {
    let month = "to_char(date_trunc('month', now() at time zone 'UTC') + make_interval(months => n), 'YYYY_MM')";
    let gone = format!("select 'audit.{log}_' || {month} from generate_series({from}, {to}) n");
    app.execute(&format!("drop table {}", app.texts(&gone).await.join(", "))).await;
}

#[actix_web::test]
async fn a_log_with_little_room_is_a_warning_and_one_without_is_a_problem() {
    let app = TestApp::start().await;
    lose(&app, "changes", 2, 12).await;
    let (status, text) = readyz(&app).await;
    assert_eq!(status, 200, "there is time: {text}");
    assert!(text.starts_with("ready\nThe log has room for 1 month ahead and needs 2"), "{text}");
    lose(&app, "security_events", 1, 1).await;
    let (status, text) = readyz(&app).await;
    assert_eq!(status, 503);
    assert!(text.starts_with("The log has room for 0 months ahead and needs 2"), "{text}");
    app.run_jobs_of_the_clock().await;
    assert_eq!(readyz(&app).await, (200, "ready\n".into()), "the daily job makes them");
}

#[actix_web::test]
async fn a_gap_counts_whatever_comes_after_it() {
    let app = TestApp::start().await;
    lose(&app, "events", 3, 3).await;
    assert_eq!(app.db().health().await.expect("it can be asked").room.months_ahead, 2);
    assert_eq!(readyz(&app).await, (200, "ready\n".into()));
    lose(&app, "events", 1, 1).await;
    assert_eq!(readyz(&app).await.0, 503);
}

#[actix_web::test]
async fn missing_migrations_are_a_problem_and_newer_ones_are_not() {
    let app = TestApp::start().await;
    app.execute("insert into public.__diesel_schema_migrations (version) values ('20991231000000')").await;
    assert_eq!(readyz(&app).await.0, 200);
    app.execute(
        "delete from public.__diesel_schema_migrations where version in
            (select version from public.__diesel_schema_migrations order by version limit 2)",
    )
    .await;
    assert_eq!(readyz(&app).await, (503, "2 migrations are missing: run castellan migrate.\n".into()));
}

#[actix_web::test]
async fn a_database_that_cannot_be_asked_is_a_problem_without_its_cause() {
    let app = TestApp::start().await;
    app.execute("revoke select on public.__diesel_schema_migrations from castellan_web").await;
    assert_eq!(readyz(&app).await, (503, "The database cannot be asked.\n".into()));
    assert_eq!(app.anonymous().get("/livez").await.status, 200, "the process lives all the same");
    assert_eq!(health::look(app.db()).await.problems.len(), 1);
}

#[actix_web::test]
async fn a_console_that_ends_is_not_ready_and_closes_connections() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    assert_ne!(founder.get("/tenants").await.header("connection"), "close");
    app.app.drain.told().await;
    app.app.drain.begin();
    let page = founder.get("/tenants").await;
    assert_eq!((page.status, page.header("connection")), (200, "close"), "what comes is still answered");
    assert_eq!(readyz(&app).await, (503, "The process is ending.\n".into()));
    app.app.drain.told().await;
    app.app.drain.settled().await;
}
