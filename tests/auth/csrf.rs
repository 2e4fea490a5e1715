//! Which requests are taken for our own pages'.

use castellan::routes;
use expect_test::expect_file;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ORIGIN};

use crate::support::{Person, TestApp};

/// Every method, from every kind of place: one golden table, in which 403 is a refusal.
#[actix_web::test]
async fn changes_come_from_our_own_pages_only() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let port = app.base.rsplit(':').next().expect("a port").to_owned();
    let origins = [
        ("absent", None),
        ("own", Some(app.base.clone())),
        ("own as https", Some(app.base.replace("http:", "https:"))),
        ("own, other port", Some("http://127.0.0.1:1".to_owned())),
        ("own in its name", Some(format!("http://127.0.0.1.evil.example:{port}"))),
        ("localhost", Some(format!("http://localhost:{port}"))),
        ("other", Some("https://evil.example".to_owned())),
        ("null", Some("null".to_owned())),
    ];
    let sites = [None, Some("same-origin"), Some("same-site"), Some("cross-site"), Some("none")];
    let mut table = format!("{:8}{:17}Sec-Fetch-Site absent, same-origin, same-site, cross-site, none\n", "", "Origin");
    for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY"] {
        for (origin, value) in &origins {
            table += &format!("{method:8}{origin:16}");
            for site in sites {
                table += &format!(" {}", send(&admin, method, value.as_deref(), site).await);
            }
            table.push('\n');
        }
    }
    table += "\nTaken from elsewhere, since they prove themselves where they come from\n";
    for route in routes::table().iter().filter(|route| route.method == "POST") {
        let path = route.path.replace(['{', '}'], "");
        let request = app.anonymous().request(Method::POST, &path).header(ORIGIN, "https://evil.example");
        let page = app.anonymous().send(request.header("Sec-Fetch-Site", "cross-site")).await;
        if page.status != 403 {
            table += &format!("POST {}\n", route.path);
        }
    }
    expect_file!["../golden/csrf.txt"].assert_eq(&table);
    assert_eq!(app.number("select count(*) from control.tenants").await, 0);
    let refused =
        app.number("select count(*) from audit.security_events where details ->> 'why' = 'cross-site request'");
    assert!(refused.await > 0, "refusals are noted");
}

async fn send(person: &Person, method: &str, origin: Option<&str>, site: Option<&str>) -> u16 {
    let mut request = person.request(Method::from_bytes(method.as_bytes()).expect("a method"), "/tenants");
    if let Some(origin) = origin {
        request = request.header(ORIGIN, origin);
    }
    if let Some(site) = site {
        request = request.header("Sec-Fetch-Site", site);
    }
    if method == "POST" {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body("name=");
    }
    person.send(request).await.status
}

#[actix_web::test]
async fn other_sites_may_link_here_and_not_load_from_here() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (mode, status) in [("navigate", 200), ("no-cors", 403), ("cors", 403), ("websocket", 403)] {
        let request = admin.request(Method::GET, "/tenants").header("Sec-Fetch-Site", "cross-site");
        let page = admin.send(request.header("Sec-Fetch-Mode", mode)).await;
        assert_eq!(page.status, status, "{mode}");
    }
}

#[actix_web::test]
async fn no_header_makes_another_method_of_a_request() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let before = app.log_size().await;
    let path = format!("/tenants/{id}/deletion");
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let request = admin.request(Method::GET, &path).header(header, "POST");
        assert_eq!(admin.send(request).await.status, 405, "{header}");
    }
    assert_eq!(admin.get(&format!("{path}?_method=POST&reason=x&confirm=northwind")).await.status, 405);
    assert_eq!(app.log_size().await, before);
}

#[actix_web::test]
async fn with_a_public_address_only_that_one_is_our_own() {
    let public = "https://console.example.com";
    let app = TestApp::configured(castellan::auth::password::Cost { memory_kib: 8, passes: 1 }, |config| {
        config.public_url = Some(public.to_owned());
    })
    .await;
    let person = app.anonymous();
    for (origin, status) in [(public, 422), (app.base.as_str(), 403), ("https://console.example.com.evil.example", 403)]
    {
        let request = person.request(Method::POST, "/sign-in").header(ORIGIN, origin);
        assert_eq!(person.send(request).await.status, status, "{origin}");
    }
}
