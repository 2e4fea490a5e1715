//! Recovery codes: ten, shown once, each good once.

use crate::support::TestApp;

#[actix_web::test]
async fn ten_codes_are_shown_once_and_stored_as_hashes() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let refused = person.post_form("/account/factors/recovery-codes", &[]).await;
    assert_eq!(refused.status, 409, "they stand in for a factor, and there is none");
    app.add_totp(&person).await;
    let codes = app.recovery_codes(&person).await;
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.replace('-', "").len() * 5 >= 128), "{codes:?}");
    let page = person.get("/account/factors").await;
    assert!(page.text().contains("<b>10</b> are left"), "{}", page.text());
    let everything = ["control.user_credentials", "audit.changes", "audit.events", "control.outbox"];
    for table in everything {
        let rows = app.texts(&format!("select to_jsonb(t) from {table} t")).await.join("\n");
        for code in &codes {
            assert!(!rows.contains(code) && !rows.contains(&code.replace('-', "")), "a code is in {table}");
        }
        assert!(!page.text().contains(&codes[0]));
    }
}

#[actix_web::test]
async fn a_code_signs_in_once_however_it_is_typed_and_the_owner_is_told() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    app.add_totp(&person).await;
    let codes = app.recovery_codes(&person).await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    let browser = app.halfway(&person.email).await;
    assert_eq!(browser.post_form("/sign-in/factor", &[("code", &typed)]).await.status, 303);
    let page = browser.get("/account/factors").await;
    assert!(page.text().contains("<b>9</b> are left"), "{}", page.text());
    let mail =
        app.text("select payload ->> 'text' from control.outbox where subject = 'A recovery code was used'").await;
    assert!(mail.contains("9 are left"), "{mail}");
    let given = app.text("select factors from control.sessions order by created_at desc limit 1").await;
    assert_eq!(given, "{password,recovery_code}");

    let again = app.halfway(&person.email).await;
    let refused = again.post_form("/sign-in/factor", &[("code", &codes[3])]).await;
    assert_eq!((refused.status, refused.field_error("code").as_str()), (422, "does not fit, or was used already"));
}

#[actix_web::test]
async fn new_codes_end_the_old_ones_and_somebody_elses_are_worth_nothing() {
    let app = TestApp::start().await;
    let (person, other) = (app.admin().await, app.admin().await);
    app.add_totp(&person).await;
    app.add_totp(&other).await;
    let old = app.recovery_codes(&person).await;
    let new = app.recovery_codes(&person).await;
    let theirs = app.recovery_codes(&other).await;
    let browser = app.halfway(&person.email).await;
    for wrong in [&old[0], &theirs[0]] {
        assert_eq!(browser.post_form("/sign-in/factor", &[("code", wrong)]).await.status, 422);
    }
    assert_eq!(browser.post_form("/sign-in/factor", &[("code", &new[0])]).await.status, 303);
    assert!(browser.get("/account/factors").await.text().contains("<b>9</b> are left"));
}
