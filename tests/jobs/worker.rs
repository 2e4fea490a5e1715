//! What a worker does with what it finds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use castellan::error::AppError;
use castellan::jobs::{Handlers, NewJob, Pace, Worker};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::{PACE, TestApp};

fn failing() -> Handlers {
    Handlers::new().on("test.fail", |_, _| async { Err(AppError::Internal("the server is away".into())) })
}

/// Runs a worker until the sender says so.
fn started(worker: Worker) -> (watch::Sender<bool>, JoinHandle<()>) {
    let (stop, stopped) = watch::channel(false);
    (stop, tokio::spawn(worker.run(stopped)))
}

async fn seconds_to_wait(app: &TestApp) -> f64 {
    let seconds = app.text("select extract(epoch from run_at - updated_at) from control.job_queue").await;
    seconds.parse().expect("a number")
}

#[actix_web::test]
async fn a_failure_is_tried_again_later_and_later_and_then_waits_for_a_person() {
    let app = TestApp::start().await;
    let id = app.enqueue(NewJob { max_attempts: 3, ..NewJob::of("test.fail") }).await;
    let worker = app.worker(failing());
    for (attempt, around) in [(1, 5.0), (2, 10.0)] {
        assert_eq!(worker.drain().await.expect("it runs"), 1);
        let job = app.job(id).await;
        assert_eq!((job.status.as_str(), job.attempts, job.lease_token), ("failed", attempt, None));
        assert_eq!(job.last_error.as_deref(), Some("internal: the server is away"));
        let seconds = seconds_to_wait(&app).await;
        assert!((around * 0.79..around * 1.21).contains(&seconds), "{seconds} s after attempt {attempt}");
        assert_eq!(worker.drain().await.expect("it runs"), 0, "it is not due yet");
        app.skip_backoff().await;
    }
    assert_eq!(worker.drain().await.expect("it runs"), 1);
    let job = app.job(id).await;
    assert_eq!((job.status.as_str(), job.attempts), ("dead", 3));
    assert_eq!(worker.drain().await.expect("it runs"), 0, "a dead job rests");
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_panic_is_a_failed_attempt() {
    let app = TestApp::start().await;
    let broken = app.enqueue(NewJob::of("test.panic")).await;
    let sound = app.enqueue(NewJob::of("test.sound")).await;
    let handlers = Handlers::new()
        .on("test.panic", |_, _| async { panic!("index 7 is out of range") })
        .on("test.sound", |_, _| async { Ok(()) });
    assert_eq!(app.worker(handlers).drain().await.expect("it runs"), 2);
    let job = app.job(broken).await;
    assert_eq!((job.status.as_str(), job.attempts), ("failed", 1));
    assert_eq!(job.last_error.as_deref(), Some("The program failed: index 7 is out of range"));
    assert_eq!(app.job(sound).await.status, "succeeded", "the others go on");
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_payload_that_cannot_be_read_is_not_tried_again() {
    let app = TestApp::start().await;
    let id = app.enqueue(NewJob::of("test.read")).await;
    let handlers = Handlers::new().on("test.read", |job, _| async move {
        job.read::<Vec<String>>()?;
        Ok(())
    });
    app.worker(handlers).drain().await.expect("it runs");
    let job = app.job(id).await;
    assert_eq!((job.status.as_str(), job.attempts), ("dead", 1));
    assert!(job.last_error.expect("it says why").starts_with("The payload cannot be read"));
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_job_that_takes_every_worker_with_it_ends_dead() {
    let app = TestApp::start().await;
    let id = app.enqueue(NewJob::of("test.fail")).await;
    app.execute(
        "set local role castellan_jobs; update control.job_queue set status = 'running', attempts = max_attempts,
            lease_token = gen_random_uuid(), lease_until = now() - interval '1 second'",
    )
    .await;
    assert_eq!(app.worker(failing()).drain().await.expect("it runs"), 0);
    let job = app.job(id).await;
    assert_eq!((job.status.as_str(), job.lease_token), ("dead", None));
    assert_eq!(job.last_error.as_deref(), Some("The worker stopped reporting during the last attempt."));
    app.leaves_jobs();
}

#[actix_web::test]
async fn what_is_urgent_goes_first_and_what_is_planned_waits() {
    let app = TestApp::start().await;
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    for (name, priority) in [("usual", 0), ("late", -5), ("urgent", 5)] {
        app.enqueue(NewJob::of("test.note").payload(serde_json::json!({ "name": name })).priority(priority)).await;
    }
    let planned = app.enqueue(NewJob::of("test.note").at(later.into())).await;
    let notes = order.clone();
    let handlers = Handlers::new().on("test.note", move |job, _| {
        let notes = notes.clone();
        async move {
            notes.lock().expect("nobody panics").push(job.payload["name"].as_str().unwrap_or_default().to_owned());
            Ok(())
        }
    });
    app.worker_at(handlers, Pace { at_once: 1, ..PACE }).drain().await.expect("it runs");
    assert_eq!(*order.lock().expect("nobody panics"), ["urgent", "usual", "late"]);
    assert_eq!(app.job(planned).await.status, "queued");
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_worker_is_woken_by_a_change_of_its_own_process() {
    let app = TestApp::start().await;
    let slow = Pace { pause: (Duration::from_secs(60), Duration::from_secs(60)), ..PACE };
    let worker = app.worker_at(Handlers::new().on("test.sound", |_, _| async { Ok(()) }), slow);
    let (stop, running) = started(worker);
    tokio::time::sleep(Duration::from_millis(100)).await;
    app.enqueue(NewJob::of("test.sound")).await;
    app.until("select count(*) from control.job_queue where status = 'succeeded'", 1).await;
    stop.send_replace(true);
    running.await.expect("it ends in order");
}

#[actix_web::test]
async fn a_run_that_was_cancelled_is_broken_off_and_shows_its_progress() {
    let app = TestApp::start().await;
    let id = app.enqueue(NewJob::of("test.long")).await;
    let ended = Arc::new(AtomicBool::new(false));
    let seen = ended.clone();
    let handlers = Handlers::new().on("test.long", move |job, db| {
        let guard = SetOnDrop(seen.clone());
        async move {
            let _guard = guard;
            job.progress(&db, 3, Some(10)).await?;
            std::future::pending().await
        }
    });
    let (stop, running) = started(app.worker(handlers));
    app.until("select progress_done from control.job_queue", 3).await;
    assert_eq!(app.job(id).await.progress_total, Some(10));
    let founder = app.founder().await;
    let form = founder.get(&format!("/jobs/{id}/cancellation/new")).await.form().with("reason", "Not needed");
    assert_eq!(founder.submit(&form).await.status, 303);
    let began = Instant::now();
    while !ended.load(Ordering::SeqCst) {
        assert!(began.elapsed() < Duration::from_secs(10), "the run goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let job = app.job(id).await;
    assert_eq!((job.status.as_str(), job.last_error), ("cancelled", None));
    stop.send_replace(true);
    running.await.expect("it ends in order");
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[actix_web::test]
async fn a_worker_that_ends_waits_a_while_and_gives_the_rest_back() {
    let app = TestApp::start().await;
    let quick = app.enqueue(NewJob::of("test.quick")).await;
    let endless = app.enqueue(NewJob::of("test.endless")).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let (one, other) = (begun.clone(), begun.clone());
    let handlers = Handlers::new()
        .on("test.quick", move |_, _| {
            one.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                Ok(())
            }
        })
        .on("test.endless", move |_, _| {
            other.fetch_add(1, Ordering::SeqCst);
            std::future::pending()
        });
    let (stop, running) = started(app.worker_at(handlers, Pace { grace: Duration::from_secs(1), ..PACE }));
    app.until("select count(*) from control.job_queue where status = 'running'", 2).await;
    stop.send_replace(true);
    running.await.expect("it ends in order");
    assert_eq!(begun.load(Ordering::SeqCst), 2);
    assert_eq!(app.job(quick).await.status, "succeeded");
    let job = app.job(endless).await;
    assert_eq!((job.status.as_str(), job.attempts, job.lease_token), ("queued", 0, None));
    app.leaves_jobs();
}

#[actix_web::test]
async fn a_worker_with_nothing_to_do_ends_at_once() {
    let app = TestApp::start().await;
    let slow = Pace { pause: (Duration::from_secs(60), Duration::from_secs(60)), ..PACE };
    let (stop, running) = started(app.worker_at(failing(), slow));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    stop.send_replace(true);
    running.await.expect("it ends in order");
    assert!(began.elapsed() < Duration::from_secs(1));
}
