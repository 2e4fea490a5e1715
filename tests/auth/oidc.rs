//! Signing in with an identity provider, by one that says what it should.

use castellan::config::oidc::ProvidersFile;

use crate::support::forger::Away;
use crate::support::{CHEAP, Forger, PASSWORD, Person, SESSION, TestApp};

async fn app_with(forger: &Forger) -> TestApp {
    TestApp::with_providers(vec![forger.settings("acme")]).await
}

/// A person of the staff who has linked what they are at the provider.
async fn linked(app: &TestApp, forger: &Forger, subject: &str) -> (Person, uuid::Uuid) {
    let person = app.admin().await;
    let id = person.id.expect("somebody");
    app.identity(id, &forger.issuer, subject).await;
    (person, id)
}

#[actix_web::test]
async fn a_linked_person_signs_in_and_goes_where_they_were_going() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (_, id) = linked(&app, &forger, "ada").await;
    let browser = app.anonymous();
    let page = browser.follow(&browser.get("/tenants?status=active").await).await;
    let button = page.link("Sign in with ACME Identity");
    assert_eq!(button, "/sign-in/oidc/acme?return_to=/tenants%3Fstatus%3Dactive");
    let answer = browser.get(&button).await;
    let away = Away::of(&answer.location());
    let asked: std::collections::BTreeMap<String, String> = away.url.query_pairs().into_owned().collect();
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["client_id"], "console");
    assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
    assert_eq!(away.redirect_uri, format!("{}/sign-in/oidc/acme/callback", app.base));

    let code = forger.code_for(&away, "ada");
    let answer = browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/tenants?status=active"), "{}", answer.text());
    assert_eq!(browser.follow(&answer).await.status, 200);
    let event = app.events("session.sign_in").await.pop().expect("a sign-in");
    assert_eq!((event.actor_id, event.details["factor"].as_str()), (Some(id), Some("oidc")));
    assert_eq!(event.details["provider"], "acme");
    let kept = "select s.factors::text || ' ' || s.oidc_sid || ' ' || (i.last_used_at is not null) || ' ' || i.subject
        from control.sessions s join control.user_identities i on i.id = s.identity_id";
    assert_eq!(app.text(kept).await, "{oidc} session of the provider true ada");
    let outcome = "select outcome from control.login_attempts order by occurred_at desc, id desc limit 1";
    assert_eq!(app.text(outcome).await, "success");
}

#[actix_web::test]
async fn no_secret_of_the_way_is_left_or_shown() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    linked(&app, &forger, "ada").await;
    let browser = app.anonymous();
    let answer = browser.sign_in_by(&forger, "acme", "ada").await;
    assert_eq!(answer.status, 303);
    assert_eq!(app.text("select state from control.ceremonies").await, "{}");
    let events = app.text("select string_agg(row_to_json(e)::text, '') from audit.events e").await;
    assert!(!events.contains("verifier") && !events.contains("nonce") && !events.contains("id_token"));
}

#[actix_web::test]
async fn who_has_a_second_factor_is_asked_for_it() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (person, _) = linked(&app, &forger, "ada").await;
    let phone = app.add_totp(&person).await;
    let browser = app.anonymous();
    let answer = browser.sign_in_by(&forger, "acme", "ada").await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/sign-in/factor"));
    assert_eq!(browser.get("/tenants").await.status, 303, "half a session opens nothing");
    app.codes_are_new().await;
    assert_eq!(browser.post_form("/sign-in/factor", &[("code", &phone.code())]).await.location(), "/");
    let kept = "select factors::text || ' ' || oidc_sid || ' ' || (identity_id is not null) from control.sessions
        where revoked_at is null and 'totp' = any (factors)";
    assert_eq!(
        app.text(kept).await,
        "{oidc,totp} session of the provider true",
        "a logout finds the whole session, too"
    );
}

#[actix_web::test]
async fn a_provider_may_stand_for_the_second_factor() {
    let forger = Forger::start();
    let mut settings = forger.settings("acme");
    settings.second_factor_by_provider = true;
    let app = TestApp::with_providers(vec![settings]).await;
    let (person, _) = linked(&app, &forger, "ada").await;
    app.add_totp(&person).await;
    for (claim, value, location) in [
        ("amr", serde_json::json!(["pwd"]), "/sign-in/factor"),
        ("amr", serde_json::json!(["pwd", "mfa"]), "/"),
        ("acr", serde_json::json!("phr"), "/"),
        ("acr", serde_json::json!("0"), "/sign-in/factor"),
    ] {
        let browser = app.anonymous();
        let away = browser.leave("acme").await;
        let mut claims = forger.claims(&away, "ada");
        claims[claim] = value.clone();
        let code = forger.code(&away, &forger.sign(&claims));
        let answer =
            browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
        assert_eq!((answer.status, answer.location().as_str()), (303, location), "{claim} {value}");
    }
}

