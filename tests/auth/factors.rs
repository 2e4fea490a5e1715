//! One's own second factors: seeing, naming and removing them, and who must have one.

use reqwest::Method;
use reqwest::header::ORIGIN;

use crate::support::{Authenticator, CHEAP, PASSWORD, Page, Person, TestApp};

const PUBLIC: &str = "https://console.example.com";

#[actix_web::test]
async fn factors_are_listed_named_and_removed() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    assert!(person.get("/account/factors").await.text().contains("You have no second factor yet."));
    app.add_totp(&person).await;
    app.recovery_codes(&person).await;
    let elsewhere = app.halfway(&person.email).await;
    let page = person.get("/account/factors").await;
    let rename = person.get(&page.link("Rename")).await;
    assert_eq!(rename.value("label"), "Authenticator app");
    let refused = person.submit(&rename.form().with("label", &"x".repeat(101))).await;
    assert_eq!((refused.status, refused.value("label").len()), (422, 101));
    assert_eq!(person.submit(&rename.form().with("label", "Phone 🦀")).await.status, 303);
    let page = person.get("/account/factors").await;
    assert_eq!(page.rows()[0][0], "Phone 🦀");

    let removal = person.get(&page.link("Remove…")).await;
    assert_eq!(removal.title(), "Remove Phone 🦀");
    let answer = person.submit(&removal.form().with("reason", "Lost it")).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/account/factors"));
    let id = person.id.expect("somebody");
    assert_eq!(app.text(&format!("select mfa_enabled from control.users where id = '{id}'")).await, "false");
    let live = "select count(*) from control.user_credentials where revoked_at is null and kind <> 'password'";
    assert_eq!(app.number(live).await, 0, "with the last factor the recovery codes go");
    assert_eq!(elsewhere.get("/sign-in/factor").await.status, 303, "other sessions have ended");
    assert_eq!(app.event("factor.remove").await.reason.as_deref(), Some("Lost it"));
    let mails = app.texts("select subject from control.outbox order by created_at, id").await;
    assert_eq!(mails.last().map(String::as_str), Some("A second factor was removed from your account"));
    assert_eq!(app.anonymous().sign_in(&person.email, PASSWORD).await.location(), "/");
}

#[actix_web::test]
async fn changing_them_needs_elevation_and_ends_other_sessions() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let elsewhere = app.browser_of(person.id.expect("somebody"), &person.email).await;
    app.add_totp(&person).await;
    assert_eq!(elsewhere.get("/account/sessions").await.status, 303);
    assert_eq!(person.get("/account/sessions").await.status, 200);
    let page = person.get("/account/factors").await;
    let links = [page.link("Rename"), page.link("Remove…"), page.link("Make new ones")];
    assert_eq!(person.post_form("/elevation/end", &[]).await.status, 303);
    for link in links.iter().map(String::as_str).chain(["/account/factors/totp/new", "/account/factors/passkeys/new"]) {
        assert_eq!(person.get(link).await.location(), format!("/elevation?return_to={link}"));
        let path = link.trim_end_matches("/new").trim_end_matches("/edit");
        assert_eq!(person.post_form(path, &[("label", "x"), ("reason", "x")]).await.status, 401, "{path}");
    }
}

#[actix_web::test]
async fn somebody_elses_are_not_there() {
    let app = TestApp::start().await;
    let (person, stranger) = (app.admin().await, app.founder().await);
    app.add_totp(&person).await;
    let id = app.text("select id from control.user_credentials where kind = 'totp'").await;
    let password = app.text("select id from control.user_credentials where kind = 'password' limit 1").await;
    for id in [&id, &password] {
        for (path, post) in [("edit", ""), ("removal/new", "/removal")] {
            assert_eq!(stranger.get(&format!("/account/factors/{id}/{path}")).await.status, 404);
            let fields = [("label", "x"), ("reason", "x")];
            assert_eq!(stranger.post_form(&format!("/account/factors/{id}{post}"), &fields).await.status, 404);
        }
    }
    assert!(stranger.get("/account/factors").await.text().contains("You have no second factor yet."));
}

/// Behind TLS the browser says where it is, and keeps cookies under another name.
async fn send(person: &Person, path: &str, fields: &[(String, String)]) -> Page {
    let encode = castellan::web::query::encode;
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let request = person.request(Method::POST, path).header(ORIGIN, PUBLIC);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    person.send(request.body(body.join("&"))).await
}

fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[actix_web::test]
async fn in_production_staff_add_one_before_anything_else_and_keep_one() {
    let app = TestApp::configured(CHEAP, |config| config.public_url = Some(PUBLIC.to_owned())).await;
    let (id, email) = app.staff("founder").await;
    let mut person = app.anonymous();
    let answer = send(&person, "/sign-in", &fields(&[("email", &email), ("password", PASSWORD)])).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/"));
    (person.id, person.email) = (Some(id), email);
    for path in ["/", "/tenants", "/account/sessions", "/account/password", "/tenants.csv"] {
        assert_eq!(person.get(path).await.location(), "/account/factors", "{path}");
    }
    let tenant = app.tenant("northwind").await;
    let suspension = fields(&[("reason", "x"), ("confirm", "northwind")]);
    assert_eq!(
        send(&person, &format!("/tenants/{tenant}/suspension"), &suspension).await.location(),
        "/account/factors"
    );
    assert_eq!(person.htmx_get("/tenants").await.header("hx-redirect"), "/account/factors");
    let page = person.get("/account/factors").await;
    assert!(page.text().contains("Add one before anything else"), "{}", page.text());

    assert_eq!(
        person.get("/account/factors/totp/new").await.location(),
        "/elevation?return_to=/account/factors/totp/new"
    );
    assert_eq!(send(&person, "/elevation", &fields(&[("password", PASSWORD)])).await.status, 303);
    let page = person.get("/account/factors/totp/new").await;
    let phone = Authenticator::reading(&page);
    let form = page.form().with("code", &phone.code());
    assert_eq!(send(&person, &form.action, &form.fields).await.status, 303);
    assert_eq!(person.get("/tenants").await.status, 200);

    let removal = person.get("/account/factors").await.link("Remove…");
    let page = person.get(&removal).await;
    assert_eq!(page.status, 409);
    assert!(page.errors()[0].contains("your only second factor"), "{:?}", page.errors());
    let answer = send(&person, removal.trim_end_matches("/new"), &fields(&[("reason", "x")])).await;
    assert_eq!(answer.status, 409);
    assert_eq!(
        app.number("select count(*) from control.user_credentials where kind = 'totp' and revoked_at is null").await,
        1
    );
    assert_eq!(send(&person, "/sign-out", &[]).await.status, 303);
}

#[actix_web::test]
async fn a_tenants_policy_asks_its_people_for_one() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let tenant = app.tenant("northwind").await;
    app.execute(&format!(
        "insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
            select gen_random_uuid(), id, tenant_id, '{}', 'admin' from control.workspaces where tenant_id = '{tenant}'",
        person.id.expect("somebody")
    ))
    .await;
    assert_eq!(person.get("/tenants").await.status, 200);
    app.execute("update control.tenant_policies set mfa_required = true").await;
    assert_eq!(person.get("/tenants").await.location(), "/account/factors", "at the next request");
    app.add_totp(&person).await;
    assert_eq!(person.get("/tenants").await.status, 200);
    let removal = person.get("/account/factors").await.link("Remove…");
    assert_eq!(person.get(&removal).await.status, 409);
}
