//! Signing in and out with npm's `oidc-provider`, a real one with pages of its own.

use crate::support::{RealProvider, TestApp, Visitor};

#[actix_web::test]
async fn a_real_provider_signs_people_in() {
    let Some(provider) = RealProvider::start() else { return };
    let app = TestApp::with_providers(vec![provider.settings()]).await;
    provider.register(&app).await;
    let person = app.founder().await;
    let visitor = Visitor::of(&provider);

    // Linked by its owner, who comes back to a page that asks.
    let start = person.get("/account/identities/start/acme").await;
    assert_eq!(start.status, 200, "{}", start.text());
    let back = visitor.authorize(&start.link("Go to Acme"), "ada").await;
    let answer = person.get(back.strip_prefix(&app.base).expect("the console")).await;
    let page = person.follow(&answer).await;
    assert!(page.text().contains("ada@acme.example"), "{}", page.text());
    assert_eq!(person.submit(&page.form()).await.location(), "/account/identities");

    // The provider still knows who it is.
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let back = visitor.authorize(away.url.as_str(), "ada").await;
    assert!(back.contains("iss="), "{back}");
    let answer = browser.get(back.strip_prefix(&app.base).expect("the console")).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/"), "{}", answer.text());
    assert!(browser.get("/account/sessions").await.text().contains(&person.email));

    // Who signs out there is signed out here, at once, by the provider's own logout token.
    visitor.sign_out().await;
    assert_eq!(browser.get("/account/sessions").await.status, 303);
    assert_eq!(app.event("session.end_by_provider").await.of("sessions").len(), 1);
    assert_eq!(person.get("/account/sessions").await.status, 200, "a session with a password goes on");
    assert_eq!(app.provider_trouble().await, Vec::<String>::new());
}

/// Whoever is called like a founder at the provider is not the founder.
#[actix_web::test]
async fn a_real_provider_s_stranger_with_the_founder_s_address_stays_out() {
    let Some(provider) = RealProvider::start() else { return };
    let app = TestApp::with_providers(vec![provider.settings()]).await;
    provider.register(&app).await;
    let (_, email) = app.staff("founder").await;
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let back = Visitor::of(&provider).authorize(away.url.as_str(), &email).await;
    let page = browser.get(back.strip_prefix(&app.base).expect("the console")).await;
    assert_eq!((page.status, page.title().as_str()), (422, "Sign in"));
    assert_eq!(app.number("select count(*) from control.sessions").await, 0);
}
