//! What is tried with API tokens that they are not for.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, ORIGIN};
use tokio::task::JoinSet;

use crate::support::{Page, Person, TestApp};

/// The kinds of security events so far, in their order.
async fn noted(app: &TestApp) -> Vec<String> {
    app.texts(
        "select kind || ' ' || coalesce(details ->> 'why', '') from audit.security_events
        where severity <> 'info' order by occurred_at",
    )
    .await
}

fn refused(page: &Page) {
    assert_eq!(page.status, 401, "{}", page.text());
    assert_eq!(page.header("www-authenticate"), "Bearer realm=\"castellan\", error=\"invalid_token\"");
    assert!(page.set_cookies().is_empty());
    assert!(page.text().contains("not accepted") && !page.text().contains("<html"), "{}", page.text());
}

#[actix_web::test]
async fn whatever_is_wrong_with_a_token_is_answered_alike_and_noted() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let token = founder.make_token(&["tenants.export"], &[]).await;
    let mut answers = vec![
        app.read_with("", "/tenants.json").await,
        app.read_with("cst_", "/tenants.json").await,
        app.read_with(&castellan::token::NewToken::random().text, "/tenants.json").await,
    ];
    for (set, undo) in [
        ("revoked_at = now()", "revoked_at = null"),
        ("overlap_ends_at = now()", "overlap_ends_at = null"),
        ("created_at = now() - interval '2 days', expires_at = now()", "expires_at = null"),
        ("allowed_networks = '{203.0.113.0/24}'", "allowed_networks = '{}'"),
    ] {
        app.execute(&format!("update control.api_tokens set {set}")).await;
        answers.push(app.read_with(&token.text, "/tenants.json").await);
        app.execute(&format!("update control.api_tokens set {undo}")).await;
        assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200, "{undo}");
    }
    for status in ["suspended", "locked", "deactivated"] {
        app.execute(&format!("update control.users set status = '{status}' where id = '{}'", founder.id.unwrap()))
            .await;
        answers.push(app.read_with(&token.text, "/tenants.json").await);
    }
    for answer in &answers {
        refused(answer);
        let said =
            |page: &Page| serde_json::from_slice::<serde_json::Value>(&page.body).expect("JSON")["error"].clone();
        assert_eq!(said(answer), said(&answers[0]));
    }
    assert_eq!(
        noted(&app).await,
        [
            "authn_token_fail unknown",
            "authn_token_fail unknown",
            "authn_token_fail unknown",
            "authn_token_reuse revoked",
            "authn_token_reuse replaced",
            "authn_token_reuse expired",
            "authn_token_fail network",
            "authn_token_fail owner",
            "authn_token_fail owner",
            "authn_token_fail owner"
        ]
    );
    let csv = app.read_with("cst_", "/tenants.csv").await;
    refused(&csv);
    assert_eq!(csv.header("content-type"), "text/plain; charset=utf-8");
    let of_token = format!("select count(*) from audit.security_events where details ->> 'token_id' = '{}'", token.id);
    assert_eq!(app.number(&of_token).await, 7);
    assert_eq!(app.text("select requests || ' ' || refused from control.api_token_usage").await, "4 7");
}

#[actix_web::test]
async fn scopes_are_never_more_than_the_owner_holds() {
    let app = TestApp::start().await;
    let person = app.person_with(&["tenants.export"]).await;
    let page = person.get("/account/tokens/new").await;
    assert_eq!(page.attributes("input[name=scopes]", "value"), ["tenants.export"], "what one holds is offered");
    let form = page.form().with("name", "x");
    for foreign in ["access.export", "tenants.manage", "*", "", "tenants.export,access.export", "nothing"] {
        for more in [None, Some("tenants.export")] {
            let mut fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
            fields.push(("scopes", foreign));
            fields.extend(more.map(|scope| ("scopes", scope)));
            let page = person.post_form("/account/tokens", &fields).await;
            assert_eq!(page.status, 422, "{foreign}");
            assert!(page.field_error("scopes").starts_with("may only be among your own rights: tenants.export"));
        }
    }
    assert_eq!(app.number("select count(*) from control.api_tokens").await, 0);
    let noted = noted(&app).await;
    assert!(noted.len() == 12 && noted.iter().all(|kind| kind == "input_validation_discrete_fail "), "{noted:?}");
    for field in ["user_id", "token_hash", "prefix", "revoked_at", "id", "created_by"] {
        let mut fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        fields.retain(|(name, _)| *name != "idempotency_key");
        let other = app.text("select id from control.users where email = 'founder@example.com'").await;
        fields.extend([("scopes", "tenants.export"), (field, other.as_str())]);
        assert_eq!(person.post_form("/account/tokens", &fields).await.status, 201, "{field} is not asked for");
    }
    let owners = app.texts("select distinct user_id from control.api_tokens").await;
    assert_eq!(owners, [person.id.unwrap().to_string()]);
}

