//! Two at the same time.

use tokio::task::JoinSet;

use crate::support::TestApp;

#[actix_web::test]
async fn of_two_edits_one_is_saved_and_one_sees_the_conflict() {
    let Some(app) = TestApp::on_server().await else { return };
    let (one, other) = (app.admin().await, app.admin().await);
    let id = app.tenant("northwind").await;
    for round in 0..5 {
        let edit = format!("/tenants/{id}/edit");
        let (mine, theirs) = (one.get(&edit).await.form(), other.get(&edit).await.form());
        let (mine, theirs) =
            (mine.with("name", &format!("Mine {round}")), theirs.with("name", &format!("Theirs {round}")));
        let (mine, theirs) = tokio::join!(one.submit(&mine), other.submit(&theirs));
        let mut answers = [mine.status, theirs.status];
        answers.sort_unstable();
        assert_eq!(answers, [303, 409]);
        let name = app.text("select name from control.tenants").await;
        assert_eq!(name.starts_with("Mine"), mine.status == 303, "the saved one is the one that was told so");
    }
    assert_eq!(app.events("tenant.update").await.len(), 5, "an edit that lost leaves no event");
}

#[actix_web::test]
async fn of_two_suspensions_one_happens() {
    let Some(app) = TestApp::on_server().await else { return };
    let (one, other) = (app.support().await, app.support().await);
    let id = app.tenant("northwind").await;
    app.member(id, "owner@northwind.example", "owner").await;
    let ask = format!("/tenants/{id}/suspension/new");
    let fill = |form: crate::support::FilledForm| form.with("reason", "Unpaid").with("confirm", "northwind");
    let (mine, theirs) = (fill(one.get(&ask).await.form()), fill(other.get(&ask).await.form()));
    let (mine, theirs) = tokio::join!(one.submit(&mine), other.submit(&theirs));
    let mut answers = [mine.status, theirs.status];
    answers.sort_unstable();
    assert_eq!(answers, [303, 409]);
    assert_eq!(app.events("tenant.suspend").await.len(), 1);
    assert_eq!(app.number("select count(*) from control.outbox").await, 1, "owners are told once");
    app.leaves_jobs();
}

#[actix_web::test]
async fn one_form_sent_twenty_times_at_once_makes_one_tenant() {
    let Some(app) = TestApp::on_server().await else { return };
    let admin = std::rc::Rc::new(app.admin().await);
    let form = admin.get("/tenants/new").await.form().with("name", "Once").with("slug", "once");
    let mut sendings = JoinSet::new();
    for _ in 0..20 {
        let (admin, form) = (admin.clone(), form.clone());
        sendings.spawn_local(async move {
            let answer = admin.submit(&form).await;
            (answer.status, answer.location())
        });
    }
    let answers = sendings.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((answers[0].0, app.number("select count(*) from control.tenants").await), (303, 1));
}

/// Ending a session and using it take turns: what was answered as done is done, and nothing after the end is.
#[actix_web::test]
async fn a_session_that_ends_at_the_same_moment_is_either_before_or_after() {
    let Some(app) = TestApp::on_server().await else { return };
    let id = app.tenant("northwind").await;
    for round in 0..5 {
        let person = app.admin().await;
        let form = person.get(&format!("/tenants/{id}/edit")).await.form().with("name", &format!("Name {round}"));
        let (edit, _) = tokio::join!(person.submit(&form), person.post_form("/sign-out", &[]));
        let saved = app.text("select name from control.tenants").await == format!("Name {round}");
        assert_eq!(saved, edit.flash().contains("is saved"), "{}: {}", edit.status, edit.location());
        assert_eq!(person.get("/tenants").await.status, 303);
    }
}
