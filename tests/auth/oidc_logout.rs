//! Logouts that a provider sends, and those that somebody else does.

use serde_json::{Value, json};

use crate::support::forger::{CLIENT_SECRET, signed_with_shared, unsigned};
use crate::support::{Forger, Page, Person, TestApp};

const PATH: &str = "/sign-in/oidc/acme/logout";

struct SignedIn {
    forger: Forger,
    app: TestApp,
    browser: Person,
}

async fn signed_in() -> SignedIn {
    let forger = Forger::start();
    let app = TestApp::with_providers(vec![forger.settings("acme")]).await;
    let founder = app.founder().await;
    app.identity(founder.id.expect("somebody"), &forger.issuer, "ada").await;
    let browser = app.anonymous();
    assert_eq!(browser.sign_in_by(&forger, "acme", "ada").await.location(), "/");
    SignedIn { forger, app, browser }
}

impl SignedIn {
    async fn is_in(&self) -> bool {
        self.browser.get("/account/sessions").await.status == 200
    }

    /// Sends a token as a provider does: without a cookie, an origin or anything else of a browser.
    async fn send(&self, token: &str) -> Page {
        send(&self.app, PATH, token).await
    }
}

async fn send(app: &TestApp, path: &str, token: &str) -> Page {
    let stranger = app.anonymous();
    let request = stranger
        .request(reqwest::Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("logout_token={token}"));
    stranger.send(request).await
}

#[actix_web::test]
async fn a_logout_ends_the_sessions_of_a_person_at_once() {
    let it = signed_in().await;
    let second = it.app.anonymous();
    it.app.execute("delete from control.ceremonies").await;
    assert_eq!(second.sign_in_by(&it.forger, "acme", "ada").await.location(), "/");
    let page = it.send(&it.forger.sign(&it.forger.logout("ada"))).await;
    assert_eq!((page.status, page.header("cache-control"), page.body.len()), (200, "no-store", 0));
    assert!(!it.is_in().await);
    assert_eq!(second.get("/account/sessions").await.status, 303);
    let event = it.app.event("session.end_by_provider").await;
    assert_eq!((event.actor_kind.as_str(), event.details["provider"].as_str()), ("anonymous", Some("acme")));
    let ended = event.of("sessions");
    assert_eq!(ended.len(), 2);
    assert!(ended.iter().all(|change| change.after["revoked_reason"] == "ended_by_provider"));
}

#[actix_web::test]
async fn a_logout_of_one_session_leaves_the_others() {
    let it = signed_in().await;
    let other = it.app.anonymous();
    let away = other.leave("acme").await;
    let mut claims = it.forger.claims(&away, "ada");
    claims["sid"] = "another".into();
    let code = it.forger.code(&away, &it.forger.sign(&claims));
    other.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &it.forger.issuer)]).await;
    let mut logout = it.forger.logout("ada");
    logout["sid"] = "another".into();
    logout.as_object_mut().expect("claims").remove("sub");
    assert_eq!(it.send(&it.forger.sign(&logout)).await.status, 200);
    assert_eq!(other.get("/account/sessions").await.status, 303);
    assert!(it.is_in().await);
}

#[actix_web::test]
async fn a_logout_reaches_who_is_halfway() {
    let forger = Forger::start();
    let app = TestApp::with_providers(vec![forger.settings("acme")]).await;
    let founder = app.founder().await;
    app.identity(founder.id.expect("somebody"), &forger.issuer, "ada").await;
    let phone = app.add_totp(&founder).await;
    let browser = app.anonymous();
    assert_eq!(browser.sign_in_by(&forger, "acme", "ada").await.location(), "/sign-in/factor");
    assert_eq!(send(&app, PATH, &forger.sign(&forger.logout("ada"))).await.status, 200);
    app.codes_are_new().await;
    assert_eq!(browser.post_form("/sign-in/factor", &[("code", &phone.code())]).await.status, 401);
    assert_eq!(founder.get("/account/sessions").await.status, 200, "a session with a password is not the provider's");
}

#[actix_web::test]
async fn a_logout_about_nobody_here_is_well_and_ends_nothing() {
    let it = signed_in().await;
    assert_eq!(it.send(&it.forger.sign(&it.forger.logout("somebody else"))).await.status, 200);
    assert!(it.is_in().await);
}

#[actix_web::test]
async fn a_logout_counts_once() {
    let it = signed_in().await;
    let token = it.forger.sign(&it.forger.logout("ada"));
    assert_eq!(it.send(&token).await.status, 200);
    assert_eq!(it.browser.sign_in_by(&it.forger, "acme", "ada").await.location(), "/");
    let again = it.send(&token).await;
    assert_eq!((again.status, again.header("cache-control")), (400, "no-store"));
    assert!(it.is_in().await, "who signed in again stays");
    assert_eq!(it.app.provider_trouble().await, ["authn_provider_replay: the logout came before"]);
    assert_eq!(it.app.events("session.end_by_provider").await.len(), 1);
}