#[actix_web::test]
async fn what_the_owner_loses_the_token_loses_at_once() {
    let app = TestApp::start().await;
    let tenant = app.tenant("north").await;
    app.tenant("south").await;
    let person = app.person_with(&["tenants.export", "clients.export"]).await;
    let token = person.make_token(&["tenants.export"], &[]).await;
    assert_eq!(app.read_with(&token.text, "/clients.json").await.status, 403, "the owner may, the token not");
    assert!(app.read_with(&token.text, "/tenants.json").await.text().contains("south"));
    let of = format!("where user_id = '{}'", person.id.unwrap());
    app.execute(&format!("update control.assignments set scope_kind = 'tenant', tenant_id = '{tenant}' {of}")).await;
    let page = app.read_with(&token.text, "/tenants.json").await;
    assert!(page.text().contains("north") && !page.text().contains("south"), "{}", page.text());
    app.execute(&format!("update control.assignments set expires_at = now() {of}")).await;
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 403);
    app.execute(&format!("update control.assignments set expires_at = null {of}")).await;
    app.execute("delete from control.role_privileges where privilege_name = 'tenants.export'").await;
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 403);
}

#[actix_web::test]
async fn pages_are_not_for_tokens_and_nothing_is_changed_with_one() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("north").await;
    let token = founder.make_token(&["tenants.export"], &[]).await;
    let before = app.log_size().await;
    for path in [
        "/",
        "/tenants",
        &format!("/tenants/{tenant}"),
        "/account/sessions",
        "/account/tokens/new",
        "/sign-in",
        "/nothing",
        "/tenants/x.json",
        "/sign-in/link/x.csv",
    ] {
        for text in [token.text.as_str(), "wrong"] {
            let page = app.read_with(text, path).await;
            assert_eq!(page.status, 403, "{path}");
            assert!(page.set_cookies().is_empty() && !page.text().contains("<html"), "{path}");
        }
    }
    let program = app.anonymous();
    for path in [
        format!("/tenants/{tenant}/suspension"),
        "/tenants".into(),
        "/tenants.json".into(),
        "/sign-out".into(),
        "/account/tokens".into(),
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let request = program.request(method.clone(), &path).bearer_auth(&token.text).header(ORIGIN, &app.base);
            assert_eq!(program.send(request).await.status, 403, "{method} {path}");
        }
        let bare = program.send(program.request(Method::POST, &path).bearer_auth(&token.text)).await;
        assert_eq!(bare.status, 403);
    }
    assert_eq!(app.log_size().await, before, "nothing happened");
    let kinds = noted(&app).await;
    assert!(kinds.iter().all(|kind| kind == "authz_fail a token where only people may go"), "{kinds:?}");
}

#[actix_web::test]
async fn a_token_beside_a_cookie_is_a_token() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let weak = app.person_with(&["tenants.export"]).await.make_token(&["tenants.export"], &[]).await;
    let with_both = |path: &str, text: &str| founder.request(Method::GET, path).bearer_auth(text);
    assert_eq!(founder.get("/clients.json").await.status, 200);
    assert_eq!(founder.send(with_both("/clients.json", &weak.text)).await.status, 403, "the cookie adds nothing");
    assert_eq!(founder.send(with_both("/tenants", &weak.text)).await.status, 403);
    refused(&founder.send(with_both("/tenants.json", "cst_wrong")).await);
    founder.set_cookie("flash", "b2sgaGVsbG8");
    let page = founder.send(with_both("/tenants.json", &weak.text)).await;
    assert_eq!((page.status, page.set_cookies().len()), (200, 0));
    let events = app.events("tenants.export").await;
    assert!(events.iter().all(|event| event.actor_id != founder.id), "it is not the founder who read");

    let stranger = app.anonymous();
    let cookie = stranger.request(Method::GET, "/tenants.json").header(COOKIE, format!("castellan={}", weak.text));
    assert_eq!(stranger.send(cookie).await.status, 401, "a token is no cookie");
    let basic = stranger.request(Method::GET, "/tenants.json").basic_auth(&weak.text, Some(""));
    assert_eq!(stranger.send(basic).await.status, 401);
    let twice =
        stranger.request(Method::GET, "/tenants.json").bearer_auth(&weak.text).header(AUTHORIZATION, "Bearer x");
    refused(&stranger.send(twice).await);
    let lower = stranger.request(Method::GET, "/tenants.json").header(AUTHORIZATION, format!("bearer  {}", weak.text));
    assert_eq!(stranger.send(lower).await.status, 200, "the scheme's letters do not matter");
}

#[actix_web::test]
async fn odd_headers_are_refused_without_trouble() {
    let app = TestApp::start().await;
    let program = app.anonymous();
    for text in ["é", "\t", "a b c", &"x".repeat(60_000), "' or 1=1 --", "cst_000000000000_\u{7f}"] {
        let Ok(value) = reqwest::header::HeaderValue::from_bytes(format!("Bearer {text}").as_bytes()) else { continue };
        refused(&program.send(program.request(Method::GET, "/tenants.json").header(AUTHORIZATION, value)).await);
    }
    let huge =
        program.request(Method::GET, "/tenants.json").bearer_auth("x".repeat(1024 * 1024)).build().expect("a request");
    // The server may hang up before all of it is sent.
    if let Ok(answer) = app.execute_raw(huge).await {
        assert!(answer.is_client_error(), "{answer}");
    }
    assert_eq!(app.read_with("cst_", "/tenants.json").await.status, 401, "the console goes on");
}

