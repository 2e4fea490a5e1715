//! Jobs as people see them.

use castellan::jobs::{Handlers, NewJob};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::TestApp;

const COLUMNS: &str = "id, kind, status, attempts, last_error, finished_at";

/// A dead job with a long error.
async fn dead(app: &TestApp) -> Uuid {
    let id = Uuid::now_v7();
    app.execute(&format!(
        "insert into control.job_queue ({COLUMNS})
            values ('{id}', 'domain.check', 'dead', 10, 'the <b>name server</b> did not answer', now())"
    ))
    .await;
    id
}

#[actix_web::test]
async fn the_list_shows_states_and_errors_and_is_narrowed_by_tabs_and_filters() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let page = founder.get("/jobs").await;
    assert_eq!((page.status, page.title().as_str()), (200, "Jobs"));
    assert!(page.texts(".empty").join(" ").starts_with("There are no jobs."));
    let tenant = app.tenant("northwind").await;
    dead(&app).await;
    app.enqueue(NewJob::of("test.one").tenant(tenant)).await;
    let page = founder.get("/jobs").await;
    assert_eq!(page.names(), ["test.one", "domain.check"]);
    assert_eq!(page.rows()[1][1..5], ["dead", "", "10 of 10", "the <b>name server</b> did not answer"]);
    assert_eq!(page.rows()[0][2], "northwind");
    assert_eq!(page.texts(".tabs a"), ["All", "Waiting", "Running", "Dead letters"]);
    assert_eq!(page.texts(".tabs a[aria-current]"), ["All"]);
    let letters = founder.get(&page.link("Dead letters")).await;
    assert_eq!(
        (letters.names(), letters.texts(".tabs a[aria-current]")),
        (vec!["domain.check".into()], vec!["Dead letters".into()])
    );
    for (query, names) in [
        ("kind=test.one", vec!["test.one"]),
        (&format!("tenant={tenant}"), vec!["test.one"]),
        ("cause=schedule", vec![]),
        ("cause=change&status=queued,dead&sort=created_at", vec!["domain.check", "test.one"]),
        ("created=2020-01-01..2020-12-31", vec![]),
    ] {
        assert_eq!(founder.get(&format!("/jobs?{query}")).await.names(), names, "{query}");
    }
    for query in ["status=odd", "sort=kind", "tenant=northwind", "q=x", "colour=red", "after=x"] {
        assert_eq!(founder.get(&format!("/jobs?{query}")).await.status, 400, "{query}");
    }
    assert!(!founder.htmx_get("/jobs?status=dead").await.is_whole());
    app.leaves_jobs();
}

#[actix_web::test]
async fn the_list_goes_out_as_csv() {
    let app = TestApp::start().await;
    dead(&app).await;
    let page = app.founder().await.get("/jobs.csv?status=dead").await;
    let lines: Vec<&str> = page.text().lines().collect();
    assert!(lines[0].starts_with("id,kind,status,priority,run_at,attempts,max_attempts,worker,"), "{}", lines[0]);
    assert!(lines[1].contains(",domain.check,dead,0,"), "{}", lines[1]);
    assert_eq!((lines.len(), lines[0].split(',').count()), (2, 19));
    assert_eq!(app.support().await.get("/jobs.csv").await.status, 403);
    app.leaves_jobs();
}

#[actix_web::test]
async fn mail_that_nobody_sends_is_said_to_wait() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    assert!(founder.get("/jobs").await.texts(".banner").is_empty());
    app.execute(
        "insert into control.outbox (id, event_id, kind, recipient) select gen_random_uuid(), gen_random_uuid(), 'mail', 'a@b.c'
            from generate_series(1, 2)",
    )
    .await;
    let banner = founder.get("/jobs").await.texts(".banner").join(" ");
    assert!(banner.starts_with("2 mails and webhooks wait in the outbox. No mail server is configured"), "{banner}");
    assert_eq!(app.number("select count(*) from control.outbox where status = 'pending'").await, 2);
}

#[actix_web::test]
async fn a_job_that_failed_is_tried_again_with_a_reason() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = dead(&app).await;
    let page = founder.get(&format!("/jobs/{id}")).await;
    assert_eq!((page.status, page.title().as_str()), (200, "domain.check"));
    assert!(page.text().contains("the &#60;b&#62;name server&#60;/b&#62; did not answer"));
    let ask = founder.get(&page.link("Try again…")).await;
    assert_eq!(ask.title(), "Try domain.check again");
    assert!(ask.texts(".diff").join(" ").contains("status dead → queued"), "{}", ask.texts(".diff").join(" "));
    let refused = founder.submit(&ask.form()).await;
    assert_eq!((refused.status, refused.field_error("reason").as_str()), (422, "is required"));
    let done = founder.submit(&ask.form().with("reason", "The name server is back")).await;
    assert_eq!((done.status, done.location()), (303, format!("/jobs/{id}")));
    assert_eq!(done.flash(), "domain.check is in the queue again.");
    let event = app.event("job.retry").await;
    assert_eq!((event.target_id, event.reason.as_deref()), (Some(id), Some("The name server is back")));
    assert_eq!(
        (&event.of("job_queue")[0].before["attempts"], &event.of("job_queue")[0].after["attempts"]),
        (&json!(10), &json!(0))
    );
    let worker = app.worker(Handlers::new().on("domain.check", |_, _| async { Ok(()) }));
    assert_eq!(worker.drain().await.expect("it runs"), 1);
    let page = founder.get(&format!("/jobs/{id}")).await;
    assert_eq!(page.texts(".title .state"), ["succeeded"]);
    assert!(page.texts("ol.history li").join(" ").contains("job.retry"));
    let late = founder.get(&format!("/jobs/{id}/retry/new")).await;
    assert_eq!(late.status, 409);
    assert_eq!(late.errors(), ["Only a job that failed, is dead or was cancelled can be tried again."]);
}

