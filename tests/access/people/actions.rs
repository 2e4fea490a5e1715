//! Locking, suspending, deactivating, signing out, and undoing it.

use uuid::Uuid;

use crate::support::{PASSWORD, Page, Person, TestApp};

async fn act(person: &Person, id: Uuid, noun: &str, email: &str) -> Page {
    let page = person.get(&format!("/people/{id}/{noun}/new")).await;
    assert_eq!(page.status, 200, "{noun}: {:?}", page.errors());
    let mut form = page.form().with("reason", &format!("because of {noun}"));
    if page.text().contains("name=\"confirm\"") {
        form = form.with("confirm", email);
    }
    person.submit(&form).await
}

async fn status(app: &TestApp, id: Uuid) -> String {
    app.text(&format!("select status from control.users where id = '{id}'")).await
}

#[actix_web::test]
async fn what_takes_access_away_counts_from_the_next_request_on() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for (noun, back, state) in [
        ("lock", "unlock", "locked"),
        ("suspension", "reactivation", "suspended"),
        ("deactivation", "activation", "deactivated"),
    ] {
        let person = app.support().await;
        let id = person.id.unwrap();
        assert_eq!(person.get("/tenants").await.status, 200);
        let answer = act(&founder, id, noun, &person.email).await;
        assert_eq!((answer.status, answer.location()), (303, format!("/people/{id}")), "{noun}");
        assert_eq!(status(&app, id).await, state);
        let next = person.get("/tenants").await;
        assert_eq!((next.status, next.location().starts_with("/sign-in")), (303, true), "{noun}");
        assert_eq!(app.anonymous().sign_in(&person.email, PASSWORD).await.status, 422, "{noun}");
        let ended = format!("select string_agg(revoked_reason, ' ') from control.sessions where user_id = '{id}'");
        assert_eq!(app.text(&ended).await, "account_changed");

        assert_eq!(act(&founder, id, back, &person.email).await.status, 303);
        assert_eq!(status(&app, id).await, "active", "{back}");
        assert_eq!(person.get("/tenants").await.status, 303, "an ended session stays ended");
        assert_eq!(person.sign_in(&person.email, PASSWORD).await.status, 303);
        assert_eq!(person.get("/tenants").await.status, 200);
    }
    let event = app.event("user.suspend").await;
    assert_eq!((event.actor_id, event.reason.as_deref()), (founder.id, Some("because of suspension")));
    assert_eq!((&event.of("users")[0].before["status"], event.of("sessions").len()), (&"active".into(), 1));
}

#[actix_web::test]
async fn an_action_shows_its_effect_and_wants_what_it_asks_for() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let person = app.support().await;
    let id = person.id.unwrap();
    let before = app.log_size().await;
    let page = founder.get(&format!("/people/{id}/suspension/new")).await;
    assert!(
        page.texts(".effect").join("").starts_with("1 session ends and nobody can sign in"),
        "{:?}",
        page.texts(".effect")
    );
    let panel = page.texts("aside .panel").join(" ");
    assert!(panel.contains("status active → suspended") && panel.contains("authority_epoch 1 → 2"), "{panel}");
    assert_eq!(app.log_size().await, before, "looking changes nothing");
    let refused = founder.submit(&page.form().with("confirm", "nonsense")).await;
    assert_eq!((refused.status, refused.errors().len()), (422, 2), "{:?}", refused.errors());
    for hours in ["0", "721", "x", ""] {
        let form = founder.get(&format!("/people/{id}/lock/new")).await.form();
        let page = founder.submit(&form.with("reason", "x").with("hours", hours)).await;
        assert_eq!((page.status, page.field_error("hours").is_empty()), (422, false), "{hours}");
    }
    assert_eq!(person.get("/tenants").await.status, 200);
}

#[actix_web::test]
async fn what_does_not_fit_the_state_is_a_conflict() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (id, _) = app.staff("support").await;
    for (state, refused) in [
        ("active", vec!["unlock", "reactivation", "activation", "invitation", "sign-out"]),
        ("suspended", vec!["lock", "suspension", "unlock", "activation", "password-reset"]),
        ("deactivated", vec!["lock", "suspension", "deactivation", "reactivation", "password-reset", "invitation"]),
        ("pending", vec!["lock", "suspension", "unlock", "reactivation", "activation", "password-reset"]),
    ] {
        app.execute(&format!("update control.users set status = '{state}' where id = '{id}'")).await;
        for noun in refused {
            let page = founder.get(&format!("/people/{id}/{noun}/new")).await;
            assert_eq!(page.status, 409, "{noun} of somebody {state}");
            assert_eq!(page.errors().len(), 1, "{noun}");
        }
    }
    assert_eq!(founder.get(&format!("/people/{}/lock/new", Uuid::now_v7())).await.status, 404);
}

