//! Adding an authenticator app, and what is kept of it.

use crate::support::{Authenticator, TestApp};

const NEW: &str = "/account/factors/totp/new";

#[actix_web::test]
async fn an_app_is_added_by_picture_or_key_and_confirmed_by_a_code() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let page = person.get(NEW).await;
    let picture = page.attributes("main img", "src").remove(0);
    assert!(picture.starts_with("data:image/svg+xml;base64,"), "{picture}");
    let phone = Authenticator::reading(&page);
    let form = page.form().with("label", "My phone");

    let wrong = person.submit(&form.clone().with("code", &phone.wrong_code())).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.field_error("code").contains("does not fit"), "{:?}", wrong.errors());
    assert_eq!(Authenticator::reading(&wrong).key(), phone.key(), "the same picture is shown again");
    assert_eq!(wrong.value("label"), "My phone");
    assert_eq!(app.number("select count(*) from control.user_credentials where kind = 'totp'").await, 0);

    let spaced = format!("{} {}", &phone.code()[..3], &phone.code()[3..]);
    let answer = person.submit(&wrong.form().with("code", &spaced)).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/account/factors/recovery-codes/new"));
    let page = person.get("/account/factors").await;
    assert_eq!(page.rows()[0][..2], ["My phone", "Authenticator app"]);
    let id = person.id.expect("somebody");
    assert_eq!(app.text(&format!("select mfa_enabled from control.users where id = '{id}'")).await, "true");
    let event = app.event("factor.add").await;
    assert_eq!((event.actor_id, event.of("user_credentials").len(), event.of("users").len()), (person.id, 1, 1));
    assert_eq!(
        app.text("select recipient || ': ' || subject from control.outbox").await,
        format!("{}: A second factor was added to your account", person.email)
    );
}

#[actix_web::test]
async fn a_seed_is_readable_nowhere() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let secret = totp_rs::Secret::try_from_base32(phone.key()).expect("a key");
    let hex: String = secret.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    for table in
        ["control.user_credentials", "control.idempotency_keys", "audit.events", "audit.changes", "control.outbox"]
    {
        let rows = app.texts(&format!("select to_jsonb(t) from {table} t")).await.join("\n").to_lowercase();
        assert!(!rows.contains(&phone.key().to_lowercase()) && !rows.contains(&hex), "the key is in {table}");
    }
    let changed = app.event("factor.add").await;
    assert_eq!(changed.of("user_credentials")[0].after["parameters"], "secret, changed");
}

/// What is sealed belongs to one credential, so that a copied row opens nothing.
#[actix_web::test]
async fn a_seed_in_another_place_opens_nothing() {
    let app = TestApp::start().await;
    let (victim, thief) = (app.admin().await, app.admin().await);
    app.add_totp(&victim).await;
    let phone = app.add_totp(&thief).await;
    let (victim_id, thief_id) = (victim.id.expect("somebody"), thief.id.expect("somebody"));
    app.execute(&format!(
        "update control.user_credentials set last_step = 0, parameters =
            (select parameters from control.user_credentials where user_id = '{thief_id}' and kind = 'totp')
        where user_id = '{victim_id}' and kind = 'totp'"
    ))
    .await;
    let halfway = app.halfway(&victim.email).await;
    assert_eq!(halfway.post_form("/sign-in/factor", &[("code", &phone.code())]).await.status, 422);
}

#[actix_web::test]
async fn a_page_of_another_session_is_refused() {
    let app = TestApp::start().await;
    let (person, other) = (app.admin().await, app.admin().await);
    let page = person.get(NEW).await;
    let phone = Authenticator::reading(&page);
    for seed in [page.value("seed").as_str(), "", "nonsense", "AAAA"] {
        let code = phone.code();
        let fields = [("seed", seed), ("label", "x"), ("code", code.as_str())];
        let answer = other.post_form("/account/factors/totp", &fields).await;
        assert_eq!(answer.status, 422);
        assert!(answer.errors()[0].contains("another session"), "{:?}", answer.errors());
    }
    assert_eq!(app.number("select count(*) from control.user_credentials where kind = 'totp'").await, 0);
}

#[actix_web::test]
async fn clocks_may_differ_by_one_step_and_a_code_is_used_once() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let phone = app.add_totp(&person).await;
    let used = app.halfway(&person.email).await;
    let page = used.post_form("/sign-in/factor", &[("code", &phone.code())]).await;
    assert_eq!(page.status, 422, "the code that confirmed the app was used with it");
    for (steps, status) in [(-1, 303), (0, 303), (1, 303), (3, 422), (-3, 422)] {
        app.codes_are_new().await;
        let person = app.halfway(&person.email).await;
        let answer = person.post_form("/sign-in/factor", &[("code", &phone.code_in(steps))]).await;
        assert_eq!(answer.status, status, "{steps} steps away");
    }
}