#[actix_web::test]
async fn a_job_that_waits_is_cancelled() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.enqueue(NewJob::of("test.one")).await;
    let ask = founder.get(&format!("/jobs/{id}/cancellation/new?return_to=/jobs?status=queued")).await;
    let done = founder.submit(&ask.form().with("reason", "Not needed")).await;
    assert_eq!((done.status, done.location().as_str()), (303, "/jobs?status=queued"));
    assert_eq!(app.job(id).await.status, "cancelled");
    assert_eq!(
        founder.submit(&ask.form().with("reason", "Not needed")).await.status,
        303,
        "the same form again does no harm"
    );
    assert_eq!(founder.get(&format!("/jobs/{id}/cancellation/new")).await.status, 409);
    assert_eq!(app.events("job.cancel").await.len(), 1);
}

#[actix_web::test]
async fn a_running_job_shows_how_far_it_is_and_asks_for_itself_until_it_rests() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("northwind").await;
    let id = app.enqueue(NewJob::of("test.long").payload(json!({ "domain": "a.example" })).tenant(tenant)).await;
    app.execute(
        "set local role castellan_jobs; update control.job_queue set status = 'running', lease_token = gen_random_uuid(),
            lease_until = now() + interval '1 minute', progress_done = 1200, progress_total = 4800, worker = 'here:1'",
    )
    .await;
    let url = format!("/jobs/{id}");
    let page = founder.get(&url).await;
    assert_eq!(page.attributes("#job", "hx-trigger"), ["every 2s"]);
    assert_eq!(page.attributes("#job", "hx-get"), [url.as_str()]);
    assert_eq!(
        (page.attributes("main progress", "value"), page.attributes("main progress", "max")),
        (vec!["1200".into()], vec!["4800".into()])
    );
    assert!(page.text().contains("1,200 of 4,800") && page.text().contains("<noscript><meta http-equiv=\"refresh\""));
    assert_eq!(page.texts("pre"), ["{ \"domain\": \"a.example\" }"]);
    let event = app.event("test.enqueue").await;
    assert_eq!(page.attributes("aside a[href^='/audit/']", "href"), [format!("/audit/{}", event.id)]);
    let ask = || founder.request(Method::GET, &url).header("HX-Request", "true").header("HX-Target", "div#job");
    let part = founder.send(ask()).await;
    assert!(!part.is_whole() && part.text().trim_start().starts_with("<div id=\"job\""), "{}", part.text());
    app.execute(
        "set local role castellan_jobs; update control.job_queue set status = 'succeeded', lease_token = null,
            lease_until = null, finished_at = now()",
    )
    .await;
    let part = founder.send(ask()).await;
    assert!(part.attributes("#job", "hx-trigger").is_empty() && part.texts("progress").is_empty());
}

#[actix_web::test]
async fn what_nobody_does_here_says_so() {
    let app = TestApp::start().await;
    let id = app.enqueue(NewJob::of("test.one")).await;
    let page = app.founder().await.get(&format!("/jobs/{id}")).await;
    assert!(page.texts(".banner").join(" ").contains("has no part that does test.one"));
    app.leaves_jobs();
}

#[actix_web::test]
async fn who_sees_jobs_and_who_may_do_something_to_them() {
    let app = TestApp::start().await;
    let (mine, theirs) = (app.tenant("northwind").await, app.tenant("southwind").await);
    let ours = app.enqueue(NewJob::of("test.mine").tenant(mine)).await;
    let foreign = app.enqueue(NewJob::of("test.theirs").tenant(theirs)).await;
    let general = app.enqueue(NewJob::of("test.general")).await;
    let scoped = app.scoped_to_tenant(&["jobs.view", "jobs.manage"], mine).await;
    assert_eq!(scoped.get("/jobs").await.names(), ["test.mine"]);
    for (id, status) in [(ours, 200), (foreign, 404), (general, 404)] {
        assert_eq!(scoped.get(&format!("/jobs/{id}")).await.status, status);
        assert_eq!(scoped.get(&format!("/jobs/{id}/cancellation/new")).await.status, status);
    }
    let support = app.support().await;
    let page = support.get(&format!("/jobs/{ours}")).await;
    assert_eq!((page.status, page.link("Cancel…")), (200, String::new()));
    assert_eq!(support.get(&format!("/jobs/{ours}/cancellation/new")).await.status, 403);
    let page = support.post_form(&format!("/jobs/{ours}/cancellation"), &[("reason", "x")]).await;
    assert_eq!((page.status, app.job(ours).await.status.as_str()), (403, "queued"));
    assert_eq!(app.person_with(&["tenants.view"]).await.get("/jobs").await.status, 403);
    assert_eq!(app.founder().await.get(&format!("/jobs/{}", Uuid::now_v7())).await.status, 404);
    assert_eq!(app.founder().await.get("/jobs/none").await.status, 404);
    app.leaves_jobs();
}
