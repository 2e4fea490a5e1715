//! Sessions that several people end at the same moment end once, and whoever acts in them meanwhile changes nothing
//! afterwards.

use tokio::task::JoinSet;

use crate::support::{Person, SESSION, TestApp};

fn copy(app: &TestApp, person: &Person) -> Person {
    let copy = app.anonymous();
    copy.set_cookie(SESSION, &person.cookie(SESSION));
    copy
}

#[actix_web::test]
async fn one_session_ended_ten_times_at_once_ends_once() {
    let Some(app) = TestApp::on_server().await else { return };
    let here = app.admin().await;
    let id = here.id.expect("a person");
    let there = app.browser_of(id, &here.email).await;
    let newest = format!("select id from control.sessions where user_id = '{id}' order by created_at desc limit 1");
    let path = format!("/account/sessions/{}/end", app.text(&newest).await);
    let mut ends = JoinSet::new();
    for _ in 0..10 {
        let (browser, path) = (copy(&app, &here), path.clone());
        ends.spawn_local(async move { browser.post_form(&path, &[]).await.status });
    }
    let mut statuses = ends.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![303], vec![404; 9]].concat());
    assert_eq!(app.events("session.end").await.len(), 1);
    assert_eq!(there.get("/account/sessions").await.status, 303);
}

/// Each browser ends all others at the same moment: at most one is left, and nobody waits for ever.
#[actix_web::test]
async fn browsers_that_end_each_other_leave_one_at_most() {
    let Some(app) = TestApp::on_server().await else { return };
    for round in 0..4 {
        let first = app.admin().await;
        let id = first.id.expect("a person");
        let mut browsers = vec![first];
        for _ in 0..4 {
            browsers.push(app.browser_of(id, &browsers[0].email).await);
        }
        let mut ends = JoinSet::new();
        for browser in &browsers {
            let browser = copy(&app, browser);
            ends.spawn_local(async move { browser.post_form("/account/sessions/end-others", &[]).await });
        }
        for answer in ends.join_all().await {
            let is_known = answer.status == 303 || answer.status == 401 || answer.status == 409;
            assert!(is_known, "round {round}: {} {}", answer.status, answer.text());
        }
        let mut alive = 0;
        for browser in &browsers {
            alive += usize::from(browser.get("/account/sessions").await.status == 200);
        }
        assert!(alive <= 1, "round {round}: {alive}");
        let live = format!("select count(*) from control.sessions where user_id = '{id}' and revoked_at is null");
        assert_eq!(app.number(&live).await, alive as i64, "round {round}");
    }
}

/// Staff sign somebody out while they work: what is done is done before, and nothing after.
#[actix_web::test]
async fn work_that_races_with_being_signed_out_is_whole_or_not_there() {
    let Some(app) = TestApp::on_server().await else { return };
    let founder = app.founder().await;
    for round in 0..4 {
        let person = app.admin().await;
        let id = person.id.expect("a person");
        let shown = founder.get(&format!("/people/{id}/full-sign-out/new")).await.form().with("reason", "race");
        let mut work = JoinSet::new();
        for number in 0..6 {
            let browser = copy(&app, &person);
            work.spawn_local(async move {
                let slug = format!("worker-{round}-{number}");
                let fields = [("name", "Worker"), ("slug", &*slug), ("region", "eu-west"), ("isolation", "row")];
                let answer = browser.post_form("/tenants", &fields).await;
                (slug, answer.status == 303 && answer.location().starts_with("/tenants/"))
            });
        }
        assert_eq!(founder.submit(&shown).await.status, 303, "round {round}");
        for (slug, is_made) in work.join_all().await {
            let rows = app.number(&format!("select count(*) from control.tenants where slug = '{slug}'")).await;
            assert_eq!(rows == 1, is_made, "round {round}: {slug}");
        }
        assert_eq!(person.get("/account/sessions").await.status, 303, "round {round}");
    }
}
