//! Suspending, closing, deleting, and undoing it.

use uuid::Uuid;

use crate::support::{Page, Person, TestApp};

/// The page that asks before an action.
async fn ask(person: &Person, id: Uuid, noun: &str) -> Page {
    person.get(&format!("/tenants/{id}/{noun}/new")).await
}

/// Looks at an action and does it with everything it asks for.
async fn act(person: &Person, id: Uuid, noun: &str, slug: &str) -> Page {
    let page = ask(person, id, noun).await;
    assert_eq!(page.status, 200, "{noun}: {:?}", page.errors());
    let mut form = page.form().with("reason", &format!("because of {noun}"));
    if page.text().contains("name=\"confirm\"") {
        form = form.with("confirm", slug);
    }
    person.submit(&form).await
}

async fn status(app: &TestApp, id: Uuid) -> String {
    app.text(&format!("select status from control.tenants where id = '{id}'")).await
}

#[actix_web::test]
async fn a_suspension_shows_its_effect_and_does_just_that() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let id = app.tenant("northwind").await;
    app.member(id, "owner@northwind.example", "owner").await;
    let before = app.log_size().await;
    let page = ask(&support, id, "suspension").await;
    assert_eq!((page.status, page.title().as_str()), (200, "Suspend Northwind"));
    assert!(page.texts(".effect").join("").starts_with("1 session ends and nobody of this tenant can sign in."));
    let panel = page.texts("aside .panel").join(" ");
    for words in ["tenants 1", "status active → suspended", "sessions 1", "mail to owner@northwind.example"] {
        assert!(panel.contains(words), "{words} is not in {panel}");
    }
    assert_eq!(app.log_size().await, before, "looking changes nothing");
    assert_eq!(status(&app, id).await, "active");

    let answer = support.submit(&page.form().with("reason", "Unpaid").with("confirm", "northwind")).await;
    assert_eq!((answer.status, answer.location()), (303, format!("/tenants/{id}")));
    assert_eq!(answer.flash(), "Northwind is suspended.");
    assert_eq!(status(&app, id).await, "suspended");
    let event = app.event("tenant.suspend").await;
    assert_eq!((event.reason.as_deref(), event.actor_id, event.tenant_id), (Some("Unpaid"), support.id, Some(id)));
    let (tenant, session) = (event.of("tenants")[0], event.of("sessions")[0]);
    assert_eq!((&tenant.before["status"], &tenant.after["status"]), (&"active".into(), &"suspended".into()));
    assert_eq!(tenant.after["suspension_reason"], "Unpaid");
    assert_eq!(session.after["revoked_reason"], "account_changed");
    assert_eq!(app.texts("select recipient from control.outbox").await, ["owner@northwind.example"]);
    app.leaves_jobs();
}

#[actix_web::test]
async fn an_action_wants_a_reason_and_the_typed_name() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let id = app.tenant("northwind").await;
    let form = ask(&support, id, "suspension").await.form();
    let page = support.submit(&form).await;
    assert_eq!(page.status, 422);
    assert_eq!((page.field_error("reason"), page.errors().len()), ("is required".into(), 2));
    assert!(page.field_error("confirm").contains("northwind"));
    let page = support.submit(&form.clone().with("reason", "Unpaid").with("confirm", "Northwind")).await;
    assert_eq!((page.status, page.errors().len()), (422, 1));
    assert_eq!(page.form().value("reason"), "Unpaid");
    let page = support.submit(&form.clone().with("reason", &"x".repeat(2001)).with("confirm", "northwind")).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("reason").contains("2000"));
    let page = support.post_form(&form.action, &[("reason", "a\0b"), ("confirm", "northwind")]).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("reason").contains("NUL"));
    assert_eq!(status(&app, id).await, "active");
    assert!(app.events("tenant.suspend").await.is_empty());
    assert_eq!(support.submit(&page.form().with("reason", "Unpaid")).await.status, 303, "the shown form works");
    app.leaves_jobs();
}

#[actix_web::test]
async fn an_action_that_does_not_fit_the_state_says_why() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let id = app.tenant("northwind").await;
    for noun in ["reactivation", "cancellation", "restoration"] {
        let page = ask(&support, id, noun).await;
        assert_eq!(page.status, 409, "{noun}");
        assert_eq!(page.errors().len(), 1, "{noun}: {:?}", page.errors());
        assert!(page.errors()[0].starts_with("Only a"), "{noun}: {:?}", page.errors());
        let answer = support.post_form(&format!("/tenants/{id}/{noun}"), &[("reason", "why not")]).await;
        assert_eq!(answer.status, 409, "{noun}");
    }
    let form = ask(&support, id, "suspension").await.form().with("reason", "one").with("confirm", "northwind");
    assert_eq!(act(&support, id, "suspension", "northwind").await.status, 303);
    let page = support.submit(&form).await;
    assert_eq!(page.status, 409, "it was suspended by somebody else meanwhile");
    assert_eq!(app.events("tenant.suspend").await.len(), 1);
    app.leaves_jobs();
}

