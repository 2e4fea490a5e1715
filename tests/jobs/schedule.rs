//! What the clock adds.

use castellan::jobs::{Every, Handlers};
use jiff::Timestamp;

use crate::support::TestApp;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

#[test]
fn a_slot_is_the_latest_moment_that_came_due() {
    let slot = |every: Every, now: &str| every.slot(at(now)).to_string();
    assert_eq!(slot(Every::hour(5), "2026-11-21T10:04:59Z"), "2026-11-21T09:05:00Z");
    assert_eq!(slot(Every::hour(5), "2026-11-21T10:05:00Z"), "2026-11-21T10:05:00Z");
    assert_eq!(slot(Every::day(3, 0), "2026-11-21T02:59:59Z"), "2026-11-20T03:00:00Z");
    assert_eq!(slot(Every::day(3, 0), "2026-03-01T03:00:00Z"), "2026-03-01T03:00:00Z");
    assert_eq!(slot(Every::minutes(10), "2026-11-21T10:19:59.9Z"), "2026-11-21T10:10:00Z");
    assert_eq!(slot(Every::minutes(10), "1969-12-31T23:55:00Z"), "1969-12-31T23:50:00Z");
}

fn handlers() -> Handlers {
    Handlers::new().on("test.tick", |_, _| async { Ok(()) }).scheduled(Every::hour(5), "test.tick")
}

#[actix_web::test]
async fn each_slot_comes_once_and_one_that_nobody_saw_comes_late() {
    let app = TestApp::start().await;
    let worker = app.worker(handlers());
    let plan = async |now: &str| worker.plan(at(now)).await.expect("it can be planned");
    assert_eq!(plan("2026-01-01T10:30:00Z").await, 1, "the latest slot is made up for");
    assert_eq!(plan("2026-01-01T10:59:00Z").await, 0);
    assert_eq!(plan("2026-01-01T11:05:00Z").await, 1);
    let other = app.worker(handlers());
    assert_eq!(other.plan(at("2026-01-01T11:40:00Z")).await.expect("it can be planned"), 0, "another was first");
    assert_eq!(other.drain().await.expect("it runs"), 2);
    assert_eq!(app.number("select count(*) from control.job_queue where status = 'succeeded'").await, 2);
}

#[actix_web::test]
async fn of_many_processes_one_adds_it() {
    let Some(app) = TestApp::on_server().await else { return };
    for hour in 10..20 {
        let now = at(&format!("2026-01-01T{hour}:30:00Z"));
        let planning: Vec<_> = (0..8)
            .map(|_| {
                let worker = app.worker(handlers());
                tokio::spawn(async move { worker.plan(now).await })
            })
            .collect();
        let mut added = 0;
        for plan in planning {
            added += plan.await.expect("it ends").expect("it can be planned");
        }
        assert_eq!(added, 1);
    }
    assert_eq!(app.number("select count(*) from control.job_queue").await, 10);
    app.leaves_jobs();
}
