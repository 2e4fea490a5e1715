//! Answers that are not of the provider that was asked, or not for the browser that asked.

use crate::support::{Forger, TestApp};

const MIX_UP: &str = "authn_provider_mix_up";

/// Two providers, of which one is the attacker's; and somebody whom the honest one knows.
struct Mixed {
    honest: Forger,
    evil: Forger,
    app: TestApp,
}

async fn mixed() -> Mixed {
    let (honest, evil) = (Forger::start(), Forger::start());
    let app = TestApp::with_providers(vec![honest.settings("honest"), evil.settings("evil")]).await;
    let founder = app.founder().await;
    app.identity(founder.id.expect("somebody"), &honest.issuer, "ada").await;
    Mixed { honest, evil, app }
}

impl Mixed {
    /// Nobody got in, and it was noted for what it is.
    async fn held(&self, why: &str) {
        let sessions = "select count(*) from control.sessions where 'oidc' = any (factors)";
        assert_eq!(self.app.number(sessions).await, 0, "{why}");
        assert_eq!(self.app.provider_trouble().await.last().map(String::as_str), Some(&*format!("{MIX_UP}: {why}")));
    }
}

#[actix_web::test]
async fn an_answer_at_the_door_of_another_provider_is_refused() {
    let mixed = mixed().await;
    let browser = mixed.app.anonymous();
    let away = browser.leave("evil").await;
    let code = mixed.honest.code_for(&away, "ada");
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*mixed.honest.issuer)];
    assert_eq!(browser.come_back("honest", &answer).await.status, 422);
    mixed.held("another provider was asked").await;
}

/// The attacker's provider hands on a code of the honest one, so that the console sends it to the attacker.
#[actix_web::test]
async fn an_answer_that_names_another_issuer_is_refused_before_its_code_is_sent() {
    let mixed = mixed().await;
    let browser = mixed.app.anonymous();
    let away = browser.leave("evil").await;
    let code = mixed.evil.code_for(&away, "ada");
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*mixed.honest.issuer)];
    assert_eq!(browser.come_back("evil", &answer).await.status, 422);
    mixed.held("the answer is of another issuer").await;
    let late = [("code", &*code), ("state", &*away.state), ("iss", &*mixed.evil.issuer)];
    assert_eq!(browser.come_back("evil", &late).await.status, 422, "it was used up");
}

#[actix_web::test]
async fn who_promises_to_name_its_issuer_has_to() {
    let mixed = mixed().await;
    let browser = mixed.app.anonymous();
    let away = browser.leave("honest").await;
    let code = mixed.honest.code_for(&away, "ada");
    assert_eq!(browser.come_back("honest", &[("code", &code), ("state", &away.state)]).await.status, 422);
    mixed.held("the answer does not name its issuer").await;
}

#[actix_web::test]
async fn who_promises_nothing_need_not_and_may_not_lie() {
    let forger = Forger::start();
    forger.is_nameless();
    let app = TestApp::with_providers(vec![forger.settings("acme")]).await;
    let founder = app.founder().await;
    app.identity(founder.id.expect("somebody"), &forger.issuer, "ada").await;
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let code = forger.code_for(&away, "ada");
    let lie = [("code", &*code), ("state", &*away.state), ("iss", "https://other.example")];
    assert_eq!(browser.come_back("acme", &lie).await.status, 422);
    let away = browser.leave("acme").await;
    let code = forger.code_for(&away, "ada");
    assert_eq!(browser.come_back("acme", &[("code", &code), ("state", &away.state)]).await.location(), "/");
}

/// A provider speaks for its own people only.
#[actix_web::test]
async fn a_token_of_another_issuer_is_refused() {
    let mixed = mixed().await;
    let browser = mixed.app.anonymous();
    let away = browser.leave("evil").await;
    let mut claims = mixed.evil.claims(&away, "ada");
    claims["iss"] = mixed.honest.issuer.clone().into();
    let code = mixed.evil.code(&away, &mixed.evil.sign(&claims));
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*mixed.evil.issuer)];
    assert_eq!(browser.come_back("evil", &answer).await.status, 422);
    mixed.held("the token is of another issuer").await;
}

/// The same subject at another provider is somebody else.
#[actix_web::test]
async fn the_same_name_at_another_provider_is_a_stranger() {
    let mixed = mixed().await;
    let page = mixed.app.anonymous().sign_in_by(&mixed.evil, "evil", "ada").await;
    assert_eq!(page.status, 422);
    assert!(page.errors()[0].contains("No account here is linked"));
    assert_eq!(mixed.app.anonymous().sign_in_by(&mixed.honest, "honest", "ada").await.location(), "/");
}

/// Somebody is made to sign in as the attacker, by a link that the attacker began.
#[actix_web::test]
async fn an_answer_for_another_browser_is_refused() {
    let mixed = mixed().await;
    let attacker = mixed.app.anonymous();
    let away = attacker.leave("honest").await;
    let code = mixed.honest.code_for(&away, "ada");
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*mixed.honest.issuer)];
    let (bare, busy) = (mixed.app.anonymous(), mixed.app.anonymous());
    busy.leave("honest").await;
    for victim in [&bare, &busy] {
        assert_eq!(victim.come_back("honest", &answer).await.status, 422);
        mixed.held("another browser was asked").await;
    }
    assert_eq!(attacker.come_back("honest", &answer).await.location(), "/", "what others tried uses nothing up");
}

#[actix_web::test]
async fn an_answer_to_link_is_for_the_session_that_asked() {
    let mixed = mixed().await;
    let (attacker, victim) = (mixed.app.support().await, mixed.app.admin().await);
    let start = attacker.get("/account/identities/start/honest").await;
    let away = crate::support::forger::Away::of(&start.link("Go to HONEST Identity"));
    let code = mixed.honest.code_for(&away, "mallory");
    let answer = [("code", &*code), ("state", &*away.state), ("iss", &*mixed.honest.issuer)];
    for other in [&victim, &mixed.app.anonymous()] {
        assert_eq!(other.come_back("honest", &answer).await.status, 422);
    }
    mixed.held("another browser was asked").await;
    assert_eq!(mixed.app.number("select count(*) from control.user_identities where subject = 'mallory'").await, 0);
}