/// Who has nothing else is not sent to add a factor of ours.
#[actix_web::test]
async fn behind_https_the_provider_s_second_factor_is_one_where_the_settings_say_so() {
    let forger = Forger::start();
    for (counts, status) in [(true, 200), (false, 303)] {
        let mut settings = forger.settings("acme");
        settings.second_factor_by_provider = counts;
        let app = TestApp::configured(CHEAP, |config| {
            config.oidc = Some(ProvidersFile { providers: vec![settings] });
            config.public_url = Some("https://console.example.com".into());
        });
        let app = app.await;
        let (id, _) = app.staff("admin").await;
        app.identity(id, &forger.issuer, "ada").await;
        let browser = app.anonymous();
        let answer = browser.get("/sign-in/oidc/acme").await;
        let cookie = answer.set_cookies().into_iter().find(|cookie| cookie.starts_with("__Host-castellan-oidc="));
        let cookie = cookie.expect("the browser is marked");
        for part in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/;"] {
            assert!(format!("{cookie};").contains(part), "{part}: {cookie}");
        }
        let away = Away::of(&answer.location());
        assert_eq!(away.redirect_uri, "https://console.example.com/sign-in/oidc/acme/callback");
        let mut claims = forger.claims(&away, "ada");
        claims["amr"] = serde_json::json!(["mfa"]);
        let code = forger.code(&away, &forger.sign(&claims));
        browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
        let page = browser.get("/tenants").await;
        assert_eq!(page.status, status, "{}", page.location());
        assert_eq!(page.location(), if counts { "" } else { "/account/factors" });
    }
}

/// Its word counts for as much as ours says, and no more.
#[actix_web::test]
async fn without_the_setting_the_provider_s_second_factor_is_none() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (person, _) = linked(&app, &forger, "ada").await;
    app.add_totp(&person).await;
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let mut claims = forger.claims(&away, "ada");
    claims["amr"] = serde_json::json!(["mfa"]);
    let code = forger.code(&away, &forger.sign(&claims));
    let answer = browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
    assert_eq!(answer.location(), "/sign-in/factor");
}

/// An address is given to somebody else one day, or is never checked by a provider.
#[actix_web::test]
async fn the_same_address_opens_nothing() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (_, email) = app.staff("founder").await;
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let mut claims = forger.claims(&away, "mallory");
    claims["email"] = email.clone().into();
    claims["email_verified"] = true.into();
    claims["preferred_username"] = email.clone().into();
    let code = forger.code(&away, &forger.sign(&claims));
    let page = browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
    assert_eq!((page.status, page.title().as_str()), (422, "Sign in"));
    assert!(page.errors()[0].contains("No account here is linked"), "{:?}", page.errors());
    assert_eq!(browser.get("/").await.status, 303);
    assert_eq!(browser.cookie(SESSION), "");
    assert_eq!(app.number("select count(*) from control.sessions").await, 0);
    assert_eq!(app.number("select count(*) from control.user_identities").await, 0);
    assert_eq!(app.text("select outcome from control.login_attempts").await, "unknown_account");
}

#[actix_web::test]
async fn who_may_not_sign_in_hears_what_strangers_hear() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let (_, id) = linked(&app, &forger, "ada").await;
    app.anonymous().sign_in_by(&forger, "acme", "nobody").await;
    let stranger = app.anonymous().sign_in_by(&forger, "acme", "nobody").await;
    for change in ["status = 'suspended'", "status = 'deactivated'", "status = 'active', is_staff = false"] {
        app.execute(&format!("update control.users set {change} where id = '{id}'")).await;
        let page = app.anonymous().sign_in_by(&forger, "acme", "ada").await;
        assert_eq!((page.status, page.errors()), (stranger.status, stranger.errors()), "{change}");
    }
    app.execute(&format!("update control.users set is_staff = true where id = '{id}'")).await;
    app.execute("update control.user_identities set revoked_at = now()").await;
    let page = app.anonymous().sign_in_by(&forger, "acme", "ada").await;
    assert_eq!((page.status, page.errors()), (stranger.status, stranger.errors()), "unlinked");
}

#[actix_web::test]
async fn strangers_who_try_often_make_their_network_wait() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    for _ in 0..20 {
        assert_eq!(app.anonymous().sign_in_by(&forger, "acme", "nobody").await.status, 422);
    }
    let page = app.anonymous().get("/sign-in/oidc/acme?return_to=/jobs").await;
    assert_eq!((page.status, page.header("retry-after").is_empty()), (429, false));
    assert_eq!(page.value("return_to"), "/jobs");
}

