//! Nobody gets by with less than the strongest thing that they have.

use crate::support::{Authenticator, PASSWORD, Person, TestApp};

#[actix_web::test]
async fn a_password_does_not_elevate_who_has_a_factor() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    assert_eq!(person.post_form("/elevation/end", &[]).await.status, 303);
    let page = person.get("/elevation").await;
    assert!(!page.text().contains("name=\"password\""));
    for fields in [vec![("password", PASSWORD)], vec![], vec![("password", PASSWORD), ("code", " ")]] {
        let page = person.post_form("/elevation", &fields).await;
        assert_eq!(page.status, 422, "{fields:?}");
        assert!(page.field_error("code").contains("less is not enough"), "{:?}", page.errors());
    }
    assert_eq!(person.get("/tenants.csv").await.status, 303);
    app.codes_are_new().await;
    assert_eq!(person.post_form("/elevation", &[("code", &phone.code())]).await.status, 303);
    assert_eq!(person.get("/tenants.csv").await.status, 200);
    assert_eq!(app.text("select elevated_by from control.sessions where elevated_by is not null").await, "totp");
}

/// Somebody with an authenticator app, recovery codes and a passkey, who is not elevated.
async fn with_a_passkey(app: &TestApp) -> (Person, Authenticator, Vec<String>) {
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let codes = app.recovery_codes(&person).await;
    let id = person.id.expect("a person");
    app.execute(&format!(
        "insert into control.user_credentials (id, user_id, kind, label, parameters)
            values (gen_random_uuid(), '{id}', 'passkey', 'Key', '{{}}')"
    ))
    .await;
    assert_eq!(person.post_form("/elevation/end", &[]).await.status, 303);
    app.codes_are_new().await;
    (person, phone, codes)
}

#[actix_web::test]
async fn a_code_does_not_elevate_who_has_a_passkey() {
    let app = TestApp::start().await;
    let (person, phone, _) = with_a_passkey(&app).await;
    assert!(!person.get("/elevation").await.text().contains("authenticator app"));
    for code in [phone.code(), phone.wrong_code(), PASSWORD.to_owned()] {
        let page = person.post_form("/elevation", &[("code", &code)]).await;
        assert_eq!(page.status, 422, "{code}");
        assert!(page.field_error("code").contains("you have a passkey"), "{:?}", page.errors());
        app.execute("delete from control.login_attempts").await;
    }
    for fields in [vec![("password", PASSWORD)], vec![]] {
        let page = person.post_form("/elevation", &fields).await;
        assert_eq!((page.status, page.errors().concat().contains("less is not enough")), (422, true), "{fields:?}");
    }
    assert_eq!(person.get("/tenants.csv").await.location(), "/elevation?return_to=/tenants.csv");
    assert_eq!(app.number("select count(*) from control.sessions where elevated_by is not null").await, 0);
}

#[actix_web::test]
async fn a_recovery_code_replaces_a_lost_passkey_and_opens_nothing_else() {
    let app = TestApp::start().await;
    let (person, _, codes) = with_a_passkey(&app).await;
    let browser = app.halfway(&person.email).await;
    assert_eq!(browser.post_form("/sign-in/factor", &[("code", &codes[0])]).await.status, 303);
    let fields = [("code", codes[1].as_str()), ("return_to", "/tenants.csv")];
    let answer = browser.post_form("/elevation", &fields).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/account/factors"), "{:?}", answer.errors());
    assert_eq!(browser.get("/tenants.csv").await.location(), "/elevation?return_to=/tenants.csv");
    assert_eq!(browser.post_form("/account/tokens", &[("name", "mine")]).await.status, 401);
    assert_eq!(browser.get("/account/password").await.status, 200);
    let new =
        [("new_password", "another horse battery staple"), ("new_password_again", "another horse battery staple")];
    assert_eq!(browser.post_form("/account/password", &new).await.status, 422, "the old one is asked for");

    assert_eq!(browser.get("/account/factors/passkeys/new").await.status, 200);
    let id = app.text("select id from control.user_credentials where kind = 'passkey'").await;
    let form = browser.get(&format!("/account/factors/{id}/removal/new")).await.form().with("reason", "lost");
    assert_eq!(browser.submit(&form).await.status, 303);
    assert_eq!(browser.get("/tenants.csv").await.status, 200, "a code is now the strongest that there is");
}

#[actix_web::test]
async fn a_password_is_no_second_step() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    app.add_totp(&person).await;
    let halfway = app.halfway(&person.email).await;
    for fields in [[("password", PASSWORD)], [("credential", "{}")], [("credential", PASSWORD)], [("code", PASSWORD)]] {
        assert_eq!(halfway.post_form("/sign-in/factor", &fields).await.status, 422, "{fields:?}");
    }
    assert_eq!(halfway.get("/").await.location(), "/sign-in/factor");
}

#[actix_web::test]
async fn a_factor_that_was_removed_is_worth_nothing() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let (lost, kept) = (app.add_totp(&person).await, app.add_totp(&person).await);
    app.elevate(&person).await;
    let page = person.get("/account/factors").await;
    let form = person.get(&page.link("Remove…")).await.form().with("reason", "lost");
    assert_eq!(person.submit(&form).await.status, 303);
    app.codes_are_new().await;
    let halfway = app.halfway(&person.email).await;
    assert_eq!(halfway.post_form("/sign-in/factor", &[("code", &lost.code())]).await.status, 422);
    assert_eq!(halfway.post_form("/sign-in/factor", &[("code", &kept.code())]).await.status, 303);
}
