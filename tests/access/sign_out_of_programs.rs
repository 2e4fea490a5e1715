//! Signing out everywhere reaches programs where that is asked for, and tokens of those who may not sign in are refused.

use crate::support::TestApp;

const LIST: &str = "/tenants.json";
const RIGHTS: [&str; 2] = ["tenants.view", "tenants.export"];

#[actix_web::test]
async fn staff_end_sessions_alone_or_tokens_with_them() {
    let app = TestApp::start().await;
    let (founder, person) = (app.founder().await, app.person_with(&RIGHTS).await);
    let (one, other) =
        (person.make_token(&["tenants.export"], &[]).await, person.make_token(&["tenants.export"], &[]).await);
    let id = person.id.expect("a person");
    let kept = founder.make_token(&["tenants.export"], &[]).await;

    let page = founder.get(&format!("/people/{id}/sign-out/new")).await;
    assert!(page.texts(".effect").join("").contains("API tokens go on working"), "{}", page.text());
    assert_eq!(founder.submit(&page.form().with("reason", "a lost laptop")).await.status, 303);
    assert_eq!(person.get("/account/sessions").await.status, 303);
    assert_eq!(app.read_with(&one.text, LIST).await.status, 200);

    let page = founder.get(&format!("/people/{id}/full-sign-out/new")).await;
    let said = page.texts(".effect").join("");
    assert!(said.contains("No session is open and 2 API tokens are revoked"), "{said}");
    assert_eq!(founder.submit(&page.form()).await.field_error("reason"), "is required");
    assert_eq!(founder.submit(&page.form().with("reason", "a stolen laptop")).await.status, 303);
    for token in [&one, &other] {
        assert_eq!(app.read_with(&token.text, LIST).await.status, 401);
    }
    assert_eq!(app.read_with(&kept.text, LIST).await.status, 200, "nobody else's");
    let event = app.event("user.sign_out_fully").await;
    assert_eq!((event.reason.as_deref(), event.of("api_tokens").len()), (Some("a stolen laptop"), 2));
    let noted = "select details ->> 'tokens' from audit.security_events where kind = 'authn_token_revoked'";
    assert_eq!(app.texts(noted).await, ["2"]);
    assert_eq!(founder.get(&format!("/people/{id}/full-sign-out/new")).await.status, 409, "nothing is left to end");
}

#[actix_web::test]
async fn people_tick_it_for_themselves() {
    let app = TestApp::start().await;
    let person = app.person_with(&RIGHTS).await;
    let page = person.get("/account/sessions").await;
    assert!(!page.text().contains("api_tokens"), "there is nothing to revoke yet");
    let token = person.make_token(&["tenants.export"], &[]).await;
    let stranger = app.person_with(&RIGHTS).await;
    let other = stranger.make_token(&["tenants.export"], &[]).await;
    let elsewhere = app.browser_of(person.id.expect("a person"), &person.email).await;

    assert!(person.get("/account/sessions").await.text().contains("name=\"api_tokens\""));
    let path = "/account/sessions/end-others";
    assert_eq!(elsewhere.post_form(path, &[]).await.flash(), "1 other session has ended.", "programs stay");
    assert_eq!(app.read_with(&token.text, LIST).await.status, 200);
    let again = elsewhere.post_form(path, &[("api_tokens", "on")]).await;
    assert_eq!(again.flash(), "0 other sessions have ended, and 1 API token is revoked.");
    assert_eq!(app.read_with(&token.text, LIST).await.status, 401);
    assert_eq!(app.read_with(&other.text, LIST).await.status, 200);
    assert_eq!(elsewhere.get("/account/sessions").await.status, 200);
    let events = app.events("session.end_others").await;
    assert_eq!(events.iter().map(|event| event.of("api_tokens").len()).collect::<Vec<_>>(), [0, 1]);
}

#[actix_web::test]
async fn tokens_of_those_who_may_not_sign_in_are_refused() {
    let app = TestApp::start().await;
    let person = app.person_with(&RIGHTS).await;
    let token = person.make_token(&["tenants.export"], &[]).await;
    let id = person.id.expect("a person");
    for state in ["locked", "suspended", "deactivated"] {
        app.execute(&format!("update control.users set status = '{state}' where id = '{id}'")).await;
        assert_eq!(app.read_with(&token.text, LIST).await.status, 401, "{state}");
    }
    app.execute(&format!("update control.users set status = 'active' where id = '{id}'")).await;
    assert_eq!(app.read_with(&token.text, LIST).await.status, 200, "and work again with their owner");
}
