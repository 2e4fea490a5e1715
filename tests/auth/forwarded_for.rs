//! Where a request comes from, and who may say so: `X-Forwarded-For` against peers that are trusted and that are not.

use reqwest::Method;

use crate::support::{CHEAP, TestApp};

const PASSWORD: &str = "wrong horse battery staple";

/// A console behind these proxies; the test itself is the one at 127.0.0.1.
async fn behind(proxies: &[&str]) -> TestApp {
    let proxies = proxies.iter().map(|network| network.parse().expect("a network")).collect();
    TestApp::configured(CHEAP, |config| config.trusted_proxies = proxies).await
}

/// The network that a failed sign-in with these headers is written down under.
async fn network(app: &TestApp, headers: &[&str]) -> String {
    let person = app.anonymous();
    let mut request = person.request(Method::POST, "/sign-in").header("origin", &app.base);
    for value in headers {
        request = request.header("x-forwarded-for", *value);
    }
    let body = format!("email=somebody{}%40example.com&password={PASSWORD}", uuid::Uuid::now_v7());
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(person.send(request).await.status, 422, "{headers:?}");
    let latest =
        "select encode(network_hash, 'hex') from control.login_attempts order by occurred_at desc, id desc limit 1";
    let network = app.text(latest).await;
    app.execute("delete from control.login_attempts").await;
    network
}

#[actix_web::test]
async fn whoever_is_not_trusted_is_not_believed() {
    let app = TestApp::start().await;
    let own = network(&app, &[]).await;
    for spoof in ["203.0.113.9", "10.0.0.1, 203.0.113.9", "127.0.0.1", "unknown", "", "::1", "203.0.113.9:443"] {
        assert_eq!(network(&app, &[spoof]).await, own, "{spoof}");
    }
    let app = behind(&["10.0.0.0/8"]).await;
    let own = network(&app, &[]).await;
    assert_eq!(network(&app, &["203.0.113.9"]).await, own, "the peer is none of the proxies");
}

#[actix_web::test]
async fn trusted_proxies_are_believed_from_the_last_one_back() {
    let app = behind(&["127.0.0.1/32", "10.0.0.0/8", "2001:db8:ffff::/48"]).await;
    let (own, proxy) = (network(&app, &[]).await, network(&app, &["10.1.2.3"]).await);
    let guest = network(&app, &["203.0.113.9"]).await;
    let spoofed = network(&app, &["198.51.100.1"]).await;
    let guest6 = network(&app, &["2001:db8:1::7"]).await;
    let all = [&own, &proxy, &guest, &spoofed, &guest6];
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 5, "{all:?}");
    for (headers, found) in [
        (vec!["203.0.113.200"], &guest),
        (vec!["203.0.113.9:51234"], &guest),
        (vec![" 203.0.113.9 "], &guest),
        (vec!["198.51.100.1, 203.0.113.9"], &guest),
        (vec!["198.51.100.1, 203.0.113.9, 10.1.2.3"], &guest),
        (vec!["198.51.100.1", "203.0.113.9, 10.1.2.3"], &guest),
        (vec!["198.51.100.1, 203.0.113.9", "10.1.2.3"], &guest),
        (vec!["10.1.2.3, 203.0.113.9"], &guest),
        (vec!["198.51.100.1, unknown, 203.0.113.9"], &guest),
        // What stands before something unreadable was not written by a proxy of ours.
        (vec!["203.0.113.9, unknown"], &own),
        (vec!["203.0.113.9, unknown, 10.1.2.3"], &proxy),
        (vec!["203.0.113.9, , 10.1.2.3"], &proxy),
        (vec!["203.0.113.9,"], &own),
        (vec![""], &own),
        (vec!["é"], &own),
        (vec!["10.9.9.9, 10.1.2.3"], &network(&app, &["10.9.9.9"]).await),
        (vec!["2001:db8:1::9"], &guest6),
        (vec!["[2001:db8:1::9]:443"], &guest6),
        (vec!["[2001:db8:1::9]"], &guest6),
        (vec!["2001:db8:1::9, 2001:db8:ffff::1"], &guest6),
        (vec!["::ffff:203.0.113.9"], &guest),
        (vec!["203.0.113.9, ::ffff:10.1.2.3"], &guest),
        (vec!["203.0.113.999"], &own),
        (vec![&"10.1.2.3, ".repeat(500)], &own),
    ] {
        assert_eq!(&network(&app, &headers).await, found, "{headers:?}");
    }
}

#[actix_web::test]
async fn other_headers_say_nothing() {
    let app = behind(&["127.0.0.1/32"]).await;
    let own = network(&app, &[]).await;
    let person = app.anonymous();
    for header in ["forwarded", "x-real-ip", "client-ip", "true-client-ip", "x-client-ip", "cf-connecting-ip"] {
        let request = person
            .request(Method::POST, "/sign-in")
            .header("origin", &app.base)
            .header(header, "for=203.0.113.9")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("email=a%40example.com&password=x");
        assert_eq!(person.send(request).await.status, 422, "{header}");
        assert_eq!(app.text("select encode(network_hash, 'hex') from control.login_attempts").await, own, "{header}");
        app.execute("delete from control.login_attempts").await;
    }
}
