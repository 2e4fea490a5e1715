//! What nobody gets out of a delegation: more than was given, for longer, or to hand on.

use uuid::Uuid;

use super::{act, begin, hand_over};
use crate::support::{Page, Person, SESSION, TestApp};

/// Everything that a session under a delegation may not do.
async fn is_over(person: &Person, why: &str) {
    for path in ["/", "/tenants", "/account/sessions", "/account/delegations", "/elevation"] {
        let page = person.get(path).await;
        assert_eq!(page.status, 403, "{why}: {path}");
        assert!(page.texts("aside.acting").join(" ").contains("Go on as yourself"), "{why}: {path}");
    }
    assert_eq!(person.get("/tenants.csv").await.status, 403, "{why}");
}

async fn refusals(app: &TestApp, why: &str) -> i64 {
    app.number(&format!(
        "select count(*) from audit.security_events where kind = 'authz_fail' and details ->> 'why' = '{why}'"
    ))
    .await
}

#[actix_web::test]
async fn nothing_outlives_it() {
    let app = TestApp::start().await;
    let tenant = app.tenant("northwind").await;
    for (why, set) in [
        ("expired", "delegations set starts_at = now() - interval '3 days', ends_at = now()"),
        ("revoked", "delegations set revoked_at = now()"),
        ("not begun", "delegations set starts_at = now() + interval '1 day'"),
        (
            "somebody else's",
            "delegations set delegate_user_id = (select id from control.users where email = 'founder@example.com')",
        ),
        ("grantor suspended", "users set status = 'suspended'"),
        ("grantor no staff", "users set is_staff = false"),
        ("grantor deleted", "users set deleted_at = now()"),
    ] {
        let (ada, bob) = (app.founder().await, app.person_with(&[]).await);
        let id = hand_over(&app, &ada, &bob, &["tenants.view", "tenants.suspend", "tenants.export"]).await;
        assert_eq!(begin(&bob, id).await.status, 303, "{why}");
        app.elevate(&bob).await;
        let form = bob.get(&format!("/tenants/{tenant}/suspension/new")).await.form();
        let form = form.with("reason", "because").with("confirm", "northwind");
        let row = if set.starts_with("users") { ada.id.unwrap() } else { id };
        app.execute(&format!("update control.{set} where id = '{row}'")).await;
        assert_eq!(bob.submit(&form).await.status, 403, "{why}: a form that was open");
        assert_eq!(bob.post_form("/account/password", &[]).await.status, 403, "{why}");
        is_over(&bob, why).await;
        assert_eq!(bob.post_form("/acting/end", &[]).await.status, 303, "{why}: the way back is open");
        assert_eq!(bob.get("/account/sessions").await.status, 200, "{why}");
    }
    assert_eq!(app.events("tenant.suspend").await.len(), 0);
    assert!(refusals(&app, "acting for somebody else is over").await > 0);
}

#[actix_web::test]
async fn a_change_on_its_way_is_refused_when_it_ends() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.founder().await, app.person_with(&[]).await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    begin(&bob, id).await;
    let session = app.text("select id from control.sessions where delegation_id is not null").await;
    let inside = format!(
        "set local castellan.actor_kind = 'person'; set local castellan.actor_id = '{}';
        set local castellan.session_id = '{session}'; set local castellan.delegation_id = '{id}'",
        bob.id.unwrap()
    );
    let record = |action: &str, is_read: bool| {
        format!("select audit.record('{action}', 'success', {is_read}, null, 'tenant', null, null, null, '{{}}')")
    };
    let changed = record("tenant.update", false);
    assert!(app.texts_as("castellan_staff", &inside, &changed).await.is_ok());
    app.execute("update control.delegations set revoked_at = now()").await;
    let refused = app.texts_as("castellan_staff", &inside, &changed).await.expect_err("it is over");
    assert!(refused.contains("acting for somebody else is over"), "{refused}");
    for open in ["session.stop_acting", "session.sign_out"] {
        assert!(app.texts_as("castellan_auth", &inside, &record(open, false)).await.is_ok(), "{open}");
    }
}