#[actix_web::test]
async fn an_effect_that_grew_since_it_was_shown_is_shown_again() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let id = app.tenant("northwind").await;
    app.member(id, "first@northwind.example", "member").await;
    let form = ask(&support, id, "suspension").await.form().with("reason", "Unpaid").with("confirm", "northwind");
    app.member(id, "second@northwind.example", "member").await;
    let page = support.submit(&form).await;
    assert_eq!(page.status, 409);
    assert!(page.errors()[0].contains("not what you saw"), "{:?}", page.errors());
    assert!(page.texts(".effect").join("").starts_with("2 sessions end"), "{:?}", page.texts(".effect"));
    assert_eq!(status(&app, id).await, "active");
    assert!(app.events("tenant.suspend").await.is_empty());
    let again = page.form();
    assert_eq!((again.value("reason"), again.value("confirm")), ("Unpaid", "northwind"));
    assert_eq!(support.submit(&again).await.status, 303);
    app.leaves_jobs();
}

#[actix_web::test]
async fn an_action_sent_twice_is_done_once_and_returns_to_the_list() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let id = app.tenant("northwind").await;
    let back = "/tenants%3Fstatus%3Dactive%26sort%3Dname";
    let form = support.get(&format!("/tenants/{id}/suspension/new?return_to={back}")).await.form();
    let form = form.with("reason", "Unpaid").with("confirm", "northwind");
    let (one, other) = tokio::join!(support.submit(&form), support.submit(&form));
    for answer in [one, other] {
        assert_eq!((answer.status, answer.location().as_str()), (303, "/tenants?status=active&sort=name"));
    }
    assert_eq!(app.events("tenant.suspend").await.len(), 1);
    app.leaves_jobs();
}

#[actix_web::test]
async fn reactivation_returns_to_the_state_before() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let (active, trial) = (app.tenant("active").await, app.tenant("trial").await);
    let ends = "update control.tenants set status = 'trial', trial_ends_at = now() + interval '9 days'";
    app.execute(&format!("{ends} where id = '{trial}'")).await;
    for (id, slug, state) in [(active, "active", "active"), (trial, "trial", "trial")] {
        assert_eq!(act(&support, id, "suspension", slug).await.status, 303);
        let answer = act(&support, id, "reactivation", slug).await;
        assert_eq!(answer.status, 303);
        assert_eq!(status(&app, id).await, state);
    }
    let reason = app.texts("select count(suspension_reason) + count(suspended_at) from control.tenants").await;
    assert_eq!(reason, ["0"]);
    let event = &app.events("tenant.reactivate").await[0];
    assert_eq!(event.reason.as_deref(), Some("because of reactivation"));
    assert_eq!(event.of("tenants")[0].after["suspension_reason"], serde_json::Value::Null);
    app.leaves_jobs();
}

#[actix_web::test]
async fn closing_has_a_grace_period_within_which_it_can_be_cancelled() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let id = app.tenant("northwind").await;
    let form = ask(&support, id, "closing").await.form();
    assert_eq!(form.value("grace_days"), "30");
    let form = form.with("reason", "Merged").with("confirm", "northwind");
    for days in ["0", "366", "-1", "1.5", "many", "", "99999999999", "2147483647"] {
        let page = support.submit(&form.clone().with("grace_days", days)).await;
        assert_eq!(page.status, 422, "{days}");
        assert_eq!(page.field_error("grace_days"), "must be a whole number from 1 to 365");
    }
    assert_eq!(support.submit(&form.with("grace_days", "14")).await.status, 303);
    assert_eq!(status(&app, id).await, "closing");
    let left = "select (extract(epoch from closing_at - now()) / 86400)::numeric(10, 2) from control.tenants";
    assert_eq!(app.text(left).await, "14.00");
    let event = app.event("tenant.close").await;
    assert_eq!((event.reason.as_deref(), event.of("tenants").len()), (Some("Merged"), 1));

    assert_eq!(act(&support, id, "cancellation", "northwind").await.status, 303);
    assert_eq!(status(&app, id).await, "active");
    assert_eq!(app.event("tenant.cancel_closing").await.of("tenants")[0].after["status"], "active");

    assert_eq!(act(&support, id, "suspension", "northwind").await.status, 303);
    assert_eq!(act(&support, id, "closing", "northwind").await.status, 303);
    assert_eq!(act(&support, id, "cancellation", "northwind").await.status, 303);
    assert_eq!(status(&app, id).await, "suspended", "it was suspended before it was closing");

    assert_eq!(act(&support, id, "closing", "northwind").await.status, 303);
    app.execute("update control.tenants set closing_at = now() - interval '1 second'").await;
    let page = ask(&support, id, "cancellation").await;
    assert_eq!(page.status, 409, "the grace period is over");
    app.leaves_jobs();
}