#[actix_web::test]
async fn a_token_that_is_too_fast_waits() {
    let app = TestApp::start().await;
    let token = app.founder().await.make_token(&["tenants.export"], &[]).await;
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
    // Two minutes, since one may end in between.
    let full = "update control.api_token_usage set minute_requests = 600, minute = date_trunc('minute', now())";
    app.execute(full).await;
    let mut page = app.read_with(&token.text, "/tenants.json").await;
    if page.status == 200 {
        app.execute(full).await;
        page = app.read_with(&token.text, "/tenants.json").await;
    }
    assert_eq!((page.status, page.header("retry-after")), (429, "60"), "{}", page.text());
    let kinds = noted(&app).await;
    assert_eq!(kinds, ["excess_rate_limit_exceeded rate"]);
    app.execute("update control.api_token_usage set minute = minute - interval '1 minute'").await;
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
}

/// Somebody else's token is not there.
#[actix_web::test]
async fn nobody_reaches_into_anothers_account() {
    let app = TestApp::start().await;
    let (founder, support) = (app.founder().await, app.support().await);
    let token = founder.make_token(&["tenants.export"], &[]).await;
    let own = format!("/account/tokens/{}", token.id);
    for path in [own.clone(), format!("{own}/rotation/new"), format!("{own}/revocation/new")] {
        assert_eq!(support.get(&path).await.status, 404, "{path}");
    }
    let fields = [("reason", "x"), ("overlap_hours", "0")];
    for path in [format!("{own}/rotation"), format!("{own}/revocation")] {
        assert_eq!(support.post_form(&path, &fields).await.status, 404, "{path}");
    }
    assert_eq!(support.get("/account/tokens").await.names(), Vec::<String>::new());
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
}

#[actix_web::test]
async fn a_scoped_manager_reaches_no_other_token() {
    let app = TestApp::start().await;
    let tenant = app.tenant("north").await;
    let founder = app.founder().await;
    let token = founder.make_token(&["tenants.export"], &[]).await;
    let manager = app.scoped_to_tenant(&["access.view", "access.export", "tenants.export"], tenant).await;
    let own = manager.make_token(&["tenants.export"], &[("name", "own")]).await;
    assert_eq!(manager.get("/tokens").await.names(), ["own"]);
    assert_eq!(manager.get(&format!("/tokens/{}", token.id)).await.status, 404);
    assert!(!manager.get("/tokens.csv").await.text().contains(&token.text[4..16]));
    let page = manager.post_form(&format!("/account/tokens/{}/revocation", own.id), &[("reason", "x")]).await;
    assert_eq!(page.status, 303, "{}", page.text());
}

async fn revoke(person: &Person, path: &str) -> u16 {
    person.post_form(path, &[("reason", "x")]).await.status
}

/// However many revoke and rotate at once, each happens once, and nothing is let in afterwards.
#[actix_web::test]
async fn parallel_revocations_and_uses_end_with_a_dead_token() {
    let Some(app) = TestApp::on_server().await else { return };
    let founder = app.founder().await;
    let token = founder.make_token(&["tenants.export"], &[]).await;
    let path = format!("/tokens/{}/revocation", token.id);
    let mut tries = JoinSet::new();
    for number in 0..24 {
        let other = app.anonymous();
        other.set_cookie(crate::support::SESSION, &founder.cookie(crate::support::SESSION));
        let (path, text) = (path.clone(), token.text.clone());
        tries.spawn_local(async move {
            match number % 3 {
                0 => ("revoke", revoke(&other, &path).await),
                _ => ("use", other.send(other.request(Method::GET, "/tenants.json").bearer_auth(&text)).await.status),
            }
        });
    }
    let answers = tries.join_all().await;
    let done = answers.iter().filter(|(what, status)| *what == "revoke" && *status == 303).count();
    assert_eq!(done, 1, "{answers:?}");
    assert!(answers.iter().all(|(_, status)| matches!(status, 200 | 303 | 401 | 409)), "{answers:?}");
    assert_eq!(app.events("api_token.revoke").await.len(), 1);
    refused(&app.read_with(&token.text, "/tenants.json").await);
}

#[actix_web::test]
async fn a_foreign_scope_that_cannot_be_stored_is_noted_all_the_same() {
    let app = TestApp::start().await;
    let person = app.person_with(&["tenants.export"]).await;
    let form = person.get("/account/tokens/new").await.form();
    let mut fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    fields.extend([("name", "x"), ("scopes", "access\0.export")]);
    let page = person.post_form("/account/tokens", &fields).await;
    assert!([400, 422].contains(&page.status), "{}", page.status);
    let sent = app
        .texts("select details -> 'sent' ->> 0 from audit.security_events where details ->> 'field' = 'scopes'")
        .await;
    assert_eq!(sent, ["access\u{FFFD}.export"]);
}