#[actix_web::test]
async fn nobody_hands_on_what_was_handed_to_them() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.founder().await, app.founder().await, app.person_with(&[]).await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view", "access.view"]).await;
    let other = hand_over(&app, &eve, &bob, &["tenants.view"]).await;
    begin(&bob, id).await;
    app.elevate(&bob).await;
    let before = app.number("select count(*) from control.delegations").await;
    for path in [
        "/account/delegations",
        "/account/delegations/new",
        "/account/tokens",
        "/account/tokens/new",
        "/account/factors",
        "/account/password",
        "/account/sessions",
    ] {
        assert_eq!(bob.get(path).await.status, 403, "{path}");
    }
    let scope = [("email", eve.email.as_str()), ("action_scope", "tenants.view"), ("ends_at", "2999-01-01")];
    for (path, fields) in [
        ("/account/delegations".to_owned(), &scope[..]),
        (format!("/account/delegations/{other}/acting"), &[]),
        (format!("/account/delegations/{id}/acting"), &[]),
        (format!("/account/delegations/{id}/revocation"), &[("reason", "x")]),
        (format!("/delegations/{other}/revocation"), &[("reason", "x")]),
        ("/account/tokens".into(), &[("name", "x")]),
        ("/account/password".into(), &[("new_password", "x")]),
        ("/account/factors/totp".into(), &[("code", "123456")]),
        ("/account/factors/recovery-codes".into(), &[]),
        ("/assignments".into(), &[("email", "x")]),
        ("/people".into(), &[("email", "x")]),
    ] {
        let page = bob.post_form(&path, fields).await;
        assert_eq!(page.status, 403, "{path}: {}", page.message());
    }
    assert_eq!(app.number("select count(*) from control.delegations").await, before);
    assert!(refusals(&app, "only as oneself").await > 0);
    let acting = app.text("select delegation_id from control.sessions where delegation_id is not null").await;
    assert_eq!(acting, id.to_string(), "and it is the same as before");
}

#[actix_web::test]
async fn nobody_hands_out_more_than_they_hold_nor_what_would_last() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person_with(&["tenants.view", "access.manage"]).await, app.person_with(&[]).await);
    let form = ada.get("/account/delegations/new").await.form().with("email", &bob.email).with("reason", "x");
    let form = form.with("ends_at", &super::delegations::day(3));
    for foreign in ["tenants.manage", "access.manage", "*", "tenants.view,tenants.manage", "", "account.delegate", "\0"]
    {
        for more in [None, Some("tenants.view")] {
            let mut form = form.clone();
            form.fields.push(("action_scope".into(), foreign.into()));
            form.fields.extend(more.map(|name| ("action_scope".into(), name.into())));
            let page = ada.submit(&form).await;
            assert_eq!(page.status, 422, "{foreign:?}");
            assert!(!page.field_error("action_scope").is_empty(), "{foreign:?}: {:?}", page.errors());
        }
    }
    let noted = "select count(*) from audit.security_events where kind = 'input_validation_discrete_fail'";
    assert_eq!(app.number(noted).await, 14);
    assert_eq!(app.number("select count(*) from control.delegations").await, 0);
    for (hidden, value) in
        [("grantor_user_id", bob.id.unwrap().to_string()), ("times_used", "9".into()), ("revoked_at", "now".into())]
    {
        let mut form = form.clone().with(hidden, &value).with("idempotency_key", &Uuid::new_v4().to_string());
        form.fields.push(("action_scope".into(), "tenants.view".into()));
        super::confirm(&ada, &form).await;
    }
    let grantors = app.texts("select distinct grantor_user_id || ' ' || times_used from control.delegations").await;
    assert_eq!(grantors, [format!("{} 0", ada.id.unwrap())], "unknown fields are nothing");

    // Not even when the row says so.
    let founder = app.founder().await;
    let id = hand_over(&app, &founder, &bob, &["access.manage", "access.view", "tenants.view"]).await;
    let founders = app.number("select control.lasting_founders()").await;
    assert_eq!(begin(&bob, id).await.status, 303);
    app.elevate(&bob).await;
    assert_eq!(bob.get("/people").await.status, 200);
    assert_eq!(bob.get("/people/new").await.status, 403);
    assert_eq!(app.number("select control.lasting_founders()").await, founders, "who acts for a founder is none");
}

