//! Where people land who asked for no page: where they may be.

use crate::support::{PASSWORD, Person, TestApp};

async fn lands(app: &TestApp, privileges: &[&str]) -> (Person, String) {
    let person = app.person_with(privileges).await;
    let browser = app.anonymous();
    let answer = browser.sign_in(&person.email, PASSWORD).await;
    (person, answer.location())
}

#[actix_web::test]
async fn signing_in_leads_to_the_first_page_that_is_open() {
    let app = TestApp::start().await;
    for (privileges, place) in [
        (&["overview.view", "tenants.view"][..], "/"),
        (&["jobs.view", "tenants.view"], "/tenants"),
        (&["jobs.view"], "/jobs"),
        (&[], "/account/sessions"),
    ] {
        let (person, location) = lands(&app, privileges).await;
        assert_eq!(location, place, "{privileges:?}");
        assert_eq!(person.get(place).await.status, 200, "{privileges:?}");
        assert_eq!(person.get("/sign-in").await.location(), place, "who is in already");
    }
}

#[actix_web::test]
async fn the_second_step_leads_there_and_to_what_was_asked_for() {
    let app = TestApp::start().await;
    let person = app.person_with(&["jobs.view"]).await;
    let phone = app.add_totp(&person).await;
    for (asked, place) in [("", "/jobs"), ("/account/factors", "/account/factors")] {
        let browser = app.anonymous();
        let fields = [("email", &*person.email), ("password", PASSWORD), ("return_to", asked)];
        assert!(browser.post_form("/sign-in", &fields).await.location().starts_with("/sign-in/factor"));
        app.codes_are_new().await;
        let answer = browser.post_form("/sign-in/factor", &[("code", &phone.code()), ("return_to", asked)]).await;
        assert_eq!(answer.location(), place);
    }
}

#[actix_web::test]
async fn ending_an_elevation_leads_there() {
    let app = TestApp::start().await;
    let person = app.person_with(&["jobs.view"]).await;
    assert_eq!(person.post_form("/elevation/end", &[]).await.location(), "/jobs");
}

#[actix_web::test]
async fn going_back_to_oneself_leads_where_oneself_may_be() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.founder().await, app.person_with(&["jobs.view"]).await);
    app.execute(&format!(
        "insert into control.delegations (id, grantor_user_id, delegate_user_id, action_scope, starts_at, ends_at, reason)
        values (gen_random_uuid(), '{}', '{}', '{{tenants.view}}', now(), now() + interval '1 day', 'away')",
        ada.id.expect("somebody"),
        bob.id.expect("somebody")
    ))
    .await;
    let id = app.text("select id from control.delegations").await;
    assert_eq!(bob.post_form(&format!("/account/delegations/{id}/acting"), &[]).await.location(), "/tenants");
    let stopped = bob.post_form("/acting/end", &[]).await;
    assert_eq!(stopped.location(), "/jobs", "not where the other may be");
    assert_eq!(bob.follow(&stopped).await.status, 200);
}
