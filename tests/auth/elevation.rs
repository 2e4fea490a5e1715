//! Elevation: what needs it, how one gets it, and how it ends.

use castellan::commands::setup;

use crate::support::{PASSWORD, Person, TestApp};

async fn unelevated(app: &TestApp, role: &str) -> Person {
    let (id, email) = app.staff(role).await;
    app.unelevated(id, &email).await
}

#[actix_web::test]
async fn dangerous_pages_ask_who_one_is_and_lead_back() {
    let app = TestApp::start().await;
    let person = unelevated(&app, "admin").await;
    let id = app.tenant("northwind").await;
    let path = format!("/tenants/{id}/suspension/new?return_to=/tenants");
    let page = person.get(&path).await;
    assert_eq!(page.status, 303);
    assert_eq!(page.location(), format!("/elevation?return_to=/tenants/{id}/suspension/new%3Freturn_to%3D/tenants"));
    let page = person.follow(&page).await;
    let wrong = person.submit(&page.form().with("password", "wrong horse")).await;
    assert_eq!((wrong.status, wrong.field_error("password").as_str()), (422, "does not fit"));
    let answer = person.submit(&wrong.form().with("password", PASSWORD)).await;
    assert_eq!((answer.status, answer.location()), (303, path));
    let page = person.follow(&answer).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.texts(".top .elevated button"), ["End"]);
    let event = app.event("session.elevate").await;
    assert_eq!((event.actor_id, event.details["factor"].as_str()), (person.id, Some("password")));
    let until = "select elevated_until between now() + interval '9 minutes' and now() + interval '10 minutes'
        from control.sessions";
    assert_eq!(app.text(until).await, "true");

    assert_eq!(person.post_form("/elevation/end", &[]).await.status, 303);
    assert_eq!(person.get("/tenants.csv").await.location(), "/elevation?return_to=/tenants.csv");
    assert!(person.get("/").await.texts(".top .elevated").is_empty());
    app.event("session.end_elevation").await;
}

#[actix_web::test]
async fn a_form_sent_without_elevation_is_kept_and_sent_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/suspension/new")).await.form();
    let form = form.with("reason", "Say \"hi\" <b>").with("confirm", "northwind");
    app.execute("update control.sessions set elevated_until = now() - interval '1 second'").await;
    let before = app.log_size().await;
    let page = admin.submit(&form).await;
    assert_eq!((page.status, page.title().as_str()), (401, "Confirm that it is you"));
    assert_eq!(
        (app.log_size().await, app.text("select status from control.tenants").await.as_str()),
        (before, "active")
    );
    let kept = page.form();
    assert_eq!(kept.value("reason"), "Say \"hi\" <b>");
    assert_eq!(admin.submit(&kept).await.status, 401, "it waits until they have confirmed it");
    assert_eq!(admin.post_form("/elevation", &[("password", PASSWORD)]).await.status, 303);
    let done = admin.submit(&kept).await;
    assert_eq!(done.status, 303, "{:?}", done.errors());
    assert_eq!(app.text("select status from control.tenants").await, "suspended");
    app.leaves_jobs();
}

#[actix_web::test]
async fn it_ends_after_ten_minutes_however_much_it_is_used() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let before = app.text("select elevated_until from control.sessions").await;
    assert_eq!(person.get("/tenants.csv").await.status, 200);
    assert_eq!(app.text("select elevated_until from control.sessions").await, before, "use does not lengthen it");
    app.execute("update control.sessions set elevated_until = now()").await;
    let id = app.tenant("northwind").await;
    for path in ["suspension", "closing", "deletion"] {
        let fields = [("reason", "x"), ("confirm", "northwind")];
        assert_eq!(person.post_form(&format!("/tenants/{id}/{path}"), &fields).await.status, 401, "{path}");
    }
    assert_eq!(app.text("select status from control.tenants").await, "active");
}