#[actix_web::test]
async fn deleting_frees_the_slug_and_restoring_wants_it_free() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let id = app.tenant("northwind").await;
    let answer = act(&support, id, "deletion", "northwind").await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/tenants"));
    assert_eq!(app.event("tenant.delete").await.reason.as_deref(), Some("because of deletion"));
    assert!(support.get("/tenants").await.names().is_empty());
    assert_eq!(support.get("/tenants?deleted=yes").await.names(), ["Northwind"]);
    assert_eq!(support.get("/tenants/northwind").await.status, 404, "a slug leads to the living");
    let page = support.get(&format!("/tenants/{id}")).await;
    assert_eq!((page.status, page.link("Restore…")), (200, format!("/tenants/{id}/restoration/new")));

    let other = app.tenant("northwind").await;
    let page = ask(&support, id, "restoration").await;
    assert_eq!(page.status, 409);
    assert!(page.errors()[0].contains("northwind"), "{:?}", page.errors());
    app.execute(&format!("update control.tenants set slug = 'southwind' where id = '{other}'")).await;
    assert_eq!(act(&support, id, "restoration", "northwind").await.status, 303);
    assert_eq!(app.event("tenant.restore").await.of("tenants")[0].after["deleted_at"], serde_json::Value::Null);
    assert_eq!(support.get("/tenants?sort=name").await.names().len(), 2);
}

#[actix_web::test]
async fn nothing_is_done_to_a_deleted_tenant_but_restoring_it() {
    let app = TestApp::start().await;
    let (support, admin) = (app.support().await, app.admin().await);
    let id = app.tenant("northwind").await;
    assert_eq!(act(&support, id, "deletion", "northwind").await.status, 303);
    for noun in ["activation", "suspension", "reactivation", "closing", "cancellation", "deletion"] {
        let person = if noun == "activation" { &admin } else { &support };
        let page = ask(person, id, noun).await;
        assert_eq!((page.status, page.errors().join("")), (409, "The tenant is deleted. Restore it first.".into()));
        let page = person.submit(&page.form().with("reason", "x").with("confirm", "northwind")).await;
        assert_eq!(page.status, 409, "{noun}");
    }
    app.execute(
        "update control.tenants set status = 'closing', closing_at = now() - interval '1 second'
        where deleted_at is not null",
    )
    .await;
    app.run_jobs_of_the_clock().await;
    assert_eq!(status(&app, id).await, "closing", "no job closes it either");
}

#[actix_web::test]
async fn activation_ends_a_trial() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    assert_eq!(ask(&admin, id, "activation").await.status, 409, "it is active already");
    app.execute("update control.tenants set status = 'trial', trial_ends_at = now() + interval '3 days'").await;
    let page = admin.get(&format!("/tenants/{id}")).await;
    assert_eq!(page.link("Activate…"), format!("/tenants/{id}/activation/new"));
    assert_eq!(act(&admin, id, "activation", "northwind").await.status, 303);
    assert_eq!(status(&app, id).await, "active");
    let change = &app.event("tenant.activate").await.changes[0];
    assert_eq!((&change.before["status"], &change.after["trial_ends_at"]), (&"trial".into(), &serde_json::Value::Null));
}

#[actix_web::test]
async fn a_tenant_with_clients_is_closed_before_it_is_deleted() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let id = app.tenant("northwind").await;
    app.execute(&format!(
        "insert into control.clients (id, tenant_id, slug, name)
        values (gen_random_uuid(), '{id}', 'bakery', 'Bakery')"
    ))
    .await;
    let page = ask(&support, id, "deletion").await;
    assert_eq!(page.status, 409);
    assert!(page.errors()[0].contains("must be closed"), "{:?}", page.errors());
    app.execute("update control.tenants set status = 'closed', closed_at = now()").await;
    assert_eq!(act(&support, id, "deletion", "northwind").await.status, 303);
}
