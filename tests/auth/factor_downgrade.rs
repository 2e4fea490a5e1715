//! Nobody gets by with less than the strongest thing that they have.

use crate::support::{PASSWORD, TestApp};

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
