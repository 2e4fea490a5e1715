//! Sessions known before a step are worth nothing after it, and half a session opens nothing.

use castellan::routes;

use crate::support::{PASSWORD, Person, SESSION, TestApp};

/// An id of nothing.
const NOTHING: &str = "019a0000-0000-7000-8000-000000000000";

fn thief_with(app: &TestApp, cookie: &str) -> Person {
    let thief = app.anonymous();
    thief.set_cookie(SESSION, cookie);
    thief
}

#[actix_web::test]
async fn half_a_session_opens_nothing() {
    let app = TestApp::start().await;
    let person = app.founder().await;
    app.add_totp(&person).await;
    let halfway = app.halfway(&person.email).await;
    let open =
        ["/sign-in", "/sign-in/link/{token}", "/sign-in/factor", "/invitations/{token}", "/password-resets/{token}"];
    let is_open = |path: &str| open.contains(&path) || path.starts_with("/sign-in/oidc/");
    for route in routes::table().into_iter().filter(|route| !is_open(route.path)) {
        let parts = route.path.split('/').map(|part| if part.starts_with('{') { NOTHING } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let answer = match route.method.as_str() {
            "GET" => halfway.get(&path).await,
            _ => halfway.post_form(&path, &[("reason", "x")]).await,
        };
        let refused = match route.method.as_str() {
            "GET" if path.ends_with("json") => answer.status == 401,
            "GET" => answer.status == 303 && answer.location().starts_with("/sign-in/factor"),
            _ => answer.status == 401 || answer.location().starts_with("/sign-in/factor"),
        };
        assert!(refused, "{} {path}: {} {}", route.method, answer.status, answer.location());
    }
    assert!(!halfway.get("/nothing").await.text().contains(&person.email));
}

/// Even a statement that slipped through would be refused.
#[actix_web::test]
async fn the_database_takes_no_change_from_half_a_session() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    app.add_totp(&person).await;
    app.halfway(&person.email).await;
    let half = app.text("select id from control.sessions where awaits is not null").await;
    let id = person.id.expect("somebody");
    let write = format!(
        "select set_config('castellan.session_id', '{half}', true), set_config('castellan.actor_id', '{id}', true);
        select audit.record('tenant.suspend', 'success', false, 'x', 'tenant', null, null, null, null)"
    );
    let refused = app.try_as("castellan_staff", &write).await.expect_err("it is half a session");
    assert!(refused.contains("the session has ended"), "{refused}");
}

#[actix_web::test]
async fn each_step_changes_the_token_and_kills_the_one_before() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let browser = app.anonymous();
    let attacker = app.support().await;
    browser.set_cookie(SESSION, &attacker.cookie(SESSION));
    assert_eq!(browser.sign_in(&person.email, PASSWORD).await.location(), "/sign-in/factor");
    let half = browser.cookie(SESSION);
    assert_ne!(half, attacker.cookie(SESSION));
    assert_eq!(attacker.get("/account/sessions").await.status, 303, "the planted session ends with the first step");
    app.codes_are_new().await;
    assert_eq!(browser.post_form("/sign-in/factor", &[("code", &phone.code())]).await.status, 303);
    let whole = browser.cookie(SESSION);
    assert_ne!(whole, half);
    let thief = thief_with(&app, &half);
    assert_eq!(thief.get("/account/sessions").await.location(), "/sign-in?return_to=/account/sessions");

    app.codes_are_new().await;
    assert_eq!(browser.post_form("/elevation", &[("code", &phone.code())]).await.status, 303);
    assert_ne!(browser.cookie(SESSION), whole);
    let thief = thief_with(&app, &whole);
    assert_eq!(thief.get("/account/sessions").await.status, 303, "whoever stole the token is out before it counts");
    assert_eq!(browser.get("/tenants.csv").await.status, 200);
}

/// Sending the second step twice makes one session.
#[actix_web::test]
async fn half_a_session_becomes_one_session() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let browser = app.halfway(&person.email).await;
    let copy = thief_with(&app, &browser.cookie(SESSION));
    app.codes_are_new().await;
    assert_eq!(browser.post_form("/sign-in/factor", &[("code", &phone.code())]).await.status, 303);
    app.codes_are_new().await;
    let again = copy.post_form("/sign-in/factor", &[("code", &phone.code())]).await;
    assert_eq!(again.status, 401);
    assert_eq!(copy.get("/account/sessions").await.status, 303);
}

/// Whether this browser is signed in.
async fn is_in(person: &Person) -> bool {
    person.get("/account/sessions").await.status == 200
}

#[actix_web::test]
async fn signing_in_again_changes_the_token_and_kills_the_old_one() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let old = person.cookie(SESSION);
    let answer = person.sign_in(&person.email, PASSWORD).await;
    assert_eq!(answer.status, 303);
    assert_ne!(person.cookie(SESSION), old);
    assert!(is_in(&person).await);
    let thief = app.anonymous();
    thief.set_cookie(SESSION, &old);
    assert!(!is_in(&thief).await, "a token known before the sign-in is worth nothing");
    let ended = "select revoked_reason from control.sessions where revoked_at is not null";
    assert_eq!(app.texts(ended).await, ["rotated"]);
    let rotated = "select count(*) from control.sessions a join control.sessions b on a.rotated_from = b.id";
    assert_eq!(app.number(rotated).await, 1);
}

#[actix_web::test]
async fn a_token_planted_before_the_sign_in_is_replaced() {
    let app = TestApp::start().await;
    let attacker = app.admin().await;
    let (_, email) = app.staff("support").await;
    let victim = app.anonymous();
    victim.set_cookie(SESSION, &attacker.cookie(SESSION));
    assert_eq!(victim.sign_in(&email, PASSWORD).await.status, 303);
    assert_ne!(victim.cookie(SESSION), attacker.cookie(SESSION));
    assert!(!victim.get("/account/sessions").await.text().contains(&attacker.email));
    assert!(!is_in(&attacker).await, "the planted session ends with the sign-in that replaces it");
}