#[actix_web::test]
async fn it_belongs_to_one_session() {
    let app = TestApp::start().await;
    let here = unelevated(&app, "admin").await;
    let there = app.unelevated(here.id.expect("somebody"), &here.email).await;
    assert_eq!(here.post_form("/elevation", &[("password", PASSWORD)]).await.status, 303);
    assert_eq!(here.get("/tenants.csv").await.status, 200);
    assert_eq!(there.get("/tenants.csv").await.location(), "/elevation?return_to=/tenants.csv");
    assert_eq!(there.post_form("/elevation/end", &[]).await.status, 303);
    assert_eq!(here.get("/tenants.csv").await.status, 200, "and is ended from there alone");
    assert_eq!(here.post_form("/sign-out", &[]).await.status, 303);
    assert_eq!(here.sign_in(&here.email, PASSWORD).await.status, 303);
    assert_eq!(here.get("/tenants.csv").await.status, 303, "signing in begins without it");
}

#[actix_web::test]
async fn guesses_wait_like_at_the_sign_in() {
    let app = TestApp::start().await;
    let person = unelevated(&app, "admin").await;
    for _ in 0..5 {
        assert_eq!(person.post_form("/elevation", &[("password", "wrong horse")]).await.status, 422);
    }
    let page = person.post_form("/elevation", &[("password", PASSWORD)]).await;
    assert_eq!((page.status, page.header("retry-after")), (429, "1"));
    assert_eq!(app.anonymous().sign_in(&person.email, PASSWORD).await.status, 303, "signing in counts by itself");
    app.execute("update control.login_attempts set occurred_at = occurred_at - interval '1 second'").await;
    assert_eq!(person.post_form("/elevation", &[("password", PASSWORD)]).await.status, 303);
    for odd in ["", "x\0", &"x".repeat(1025), &"x".repeat(10_000)] {
        assert_eq!(person.post_form("/elevation", &[("password", odd)]).await.status, 422);
    }
}

/// Who signed in by a link and has nothing else can show nothing else, for ten minutes.
#[actix_web::test]
async fn a_fresh_link_is_enough_for_who_has_nothing_else() {
    let app = TestApp::start().await;
    let (id, _) = app.staff("admin").await;
    app.execute("update control.user_credentials set revoked_at = now()").await;
    let address = setup::sign_in_link(app.db(), &app.config, "test", id).await.expect("a link can be made");
    let person = app.anonymous();
    person.get(&address[address.find("/sign-in/link/").expect("a path")..]).await;
    assert_eq!(person.get("/tenants.csv").await.status, 303);
    app.execute("update control.sessions set authenticated_at = now() - interval '11 minutes'").await;
    let page = person.post_form("/elevation", &[]).await;
    assert_eq!(page.status, 422);
    assert!(page.errors()[0].contains("too long ago"), "{:?}", page.errors());
    app.execute("update control.sessions set authenticated_at = now()").await;
    assert_eq!(person.post_form("/elevation", &[]).await.status, 303);
    assert_eq!(person.get("/tenants.csv").await.status, 200);
    assert_eq!(app.event("session.elevate").await.details["factor"], "link");

    let new = "fifteen or more characters";
    let fields = [("new_password", new), ("new_password_again", new)];
    assert_eq!(person.post_form("/account/password", &fields).await.status, 303);
    app.execute("update control.sessions set elevated_until = null, elevated_by = null").await;
    assert_eq!(person.post_form("/elevation", &[]).await.status, 422, "from now on there is a password to ask for");
}

#[actix_web::test]
async fn fragments_leave_for_the_page_and_lists_are_not_downloaded_blindly() {
    let app = TestApp::start().await;
    let person = unelevated(&app, "admin").await;
    let id = app.tenant("northwind").await;
    let fragment = person.htmx_get(&format!("/tenants/{id}/suspension/new")).await;
    assert_eq!(fragment.status, 204);
    assert_eq!(fragment.header("hx-redirect"), format!("/elevation?return_to=/tenants/{id}/suspension/new"));
    let page = person.follow(&person.get("/tenants.csv?status=active").await).await;
    let answer = person.submit(&page.form().with("password", PASSWORD)).await;
    assert_eq!(answer.location(), "/tenants?status=active");
    assert!(answer.flash().contains("Take the list out again"), "{}", answer.flash());
}
