//! Workers die, hang and come back too late, and still every effect is there once.

use std::sync::Arc;
use std::time::Duration;

use castellan::action::Action;
use castellan::commands::setup;
use castellan::db::{Db, Tx};
use castellan::error::AppError;
use castellan::jobs::{Handlers, Job, NewJob, Pace, enqueue};
use castellan::tenancy;
use diesel::prelude::*;
use serde_json::json;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::support::{PACE, TestApp};

const EFFECTS: &str =
    "select count(*) from control.login_attempts where request_id in (select id from control.job_queue)";

/// An effect that can be counted, by job.
fn effect(tx: &mut Tx<'_, tenancy::Manage>, job: Uuid) -> Result<(), AppError> {
    use castellan_schema::control::login_attempts as a;
    diesel::insert_into(a::table)
        .values((
            a::id.eq(Uuid::now_v7()),
            a::account_hash.eq(vec![0_u8]),
            a::outcome.eq("success"),
            a::request_id.eq(job),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

async fn finish(job: &Job, db: &Db) -> Result<(), AppError> {
    let (can, id) = (job.can::<tenancy::Manage>()?, job.id);
    job.finish(db, &can, Action::on("test.effect", "job", id), move |tx| effect(tx, id)).await
}

/// Every tenth job hangs in its first run, so that its worker has to be given up.
fn handlers() -> Handlers {
    Handlers::new().on("test.effect", |job, db| async move {
        if job.attempt == 1 && job.payload["n"].as_i64().unwrap_or_default() % 10 == 0 {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        finish(&job, &db).await
    })
}

#[actix_web::test]
async fn three_hundred_jobs_have_three_hundred_effects_though_workers_die() {
    let Some(app) = TestApp::on_server().await else { return };
    let can = setup::authority("test").expect("commands may add jobs");
    let add = |tx: &mut Tx<'_, _>| -> Result<(), AppError> {
        for n in 0..300 {
            enqueue(tx, &NewJob::of("test.effect").payload(json!({ "n": n })))?;
        }
        Ok(())
    };
    app.db().write(&can, Action::general("test.enqueue", "job"), add).await.expect("jobs can be added");
    const OPEN: &str = "select count(*) from control.job_queue where status <> 'succeeded'";
    let mut deaths = 0;
    while app.number(OPEN).await > 0 {
        let (_stop, stopped) = watch::channel(false);
        let workers: Vec<_> = (0..4).map(|_| tokio::spawn(app.worker(handlers()).run(stopped.clone()))).collect();
        // Until all hang, or all is done; some die in the middle of a run.
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if app.number(OPEN).await == 0 {
                break;
            }
        }
        workers.iter().for_each(|worker| worker.abort());
        deaths += workers.len();
        app.expire_leases().await;
        assert!(deaths < 200, "the queue does not get empty");
    }
    assert_eq!(app.number(EFFECTS).await, 300);
    assert_eq!(app.number("select count(distinct request_id) from control.login_attempts").await, 300);
    assert_eq!(app.events("test.effect").await.len(), 300, "each effect has one event, and lost runs have none");
    let again = app.number("select count(*) from control.job_queue where attempts > 1").await;
    assert!(again >= 30, "{again} jobs were begun more than once");
}

#[actix_web::test]
async fn who_comes_back_too_late_changes_nothing() {
    let app = TestApp::start().await;
    let id = app.enqueue(NewJob::of("test.late")).await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, waits) = (begun.clone(), go_on.clone());
    let late = Handlers::new().on("test.late", move |job, db| {
        let (told, waits) = (told.clone(), waits.clone());
        async move {
            told.notify_one();
            waits.notified().await;
            let _ = job.progress(&db, 1, Some(2)).await;
            let can = job.can::<tenancy::Manage>()?;
            let _ = job.write(&db, &can, Action::general("test.write", "job"), |_| Ok(())).await;
            finish(&job, &db).await
        }
    });
    // It reports so seldom that it does not notice.
    let late = app.worker_at(late, Pace { report: Duration::from_secs(60), ..PACE });
    let late = tokio::spawn(async move { late.drain().await });
    begun.notified().await;
    app.expire_leases().await;
    let prompt = app.worker(Handlers::new().on("test.late", |job, db| async move { finish(&job, &db).await }));
    assert_eq!(prompt.drain().await.expect("it runs"), 1);
    go_on.notify_one();
    late.await.expect("it ends").expect("it ends");
    let job = app.job(id).await;
    assert_eq!((job.status.as_str(), job.attempts, job.last_error), ("succeeded", 2, None));
    assert_eq!(job.progress_done, 0);
    assert_eq!(app.number(EFFECTS).await, 1);
    assert_eq!((app.events("test.effect").await.len(), app.events("test.write").await.len()), (1, 0));
}

#[actix_web::test]
async fn two_workers_never_get_the_same_job() {
    let Some(app) = TestApp::on_server().await else { return };
    for _ in 0..40 {
        app.enqueue(NewJob::of("test.effect").payload(json!({ "n": 1 }))).await;
    }
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let worker = app.worker(handlers());
            tokio::spawn(async move { worker.drain().await })
        })
        .collect();
    let mut done = 0;
    for worker in workers {
        done += worker.await.expect("it ends").expect("the queue can be read");
    }
    // A worker that is told of its own job's end a moment late does not count it.
    assert!(done <= 40);
    assert_eq!(app.number(EFFECTS).await, 40);
    assert_eq!(app.number("select max(attempts) from control.job_queue").await, 1);
}
