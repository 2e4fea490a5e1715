//! The headers that keep browsers from doing harm.

use castellan::auth::password::Cost;
use castellan::web::assets;
use reqwest::Method;
use reqwest::header::ORIGIN;

use crate::support::{PASSWORD, Page, TestApp};

const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

fn assert_protected(page: &Page, what: &str) {
    let policy = page.header("content-security-policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(part), "{what} lacks {part}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), value, "{what}: {name}");
    }
    assert!(page.header("permissions-policy").contains("camera=()"), "{what}");
    assert!(page.header("x-request-id").parse::<uuid::Uuid>().is_ok(), "{what}");
    assert_eq!(page.header("server"), "", "{what}");
}

#[actix_web::test]
async fn every_answer_is_protected() {
    let app = TestApp::start().await;
    let (admin, auditor, nobody) = (app.admin().await, app.auditor().await, app.anonymous());
    let id = app.tenant("northwind").await;
    let foreign = admin.request(Method::POST, "/tenants").header(ORIGIN, "https://evil.example");
    let broken = nobody.request(Method::GET, "/tenants").header("cookie", "castellan=broken; flash=broken; theme=<b>");
    for (what, status, page) in [
        ("a list", 200, admin.get("/tenants").await),
        ("a fragment", 200, admin.htmx_get("/tenants").await),
        ("an export", 200, admin.get("/tenants.csv").await),
        ("a form", 200, admin.get("/tenants/new").await),
        ("a refused form", 422, admin.post_form("/tenants", &[]).await),
        ("an action", 200, admin.get(&format!("/tenants/{id}/suspension/new")).await),
        ("the sign-in page", 200, nobody.get("/sign-in").await),
        ("a redirect", 303, nobody.get("/tenants").await),
        ("a slug", 308, admin.get("/tenants/northwind").await),
        ("a bad request", 400, admin.get("/tenants?sort=x").await),
        ("a missing right", 403, auditor.get("/tenants/new").await),
        ("another site", 403, admin.send(foreign).await),
        ("nothing", 404, admin.get("/nothing/here").await),
        ("nothing for nobody", 404, nobody.get("/nothing/here").await),
        ("a missing asset", 404, nobody.get("/assets/0000/app.css").await),
        ("a wrong verb", 405, admin.post_form("/tenants/new", &[]).await),
        ("a broken cookie", 303, nobody.send(broken).await),
        ("a sign-out", 303, admin.post_form("/sign-out", &[]).await),
    ] {
        assert_eq!(page.status, status, "{what}");
        assert_protected(&page, what);
        assert_eq!(page.header("cache-control"), "no-store", "{what}");
        assert_eq!(page.header("strict-transport-security"), "", "{what}");
        let text = page.header("content-type").starts_with("text/html") || page.body.is_empty();
        assert!(text || what == "an export", "{what}: {}", page.header("content-type"));
    }
    let asset = nobody.get(assets::url("app.css")).await;
    assert_protected(&asset, "an asset");
    assert!(asset.header("cache-control").contains("immutable"));
}

#[actix_web::test]
async fn errors_name_their_request_and_hide_their_cause() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let page = admin.get("/nothing/here").await;
    assert_eq!(page.title(), "Not found");
    assert!(page.text().contains(page.header("x-request-id")));
    let other = admin.get("/nothing/here").await;
    assert_ne!(page.header("x-request-id"), other.header("x-request-id"));

    app.execute("alter table control.tenants rename column notes to remarks").await;
    let page = admin.get("/tenants").await;
    assert_eq!(page.status, 500);
    assert_protected(&page, "an error of ours");
    assert!(page.text().contains(page.header("x-request-id")));
    for cause in ["notes", "column", "tenants.notes", "does not exist"] {
        assert!(!page.texts("main").join(" ").contains(cause), "{cause} is shown");
    }
}

#[actix_web::test]
async fn a_failed_session_look_up_is_a_page_too() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.execute("alter function control.session_authority(bytea) rename to gone").await;
    let page = admin.get("/tenants").await;
    assert_eq!((page.status, page.title().as_str()), (500, "Something went wrong"));
    assert_protected(&page, "a failed look-up");
    assert!(!page.text().contains("session_authority"));
    assert_eq!(app.anonymous().get("/sign-in").await.status, 200);
}

#[actix_web::test]
async fn cookies_without_tls_are_kept_from_scripts() {
    let app = TestApp::start().await;
    let (_, email) = app.staff("admin").await;
    let answer = app.anonymous().sign_in(&email, PASSWORD).await;
    let cookies = answer.set_cookies();
    let session = cookies.iter().find(|cookie| cookie.starts_with("castellan=")).expect("a session cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(session.contains(part), "{part}: {session}");
    }
    assert!(!session.contains("Secure") && !session.contains("Domain"), "{session}");
    let device = cookies.iter().find(|cookie| cookie.starts_with("device=")).expect("a device cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/sign-in"] {
        assert!(device.contains(part), "{part}: {device}");
    }
}

#[actix_web::test]
async fn behind_tls_cookies_belong_to_the_host_and_browsers_stay_with_tls() {
    let public = "https://console.example.com";
    let app = TestApp::configured(CHEAP, |config| config.public_url = Some(public.to_owned())).await;
    app.execute("insert into control.users (id, email, name) values (gen_random_uuid(), 'x@example.com', 'x')").await;
    let (_, email) = app.staff("admin").await;
    let person = app.anonymous();
    let body = format!("email={email}&password={}", PASSWORD.replace(' ', "+"));
    let request = person.request(Method::POST, "/sign-in").header(ORIGIN, public);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = person.send(request).await;
    assert_eq!(answer.status, 303);
    let cookies = answer.set_cookies();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-castellan=")).expect("a session cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
        assert!(session.contains(part), "{part}: {session}");
    }
    assert!(!session.contains("Domain"), "{session}");
    let sign_out = person.request(Method::POST, "/sign-out").header(ORIGIN, public);
    let notice = person.send(sign_out).await.set_cookies();
    assert!(notice.iter().any(|cookie| cookie.starts_with("flash=")), "{notice:?}");
    for cookie in cookies.iter().chain(&notice) {
        assert!(cookie.contains("; Secure"), "{cookie}");
    }
    for page in [person.get("/tenants").await, person.get("/nothing").await, person.get(assets::url("app.css")).await] {
        assert_eq!(page.header("strict-transport-security"), "max-age=63072000; includeSubDomains", "{}", page.path);
    }
}