#[actix_web::test]
async fn delegations_of_others_are_not_there() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.founder().await, app.support().await, app.person_with(&[]).await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    for path in ["", "/revocation/new"] {
        assert_eq!(eve.get(&format!("/account/delegations/{id}{path}")).await.status, 404, "{path}");
    }
    assert_eq!(eve.post_form(&format!("/account/delegations/{id}/revocation"), &[("reason", "x")]).await.status, 404);
    assert_eq!(begin(&eve, id).await.status, 404);
    assert_eq!(refusals(&app, "outside of their scope").await, 4);
    assert_eq!(begin(&eve, Uuid::now_v7()).await.status, 404, "what is nothing is no event");
    assert_eq!(refusals(&app, "outside of their scope").await, 4);
    assert_eq!(begin(&ada, id).await.status, 409, "nobody acts for themselves");
    for set in [
        "starts_at = now() + interval '1 day'",
        "starts_at = now() - interval '3 days', ends_at = now()",
        "ends_at = now() + interval '1 day', revoked_at = now()",
    ] {
        app.execute(&format!("update control.delegations set {set}")).await;
        assert_eq!(begin(&bob, id).await.status, 409, "{set}");
    }
    assert_eq!(refusals(&app, "a delegation that does not run").await, 3);
    assert_eq!(app.number("select count(*) from control.sessions where delegation_id is not null").await, 0);
    assert_eq!(app.number("select times_used from control.delegations").await, 0);
}

#[actix_web::test]
async fn cookies_from_before_are_worth_nothing() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.founder().await, app.person_with(&[]).await);
    let id = hand_over(&app, &ada, &bob, &["tenants.view", "tenants.suspend"]).await;
    let with = |cookie: String| {
        let thief = app.anonymous();
        thief.set_cookie(SESSION, &cookie);
        thief
    };
    let is_nobody = |page: Page| page.location().starts_with("/sign-in");
    let before = bob.cookie(SESSION);
    assert_eq!(begin(&bob, id).await.status, 303);
    let during = bob.cookie(SESSION);
    assert_ne!(before, during);
    assert!(is_nobody(with(before).get("/tenants").await));
    assert_eq!(bob.get("/tenants").await.status, 200);
    let elevated = "select count(*) from control.sessions where delegation_id is not null and elevated_until > now()";
    assert_eq!(app.number(elevated).await, 0, "nobody brings their elevation along");
    app.elevate(&bob).await;
    assert_eq!(bob.post_form("/acting/end", &[]).await.status, 303);
    assert!(is_nobody(with(during).get("/tenants").await));
    assert_eq!(bob.get("/account/delegations/new").await.location().split('?').next(), Some("/elevation"));
    let id = hand_over(&app, &ada, &bob, &["tenants.view"]).await;
    begin(&bob, id).await;
    let during = bob.cookie(SESSION);
    bob.post_form("/sign-out", &[]).await;
    assert!(is_nobody(with(during).get("/tenants").await));
}

#[actix_web::test]
async fn tokens_of_the_delegate_get_nothing() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.founder().await, app.person_with(&["tenants.export"]).await);
    let token = bob.make_token(&["tenants.export"], &[]).await;
    let id = hand_over(&app, &ada, &bob, &["clients.export"]).await;
    begin(&bob, id).await;
    assert_eq!(app.read_with(&token.text, "/clients.json").await.status, 403);
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200, "a program goes on as itself");
}

#[actix_web::test]
async fn revoking_and_using_at_once_ends_with_nothing_after_the_revocation() {
    let Some(app) = TestApp::on_server().await else { return };
    let (ada, bob) = (app.founder().await, app.person_with(&[]).await);
    for round in 0..5 {
        let slug = format!("tenant-{round}");
        let tenant = app.tenant(&slug).await;
        let id = hand_over(&app, &ada, &bob, &["tenants.view", "tenants.suspend"]).await;
        assert_eq!(begin(&bob, id).await.status, 303);
        app.elevate(&bob).await;
        let form = bob.get(&format!("/tenants/{tenant}/suspension/new")).await.form();
        let form = form.with("reason", "because").with("confirm", &slug);
        let revocation = format!("/account/delegations/{id}/revocation");
        let (used, (_, revoked)) = tokio::join!(bob.submit(&form), act(&ada, &revocation));
        assert_eq!(revoked.status, 303, "{:?}", revoked.errors());
        assert!([303, 403].contains(&used.status), "{}: {}", used.status, used.message());
        let done = format!(
            "select count(*) from audit.events where delegation_id = '{id}' and action = 'tenant.suspend'
                and outcome = 'success'"
        );
        assert_eq!(app.number(&done).await == 1, used.status == 303, "done and said so, or neither");
        assert_eq!(bob.get("/tenants").await.status, 403);
        assert_eq!(bob.post_form("/acting/end", &[]).await.status, 303);
    }
}