/// Each of them is a row that nobody signed in for.
#[actix_web::test]
async fn a_network_may_not_fill_the_table() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    for _ in 0..30 {
        app.anonymous().leave("acme").await;
    }
    assert_eq!(app.anonymous().get("/sign-in/oidc/acme").await.status, 429);
    app.execute("update control.ceremonies set created_at = created_at - interval '2 minutes'").await;
    app.anonymous().leave("acme").await;
    app.execute("update control.ceremonies set created_at = created_at - interval '1 hour', expires_at = now()").await;
    app.anonymous().leave("acme").await;
    assert_eq!(app.number("select count(*) from control.ceremonies").await, 1, "what nobody answered goes");
}

#[actix_web::test]
async fn a_provider_that_is_down_takes_its_own_button_and_nothing_else() {
    let forger = Forger::start();
    let mut gone = forger.settings("gone");
    gone.issuer = "http://127.0.0.1:1".into();
    let app = TestApp::with_providers(vec![forger.settings("acme"), gone]).await;
    let (person, _) = linked(&app, &forger, "ada").await;
    let browser = app.anonymous();
    assert_eq!(browser.get("/sign-in").await.texts(".providers a").len(), 2);
    let page = browser.get("/sign-in/oidc/gone?return_to=/jobs").await;
    assert_eq!((page.status, page.value("return_to").as_str()), (503, "/jobs"));
    assert!(page.errors()[0].contains("GONE Identity cannot be reached"), "{:?}", page.errors());
    assert_eq!(app.provider_trouble().await, Vec::<String>::new(), "nobody attacks");

    let away = browser.leave("acme").await;
    let code = forger.code_for(&away, "ada");
    forger.is_down(true);
    let page = browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
    assert_eq!(page.status, 503);
    assert_eq!(app.provider_trouble().await, Vec::<String>::new(), "nor now");
    assert_eq!(browser.sign_in(&person.email, PASSWORD).await.status, 303, "a password goes on");
    forger.is_down(false);
    assert_eq!(app.anonymous().sign_in_by(&forger, "acme", "ada").await.location(), "/");
}

#[actix_web::test]
async fn new_keys_are_fetched_once_and_then_not_for_a_while() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    linked(&app, &forger, "ada").await;
    assert_eq!(app.anonymous().sign_in_by(&forger, "acme", "ada").await.location(), "/");
    assert_eq!(app.anonymous().sign_in_by(&forger, "acme", "ada").await.location(), "/");
    assert_eq!(forger.keys_fetched(), 1, "metadata and keys are kept");
    forger.rotate();
    assert_eq!(app.anonymous().sign_in_by(&forger, "acme", "ada").await.location(), "/", "a new key is asked for");
    assert_eq!(forger.keys_fetched(), 2);
    forger.rotate();
    for _ in 0..3 {
        assert_eq!(app.anonymous().sign_in_by(&forger, "acme", "ada").await.status, 422);
    }
    assert_eq!(forger.keys_fetched(), 2, "unknown keys do not make us ask again and again");
}

#[actix_web::test]
async fn who_says_no_at_the_provider_is_back_where_they_were() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let browser = app.anonymous();
    let away = browser.leave("acme").await;
    let answer = [("error", "access_denied"), ("state", &*away.state), ("iss", &*forger.issuer)];
    let page = browser.come_back("acme", &answer).await;
    assert_eq!((page.status, page.title().as_str()), (422, "Sign in"));
    assert!(page.errors()[0].contains("did not sign you in"));
    assert_eq!(app.provider_trouble().await, Vec::<String>::new());
}

#[actix_web::test]
async fn odd_addresses_are_answered_calmly() {
    let forger = Forger::start();
    let app = app_with(&forger).await;
    let browser = app.anonymous();
    for path in ["/sign-in/oidc/other", "/sign-in/oidc/other/callback?state=1", "/sign-in/oidc/ACME"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    for query in ["", "?state=x", "?state=1&state=2", "?code=1", "?state=019a0000-0000-7000-8000-000000000000&code=%00"]
    {
        assert_eq!(browser.get(&format!("/sign-in/oidc/acme/callback{query}")).await.status, 422, "{query}");
    }
    let away = Away::of(&browser.get("/sign-in/oidc/acme?return_to=https://evil.example").await.location());
    let founder = app.founder().await;
    app.identity(founder.id.expect("somebody"), &forger.issuer, "ada").await;
    let code = forger.code_for(&away, "ada");
    let answer = browser.come_back("acme", &[("code", &code), ("state", &away.state), ("iss", &forger.issuer)]).await;
    assert_eq!(answer.location(), "/", "other sites are no place to go back to");
}
