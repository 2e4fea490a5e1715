//! Tokens that a provider did not sign, or not for this: the algorithm `none`, a shared secret, another key, another
//! audience, an old one.

use serde_json::{Value, json};

use crate::support::forger::{Away, CLIENT_SECRET, signed_with_shared, unsigned};
use crate::support::{Forger, Person, TestApp};

async fn prepared(forger: &Forger) -> TestApp {
    let app = TestApp::with_providers(vec![forger.settings("acme")]).await;
    let founder = app.founder().await;
    app.identity(founder.id.expect("somebody"), &forger.issuer, "ada").await;
    app
}

/// Comes back with a code that is worth whatever is made of sound claims. Returns what it was taken for.
async fn tried(app: &TestApp, forger: &Forger, make: impl FnOnce(&Away, Value) -> String) -> String {
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let token = make(&away, forger.claims(&away, "ada"));
    let code = forger.code(&away, &token);
    let page = browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
    if page.status == 303 {
        return "signed in".into();
    }
    assert_eq!((page.status, page.title().as_str()), (422, "Sign in"), "{}", page.text());
    let sessions = "select count(*) from control.sessions where 'oidc' = any (factors)";
    assert_eq!(app.number(sessions).await, 0);
    forget_failures(app).await;
    app.provider_trouble().await.pop().unwrap_or_default()
}

/// Twenty failures would make the network wait.
async fn forget_failures(app: &TestApp) {
    assert_eq!(
        app.text("select distinct outcome from control.login_attempts where user_id is null").await,
        "wrong_token"
    );
    app.execute("delete from control.login_attempts where user_id is null").await;
}

fn bad(why: &str) -> String {
    format!("authn_provider_token_fail: {why}")
}

#[actix_web::test]
async fn only_the_provider_s_own_key_signs() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    let other = Forger::start();
    let way = bad("signed in a way that is not taken");
    let none = tried(&app, &forger, |_, claims| unsigned(&claims)).await;
    assert!(none.starts_with("authn_provider_token_fail: "), "{none}");
    assert_eq!(tried(&app, &forger, |_, claims| signed_with_shared(CLIENT_SECRET.as_bytes(), &claims)).await, way);
    let public = forger.public_key();
    for key in [public.to_string(), public["x"].as_str().unwrap_or_default().to_owned()] {
        assert_eq!(tried(&app, &forger, |_, claims| signed_with_shared(key.as_bytes(), &claims)).await, way);
    }
    assert_eq!(tried(&app, &forger, |_, claims| other.sign(&claims)).await, bad("signed with an unknown key"));
    let stolen_name = json!({ "alg": "ES256", "kid": public["kid"] });
    let forged = tried(&app, &forger, |_, claims| other.sign_as(&stolen_name, &claims)).await;
    assert_eq!(forged, bad("the signature does not fit"));
    // A header may not say where its key is.
    let brought = json!({ "alg": "ES256", "jwk": other.public_key(), "jku": format!("{}/keys", other.issuer) });
    assert_eq!(
        tried(&app, &forger, |_, claims| other.sign_as(&brought, &claims)).await,
        bad("the signature does not fit")
    );
    assert_eq!(other.keys_fetched(), 0);
    let cut =
        tried(&app, &forger, |_, claims| forger.sign(&claims).rsplit_once('.').expect("parts").0.to_owned() + ".");
    assert!(cut.await.starts_with("authn_provider_token_fail: "));
    assert_eq!(tried(&app, &forger, |_, claims| forger.sign(&claims)).await, "signed in", "and a sound one works");
}

#[actix_web::test]
async fn what_a_token_says_has_to_fit() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    let now = jiff::Timestamp::now().as_second();
    let cases = [
        ("aud", json!("somebody else"), "another audience"),
        ("aud", json!(["console", "somebody else"]), "another audience"),
        ("aud", json!([]), "another audience"),
        ("exp", json!(now - 1), "expired"),
        ("nonce", json!("another"), "another nonce"),
        ("nonce", Value::Null, "another nonce"),
        ("azp", json!("somebody else"), "the token is for another party"),
        ("iat", json!(now + 600), "the token is from the future"),
        ("sub", json!(""), "the token's subject or session is no such thing"),
        ("sub", json!("x".repeat(256)), "the token's subject or session is no such thing"),
        ("sid", json!("x".repeat(256)), "the token's subject or session is no such thing"),
    ];
    for (claim, value, why) in cases {
        let said = tried(&app, &forger, |_, mut claims| {
            claims[claim] = value.clone();
            if value.is_null() {
                claims.as_object_mut().expect("claims").remove(claim);
            }
            forger.sign(&claims)
        });
        assert_eq!(said.await, bad(why), "{claim} {value}");
    }
    for missing in ["iss", "sub", "aud", "exp", "iat"] {
        let said = tried(&app, &forger, |_, mut claims| {
            claims.as_object_mut().expect("claims").remove(missing);
            forger.sign(&claims)
        });
        let said = said.await;
        assert!(said.starts_with("authn_provider_"), "without {missing}: {said}");
    }
}

/// A logout says who somebody is, too, and is signed with the same key.
#[actix_web::test]
async fn a_logout_is_no_sign_in() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    let header = json!({ "alg": "ES256", "typ": "logout+jwt", "kid": forger.public_key()["kid"] });
    let said = tried(&app, &forger, |_, claims| forger.sign_as(&header, &claims)).await;
    assert_eq!(said, bad("the token cannot be taken"));
}

#[actix_web::test]
async fn nothing_at_all_and_nonsense_are_no_tokens() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    for nonsense in ["", ".", "..", "a.b.c", "e30.e30.", "ÿ"] {
        let said = tried(&app, &forger, |_, _| nonsense.to_owned()).await;
        assert!(said.starts_with("authn_provider_token_fail: "), "{nonsense}: {said}");
    }
}

/// A browser shows nothing of what the provider gave.
#[actix_web::test]
async fn tokens_never_reach_a_browser() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    let browser: Person = app.anonymous();
    let away = browser.leave("acme").await;
    let token = forger.sign(&forger.claims(&away, "ada"));
    let code = forger.code(&away, &token);
    let answer = browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
    let signature = token.rsplit('.').next().expect("a signature");
    let headers = format!("{:?}", answer.headers);
    assert!(!answer.text().contains(signature) && !headers.contains(signature) && !headers.contains(&away.nonce));
    let stored = "select string_agg(row_to_json(s)::text, '') from control.sessions s";
    assert!(!app.text(stored).await.contains(signature));
}
