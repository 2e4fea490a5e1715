//! The second step of signing in.

use crate::support::{PASSWORD, SESSION, TestApp};

const STEP: &str = "/sign-in/factor";

#[actix_web::test]
async fn who_has_a_factor_is_asked_for_it_and_goes_where_they_were_going() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let browser = app.anonymous();
    let page = browser.get("/tenants?status=active").await;
    let form = browser.follow(&page).await.form().with("email", &person.email).with("password", PASSWORD);
    let answer = browser.submit(&form).await;
    assert_eq!(answer.location(), "/sign-in/factor?return_to=/tenants%3Fstatus%3Dactive");
    let page = browser.follow(&answer).await;
    assert_eq!((page.status, page.title().as_str()), (200, "Second factor"));
    assert!(!page.text().contains(&person.email), "a half session shows nobody's name");
    app.codes_are_new().await;
    let answer = browser.submit(&page.form().with("code", &phone.code())).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/tenants?status=active"));
    assert_eq!(browser.follow(&answer).await.status, 200);

    let event = app.events("session.sign_in").await.pop().expect("a sign-in");
    assert_eq!(
        (event.details["factor"].as_str(), event.details["second_factor"].as_str()),
        (Some("password"), Some("totp"))
    );
    let first = app.event("session.first_step").await;
    assert_eq!((first.actor_id, first.details["factor"].as_str()), (person.id, Some("password")));
    assert_eq!(browser.get(STEP).await.location(), "/", "there is no third step");
}

#[actix_web::test]
async fn half_a_session_ends_after_ten_minutes_and_with_its_person() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let (old, suspended) = (app.halfway(&person.email).await, app.halfway(&person.email).await);
    let left =
        "select bool_and(absolute_expires_at between now() + interval '9 minutes' and now() + interval '10 minutes')
        from control.sessions where awaits is not null";
    assert_eq!(app.text(left).await, "true");
    app.codes_are_new().await;
    app.execute("update control.sessions set idle_expires_at = now() - interval '1 second' where awaits is not null")
        .await;
    let answer = old.post_form(STEP, &[("code", &phone.code())]).await;
    assert_eq!(answer.status, 401, "what was typed waits until somebody has signed in");
    app.execute("update control.sessions set idle_expires_at = now() + interval '1 minute'").await;
    app.execute("update control.users set status = 'suspended'").await;
    assert_eq!(suspended.post_form(STEP, &[("code", &phone.code())]).await.status, 401);
    assert_eq!(app.number("select count(*) from control.sessions where 'totp' = any (factors)").await, 0);
}

#[actix_web::test]
async fn wrong_codes_wait_like_wrong_passwords() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let stranger = app.halfway(&person.email).await;
    app.codes_are_new().await;
    for _ in 0..5 {
        let page = stranger.post_form(STEP, &[("code", &phone.wrong_code())]).await;
        assert_eq!((page.status, page.value("code").as_str()), (422, ""));
    }
    let page = stranger.post_form(STEP, &[("code", &phone.code())]).await;
    assert_eq!((page.status, page.header("retry-after")), (429, "1"));
    assert!(page.errors()[0].contains("Wait 1 second,"), "{:?}", page.errors());
    let another = app.halfway(&person.email).await;
    assert_eq!(another.post_form(STEP, &[("code", &phone.code())]).await.status, 429, "another browser waits too");
    let empty = stranger.post_form(STEP, &[]).await;
    assert_eq!((empty.status, empty.field_error("code").as_str()), (422, "is required"));

    app.execute("update control.login_attempts set occurred_at = occurred_at - interval '1 second'").await;
    assert_eq!(stranger.post_form(STEP, &[("code", &phone.code())]).await.status, 303);
    let next = app.halfway(&person.email).await;
    assert_eq!(
        next.post_form(STEP, &[("code", &phone.wrong_code())]).await.status,
        422,
        "success begins the count anew"
    );
    let tries = "select details ->> 'outcome' from audit.security_events where kind <> 'authn_login_fail_max'";
    let noted = app.texts(tries).await;
    assert_eq!(noted.iter().filter(|outcome| *outcome == "wrong_factor").count(), 6);
    assert!(noted.contains(&"throttled".to_owned()));
}

/// Guesses at a password, which everybody can send, do not make the owner wait at the second step, and the other way
/// round.
#[actix_web::test]
async fn codes_have_a_counter_of_their_own() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let halfway = app.halfway(&person.email).await;
    for _ in 0..6 {
        app.anonymous().sign_in(&person.email, "wrong horse battery staple").await;
    }
    app.codes_are_new().await;
    assert_eq!(halfway.post_form(STEP, &[("code", &phone.code())]).await.status, 303);
}

#[actix_web::test]
async fn links_ask_for_a_factor_too() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let id = person.id.expect("somebody");
    let address = castellan::commands::setup::sign_in_link(app.db(), &app.config, "test", id).await.expect("a link");
    let path = &address[address.find("/sign-in/link/").expect("a path")..];
    let browser = app.anonymous();
    assert_eq!(browser.get(path).await.location(), STEP);
    app.codes_are_new().await;
    assert_eq!(browser.post_form(STEP, &[("code", &phone.code())]).await.status, 303);
    assert_eq!(app.text("select factors from control.sessions order by created_at desc limit 1").await, "{link,totp}");
}

#[actix_web::test]
async fn somebody_else_can_sign_in_from_there() {
    let app = TestApp::start().await;
    let (person, other) = (app.admin().await, app.support().await);
    app.add_totp(&person).await;
    let browser = app.halfway(&person.email).await;
    let half = browser.cookie(SESSION);
    assert_eq!(browser.get("/sign-in").await.status, 200);
    assert_eq!(browser.sign_in(&other.email, PASSWORD).await.location(), "/");
    assert!(browser.get("/account/sessions").await.text().contains(&other.email));
    let thief = app.anonymous();
    thief.set_cookie(SESSION, &half);
    assert_eq!(thief.get(STEP).await.location(), "/sign-in?return_to=/sign-in/factor", "the half session has ended");
}

#[actix_web::test]
async fn the_second_step_without_the_first_is_noted() {
    let app = TestApp::start().await;
    let person = app.anonymous();
    assert_eq!(person.get(STEP).await.status, 303);
    assert!(app.security_events("sequence_fail").await.is_empty(), "a link may lead there");
    for _ in 0..3 {
        assert_eq!(person.post_form(STEP, &[("code", "000000")]).await.status, 401);
    }
    let event = app.security_event("sequence_fail").await;
    assert_eq!((event.severity.as_str(), event.actor_id), ("critical", None));
    assert!(!event.details.to_string().contains("000000"));
}

/// Both counters end with the sign-in: that of the password and that of the code.
#[actix_web::test]
async fn a_success_counts_the_failures_of_both_steps() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    app.anonymous().sign_in(&person.email, "wrong horse battery staple").await;
    let halfway = app.halfway(&person.email).await;
    app.codes_are_new().await;
    halfway.post_form(STEP, &[("code", &phone.wrong_code())]).await;
    assert!(app.security_events("authn_login_successafterfail").await.is_empty());
    assert_eq!(halfway.post_form(STEP, &[("code", &phone.code())]).await.status, 303);
    assert_eq!(app.security_event("authn_login_successafterfail").await.details["failures"], 2);
}