#[actix_web::test]
async fn forged_logouts_end_nothing() {
    let it = signed_in().await;
    let (forger, other) = (&it.forger, Forger::start());
    let sound = || forger.logout("ada");
    let with = |claim: &str, value: Value| {
        let mut claims = sound();
        claims[claim] = value;
        forger.sign(&claims)
    };
    let without = |claim: &str| {
        let mut claims = sound();
        claims.as_object_mut().expect("claims").remove(claim);
        forger.sign(&claims)
    };
    let now = jiff::Timestamp::now().as_second();
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let as_type =
        |typ: &str| forger.sign_as(&json!({ "alg": "ES256", "typ": typ, "kid": forger.public_key()["kid"] }), &sound());
    let forged = [
        String::new(),
        "a.b.c".into(),
        unsigned(&sound()),
        signed_with_shared(CLIENT_SECRET.as_bytes(), &sound()),
        signed_with_shared(forger.public_key().to_string().as_bytes(), &sound()),
        other.sign(&sound()),
        other.sign_as(&json!({ "alg": "ES256", "kid": forger.public_key()["kid"] }), &sound()),
        forger.sign_as(&json!({ "alg": "ES256", "crit": ["exp"], "kid": forger.public_key()["kid"] }), &sound()),
        as_type("at+jwt"),
        with("iss", json!(other.issuer)),
        with("aud", json!("somebody else")),
        with("aud", json!(["somebody else"])),
        with("exp", json!(now - 120)),
        with("iat", json!(now - 3600)),
        with("iat", json!(now + 3600)),
        with("nonce", json!("of a sign-in")),
        with("events", json!({})),
        with("events", json!({ event: "yes" })),
        with("events", json!([event])),
        with("jti", json!("")),
        with("sub", json!("x".repeat(256))),
        without("iss"),
        without("aud"),
        without("iat"),
        without("jti"),
        without("events"),
        without("sub"),
    ];
    for (place, token) in forged.iter().enumerate() {
        let page = it.send(token).await;
        assert_eq!((page.status, page.header("cache-control")), (400, "no-store"), "forgery {place}");
        assert!(page.text().contains("invalid_request"), "forgery {place}");
    }
    assert!(it.is_in().await);
    assert_eq!(it.app.events("session.end_by_provider").await.len(), 0);
    let noted = it.app.provider_trouble().await;
    assert_eq!(noted.len(), forged.len());
    assert!(noted.iter().all(|one| one.starts_with("authn_provider_")), "{noted:?}");
    for sound in [as_type("logout+jwt"), without("exp"), with("aud", json!(["console", "another"]))] {
        assert_eq!(it.send(&sound).await.status, 200, "{sound}");
    }
    assert!(!it.is_in().await);
}

/// An ID token says who somebody is, is signed with the same key, and was seen by others.
#[actix_web::test]
async fn a_sign_in_is_no_logout() {
    let it = signed_in().await;
    let away = it.app.anonymous().leave("acme").await;
    assert_eq!(it.send(&it.forger.sign(&it.forger.claims(&away, "ada"))).await.status, 400);
    assert!(it.is_in().await);
}

#[actix_web::test]
async fn each_provider_has_its_own_door_and_it_takes_forms_only() {
    let it = signed_in().await;
    let token = it.forger.sign(&it.forger.logout("ada"));
    assert_eq!(send(&it.app, "/sign-in/oidc/other/logout", &token).await.status, 404);
    let stranger = it.app.anonymous();
    let json = stranger.post_body(PATH, "application/json", b"{}".to_vec()).await;
    assert_eq!(json.status, 415);
    let large = stranger.post_body(PATH, "application/x-www-form-urlencoded", vec![b'x'; 300 * 1024]).await;
    assert_eq!(large.status, 413);
    assert_eq!(stranger.get(PATH).await.status, 405);
    assert!(it.is_in().await);
}

#[actix_web::test]
async fn a_logout_that_cannot_be_looked_at_may_come_again() {
    let it = signed_in().await;
    let mut gone = it.forger.settings("gone");
    gone.issuer = "http://127.0.0.1:1".into();
    let app = TestApp::with_providers(vec![gone]).await;
    let page = send(&app, "/sign-in/oidc/gone/logout", &it.forger.sign(&it.forger.logout("ada"))).await;
    assert_eq!((page.status, page.header("retry-after").is_empty()), (503, false));
}

#[actix_web::test]
async fn a_logout_that_comes_while_somebody_is_on_their_way_in_keeps_them_out() {
    let it = signed_in().await;
    let address = format!("{}{PATH}", it.app.base);
    let mut of_session = it.forger.logout("ada");
    of_session["sid"] = "session of the provider".into();
    for logout in [it.forger.logout("ada"), of_session] {
        it.app.execute("delete from control.ceremonies where kind <> 'oidc_logout'").await;
        let late = it.app.anonymous();
        it.forger.logs_out_meanwhile(&address, &logout);
        let answer = late.sign_in_by(&it.forger, "acme", "ada").await;
        assert_eq!(answer.status, 409, "{}", answer.location());
        assert!(answer.text().contains("signed out at your identity provider"), "{}", answer.text());
        assert_eq!(late.get("/account/sessions").await.status, 303);
        assert_eq!(late.sign_in_by(&it.forger, "acme", "ada").await.location(), "/", "the next time they get in");
    }
    let other = it.forger.logout("somebody else");
    it.forger.logs_out_meanwhile(&address, &other);
    it.app.execute("delete from control.ceremonies where kind <> 'oidc_logout'").await;
    assert_eq!(it.app.anonymous().sign_in_by(&it.forger, "acme", "ada").await.location(), "/");
}
