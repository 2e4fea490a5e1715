//! Adding jobs.

use castellan::action::Action;
use castellan::commands::setup;
use castellan::error::AppError;
use castellan::jobs::{Handlers, NewJob, enqueue};
use serde_json::json;

use crate::support::TestApp;

#[actix_web::test]
async fn a_job_knows_the_event_that_caused_it() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    let id = app.enqueue(NewJob::of("test.one").payload(json!({ "domain": "a.example" })).tenant(tenant)).await;
    let job = app.job(id).await;
    assert_eq!((job.status.as_str(), job.attempts, job.actor_id), ("queued", 0, None));
    let event = app.event("test.enqueue").await;
    assert_eq!(job.event_id, Some(event.id));
    assert_eq!(event.of("job_queue")[0].after["kind"], "test.one");
    app.leaves_jobs();
}

#[actix_web::test]
async fn the_same_key_is_the_same_job() {
    let app = TestApp::start().await;
    let first = app.enqueue(NewJob::of("test.one").key("domain 7")).await;
    let second = app.enqueue(NewJob::of("test.one").key("domain 7")).await;
    let other = app.enqueue(NewJob::of("test.one").key("domain 8")).await;
    assert_eq!(first, second);
    assert_ne!(first, other);
    assert_eq!(app.number("select count(*) from control.job_queue").await, 2);
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_change_that_fails_or_is_only_shown_adds_no_job() {
    let app = TestApp::start().await;
    let can = setup::authority("test").expect("commands may add jobs");
    let action = || Action::general("test.enqueue", "job");
    let refused = app
        .db()
        .write(&can, action(), |tx| {
            enqueue(tx, &NewJob::of("test.one"))?;
            Err::<(), _>(AppError::Conflict("no".into()))
        })
        .await;
    assert!(matches!(refused, Err(AppError::Conflict(_))));
    let shown = app.db().preview(&can, action(), |tx| enqueue(tx, &NewJob::of("test.one"))).await;
    let tables: Vec<String> =
        shown.expect("it can be shown").effect.changes.into_iter().map(|change| change.table_name).collect();
    assert_eq!(tables, ["job_queue"]);
    assert_eq!(app.number("select count(*) from control.job_queue").await, 0);
}

#[actix_web::test]
async fn kinds_can_be_chosen_by_name() {
    let handlers = || Handlers::new().on("test.one", |_, _| async { Ok(()) }).on("test.two", |_, _| async { Ok(()) });
    assert_eq!(handlers().only(&["test.two".into()]).map(|some| some.kinds()), Ok(vec!["test.two"]));
    let refused = handlers().only(&["test.three".into()]).map(|some| some.kinds());
    assert_eq!(refused, Err("There is no kind of job test.three. There are: test.one, test.two.".into()));
    let app = TestApp::start().await;
    let (one, two) = (app.enqueue(NewJob::of("test.one")).await, app.enqueue(NewJob::of("test.two")).await);
    let worker = app.worker(handlers().only(&["test.two".into()]).expect("it is known"));
    assert_eq!(worker.drain().await.expect("the queue can be read"), 1);
    assert_eq!((app.job(one).await.status, app.job(two).await.status), ("queued".into(), "succeeded".into()));
    app.leaves_jobs();
}
