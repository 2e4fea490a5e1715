//! Codes and answers of identity providers that are used again.

use crate::support::{Forger, TestApp, skipped};

const REPLAY: &str = "authn_provider_replay: an answer that came before";

async fn prepared(forger: &Forger) -> TestApp {
    let app = TestApp::with_providers(vec![forger.settings("acme")]).await;
    let founder = app.founder().await;
    app.identity(founder.id.expect("somebody"), &forger.issuer, "ada").await;
    app
}

const SESSIONS: &str = "select count(*) from control.sessions where 'oidc' = any (factors)";

#[actix_web::test]
async fn an_answer_counts_once() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let code = forger.code_for(&away, "ada");
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*forger.issuer)];
    assert_eq!(browser.come_back("acme", &answer).await.location(), "/");
    let again = browser.come_back("acme", &answer).await;
    assert_eq!((again.status, again.errors().len()), (422, 1));
    let fresh = forger.code_for(&away, "ada");
    let answer = [("code", &*fresh), ("state", &*away.state), ("iss", &*forger.issuer)];
    assert_eq!(browser.come_back("acme", &answer).await.status, 422, "not with another code either");
    assert_eq!(app.provider_trouble().await, [REPLAY, REPLAY]);
    assert_eq!(app.number(SESSIONS).await, 1);
    assert_eq!(browser.get("/account/sessions").await.status, 200, "who came first stays");
}

#[actix_web::test]
async fn a_code_counts_once_and_for_who_asked() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    let (browser, thief) = (app.anonymous(), app.anonymous());
    let away = browser.leave("acme").await;
    let code = forger.code_for(&away, "ada");
    // Without the verifier, a stolen code is worth nothing: the thief's own question has another.
    let theirs = thief.leave("acme").await;
    let stolen = [("code", &*code), ("state", &*theirs.state), ("iss", &*forger.issuer)];
    assert_eq!(thief.come_back("acme", &stolen).await.status, 422);
    let code = forger.code_for(&away, "ada");
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*forger.issuer)];
    assert_eq!(browser.come_back("acme", &answer).await.location(), "/");
    let again = thief.leave("acme").await;
    let used = [("code", &*code), ("state", &*again.state), ("iss", &*forger.issuer)];
    assert_eq!(thief.come_back("acme", &used).await.status, 422);
    assert_eq!(app.number(SESSIONS).await, 1);
    let noted = app.provider_trouble().await;
    assert!(
        noted.len() == 2 && noted.iter().all(|one| one.contains("a code that the provider does not take")),
        "{noted:?}"
    );
}

#[actix_web::test]
async fn a_token_of_an_earlier_sign_in_is_worth_nothing() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    let (browser, thief) = (app.anonymous(), app.anonymous());
    let away = browser.leave("acme").await;
    let token = forger.sign(&forger.claims(&away, "ada"));
    let code = forger.code(&away, &token);
    browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
    let theirs = thief.leave("acme").await;
    let code = forger.code(&theirs, &token);
    let answer = [("code", &*code), ("state", &*theirs.state), ("iss", &*forger.issuer)];
    assert_eq!(thief.come_back("acme", &answer).await.status, 422);
    assert_eq!(app.provider_trouble().await, ["authn_provider_token_fail: another nonce"]);
}

#[actix_web::test]
async fn an_answer_that_takes_too_long_is_none() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    app.execute("update control.ceremonies set created_at = created_at - interval '1 hour', expires_at = now()").await;
    let code = forger.code_for(&away, "ada");
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*forger.issuer)];
    assert_eq!(browser.come_back("acme", &answer).await.status, 422);
    assert_eq!(app.number(SESSIONS).await, 0);
}

/// Of many that come at the same moment one gets in.
#[actix_web::test]
async fn of_twenty_at_once_one_counts() {
    let forger = Forger::start();
    let app = prepared(&forger).await;
    if !app.database.is_server() {
        return skipped("two connections at once need TEST_DATABASE_URL, for the embedded engine has one");
    }
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let code = forger.code_for(&away, "ada");
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*forger.issuer)];
    let tries = (0..20).map(|_| browser.come_back("acme", &answer));
    let pages = futures_util::future::join_all(tries).await;
    assert_eq!(pages.iter().filter(|page| page.status == 303).count(), 1);
    assert!(pages.iter().all(|page| page.status == 303 || page.status == 422));
    assert_eq!(app.number(SESSIONS).await, 1);
}
