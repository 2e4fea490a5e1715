//! Resetting somebody's second factors.

use crate::support::{PASSWORD, TestApp};

#[actix_web::test]
async fn who_lost_a_factor_gets_in_without_it_and_knows_of_it() {
    let app = TestApp::start().await;
    let (founder, person) = (app.founder().await, app.admin().await);
    app.add_totp(&person).await;
    app.recovery_codes(&person).await;
    let id = person.id.expect("somebody");
    let page = founder.get(&format!("/people/{id}/factors-reset/new")).await;
    assert_eq!(page.title(), format!("Reset the second factors of {}", person.email));
    let answer = founder.submit(&page.form().with("reason", "Lost the phone, rang back")).await;
    assert_eq!((answer.status, answer.location()), (303, format!("/people/{id}")));
    assert_eq!(person.get("/account/sessions").await.status, 303, "their sessions have ended");
    assert_eq!(app.anonymous().sign_in(&person.email, PASSWORD).await.location(), "/");
    assert_eq!(app.text(&format!("select mfa_enabled from control.users where id = '{id}'")).await, "false");
    let event = app.event("user.reset_factors").await;
    assert_eq!((event.target_id, event.reason.as_deref()), (Some(id), Some("Lost the phone, rang back")));
    let told = "select recipient from control.outbox where subject = 'Your second factors were removed'";
    assert_eq!(app.text(told).await, person.email);
}

#[actix_web::test]
async fn it_is_refused_for_oneself_and_where_there_is_nothing() {
    let app = TestApp::start().await;
    let (founder, person) = (app.founder().await, app.admin().await);
    app.add_totp(&founder).await;
    for id in [founder.id, person.id] {
        let path = format!("/people/{}/factors-reset", id.expect("somebody"));
        assert_eq!(founder.get(&format!("{path}/new")).await.status, 409);
        assert_eq!(founder.post_form(&path, &[("reason", "x")]).await.status, 409);
    }
}

/// Means to sign in open everything, so that a right on one tenant is not enough.
#[actix_web::test]
async fn a_right_on_some_rows_is_not_enough() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    app.add_totp(&person).await;
    let tenant = app.tenant("northwind").await;
    let scoped = app.scoped_to_tenant(&["access.manage"], tenant).await;
    let path = format!("/people/{}/factors-reset", person.id.expect("somebody"));
    assert_eq!(scoped.get(&format!("{path}/new")).await.status, 403);
    assert_eq!(scoped.post_form(&path, &[("reason", "x")]).await.status, 403);
}