#[actix_web::test]
async fn a_lock_ends_by_itself() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (id, email) = app.staff("support").await;
    let form = founder.get(&format!("/people/{id}/lock/new")).await.form();
    assert_eq!(founder.submit(&form.with("reason", "odd sign-ins").with("hours", "2")).await.status, 303);
    let left = format!(
        "select (locked_until between now() + interval '119 minutes' and now() + interval '2 hours')::text from control.users where id = '{id}'"
    );
    assert_eq!(app.text(&left).await, "true");
    let finish = async || {
        app.execute(
            "insert into control.job_queue (id, kind, schedule_slot, run_at) values (gen_random_uuid(), 'access.finish_locks', clock_timestamp(), now())",
        )
        .await;
        app.run_jobs().await;
    };
    finish().await;
    assert_eq!(status(&app, id).await, "locked", "not before its time");
    app.execute("update control.users set locked_until = now() - interval '1 second' where status = 'locked'").await;
    finish().await;
    assert_eq!(status(&app, id).await, "active");
    assert_eq!(app.event("user.finish_lock").await.actor_kind, "job");
    assert_eq!(app.anonymous().sign_in(&email, PASSWORD).await.status, 303);
}

#[actix_web::test]
async fn staff_end_one_session_or_all() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let first = app.support().await;
    let (id, email) = (first.id.unwrap(), first.email.clone());
    let second = app.browser_of(id, &email).await;
    let latest = app
        .text(&format!("select id from control.sessions where user_id = '{id}' order by created_at desc limit 1"))
        .await;
    let page = founder.get(&format!("/people/{id}/sessions/{latest}/ending/new")).await;
    let answer = founder.submit(&page.form().with("reason", "lost laptop")).await;
    assert_eq!((answer.status, answer.location()), (303, format!("/people/{id}/sessions")));
    assert_eq!((first.get("/tenants").await.status, second.get("/tenants").await.status), (200, 303));
    assert_eq!(app.event("user.end_session").await.target_id, Some(id));
    assert_eq!(founder.get(&format!("/people/{id}/sessions/{latest}/ending/new")).await.status, 409);
    let other = app.staff("support").await.0;
    assert_eq!(
        founder.get(&format!("/people/{other}/sessions/{latest}/ending/new")).await.status,
        404,
        "it has one address"
    );

    assert_eq!(act(&founder, id, "sign-out", &email).await.status, 303);
    assert_eq!(first.get("/tenants").await.status, 303);
    assert_eq!(founder.get(&format!("/people/{id}/sign-out/new")).await.status, 409);
    assert_eq!(first.sign_in(&email, PASSWORD).await.status, 303, "signing in again is possible at once");
    assert_eq!(first.get("/tenants").await.status, 200);
}

#[actix_web::test]
async fn nobody_changes_the_account_of_somebody_with_more_rights() {
    let app = TestApp::start().await;
    let manager = app.person_with(&["access.view", "access.manage", "tenants.view"]).await;
    let founder = app.founder().await;
    let id = founder.id.unwrap();
    for noun in ["lock", "suspension", "deactivation", "sign-out", "password-reset"] {
        let page = manager.get(&format!("/people/{id}/{noun}/new")).await;
        assert_eq!(page.status, 409, "{noun}");
        assert!(page.errors().join("").contains("rights that you lack"), "{noun}: {:?}", page.errors());
    }
    let form = manager.get(&format!("/people/{id}/edit")).await.form();
    let page = manager.submit(&form.with("email", "mine@example.org")).await;
    assert_eq!(page.status, 409, "taking over the address would be taking over the rights");
    assert!(page.errors().join("").contains("rights that you lack"), "{:?}", page.errors());
    assert_eq!(page.value("email"), "mine@example.org", "what was typed is still there");
    assert_eq!(founder.get("/people").await.status, 200);
    let tenant = app.tenant("northwind").await;
    let less = app.scoped_to_tenant(&["tenants.view"], tenant).await;
    let page = manager.get(&format!("/people/{}/suspension/new", less.id.unwrap())).await;
    assert_eq!(page.status, 200, "what is held everywhere is held on a tenant: {:?}", page.errors());
}

#[actix_web::test]
async fn only_who_may_manage_changes_anything() {
    let app = TestApp::start().await;
    let (id, email) = app.staff("support").await;
    for person in [app.admin().await, app.auditor().await] {
        let page = person.get(&format!("/people/{id}")).await;
        assert_eq!((page.status, page.link("Suspend…").as_str(), page.link("Edit").as_str()), (200, "", ""));
        for noun in ["lock", "suspension", "deactivation", "sign-out", "password-reset", "invitation", "revocation"] {
            let path = format!("/people/{id}/{noun}");
            assert_eq!(person.get(&format!("{path}/new")).await.status, 403, "{noun}");
            assert_eq!(
                person.post_form(&path, &[("reason", "x"), ("confirm", &email), ("hours", "1")]).await.status,
                403
            );
        }
    }
    assert_eq!(status(&app, id).await, "active");
}
