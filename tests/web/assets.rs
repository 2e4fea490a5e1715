//! Style sheets, scripts and fonts.

use castellan::web::assets::url;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, IF_NONE_MATCH, RANGE};

use crate::support::{Page, Person, TestApp};

async fn fetch(person: &Person, path: &str, accepted: Option<&str>) -> Page {
    let request = person.request(Method::GET, path);
    person
        .send(match accepted {
            Some(accepted) => request.header(ACCEPT_ENCODING, accepted),
            None => request,
        })
        .await
}

#[actix_web::test]
async fn an_asset_is_kept_for_ever_under_its_hash() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    for (name, kind) in [
        ("app.css", "text/css"),
        ("app.js", "text/javascript"),
        ("htmx.js", "text/javascript"),
        ("inter-latin.woff2", "font/woff2"),
    ] {
        let page = nobody.get(url(name)).await;
        assert_eq!(page.status, 200, "{name}");
        assert_eq!(page.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(page.header("vary"), "Accept-Encoding");
        assert!(page.header("content-type").starts_with(kind), "{name}: {}", page.header("content-type"));
        assert!(page.set_cookies().is_empty());
        let head = nobody.send(nobody.request(Method::HEAD, url(name))).await;
        assert!(matches!(head.status, 200 | 404 | 405) && head.body.is_empty(), "{name}: {}", head.status);
    }
    let other = url("app.css").replace("/assets/", "/assets/0");
    for path in [&other, "/assets/x/app.css", "/assets/app.css", "/assets/x/..%2F..%2FCargo.toml", "/assets//"] {
        let page = nobody.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
}

#[actix_web::test]
async fn the_best_encoding_that_is_accepted_is_sent() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let plain = fetch(&nobody, url("app.css"), None).await;
    assert!(plain.text().contains("@layer"), "the style sheet is readable");
    for (accepted, encoding) in [
        (None, ""),
        (Some("br"), "br"),
        (Some("gzip, deflate, br, zstd"), "br"),
        (Some("gzip"), "gzip"),
        (Some("br;q=0, gzip"), "gzip"),
        (Some("br;q=0.1, gzip;q=0.9"), "gzip"),
        (Some("identity"), ""),
        (Some("br;q=0, gzip;q=0"), ""),
        (Some("zstd"), ""),
        (Some("*;q=0"), ""),
        (Some(""), ""),
        (Some("nonsense;;;q=x"), ""),
    ] {
        let page = fetch(&nobody, url("app.css"), accepted).await;
        assert_eq!((page.status, page.header("content-encoding")), (200, encoding), "{accepted:?}");
        assert_eq!(page.body.len() < plain.body.len(), !encoding.is_empty(), "{accepted:?}");
    }
}

#[actix_web::test]
async fn what_is_known_is_not_sent_again() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let tags: Vec<String> = [
        fetch(&nobody, url("app.css"), None).await,
        fetch(&nobody, url("app.css"), Some("br")).await,
        fetch(&nobody, url("app.css"), Some("gzip")).await,
    ]
    .iter()
    .map(|page| page.header("etag").to_owned())
    .collect();
    assert!(tags[0] != tags[1] && tags[1] != tags[2], "encodings are different bytes: {tags:?}");
    let ask =
        async |tag: &str| nobody.send(nobody.request(Method::GET, url("app.css")).header(IF_NONE_MATCH, tag)).await;
    for (tag, status) in [
        (tags[0].clone(), 304),
        (format!("W/{}", tags[0]), 304),
        (format!("\"x\", {}", tags[0]), 304),
        ("*".to_owned(), 304),
        (tags[1].clone(), 200),
        ("\"x\"".to_owned(), 200),
        ("nonsense".to_owned(), 200),
    ] {
        let page = ask(&tag).await;
        assert_eq!(page.status, status, "{tag}");
        assert_eq!(page.body.is_empty(), status == 304, "{tag}");
        assert!(page.header("cache-control").contains("immutable"), "{tag}");
    }
    let ranged = nobody.send(nobody.request(Method::GET, url("app.css")).header(RANGE, "bytes=0-9")).await;
    assert_eq!(ranged.status, 200, "ranges are not offered, so all of it comes");
}

#[actix_web::test]
async fn pages_ask_for_assets_that_exist() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let page = founder.get("/tenants").await;
    let mut addresses = page.attributes("link[href^='/assets']", "href");
    addresses.extend(page.attributes("script[src]", "src"));
    assert!(addresses.len() >= 4, "{addresses:?}");
    for address in addresses {
        assert_eq!(founder.get(&address).await.status, 200, "{address}");
    }
}

#[actix_web::test]
async fn pages_are_compressed_for_those_who_take_it() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.many_tenants(60).await;
    let plain = fetch(&founder, "/tenants", None).await;
    let packed = fetch(&founder, "/tenants", Some("gzip")).await;
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), ("", "gzip"));
    assert!(packed.body.len() < 14_000, "a list page weighs {} bytes", packed.body.len());
    assert!(packed.header("vary").contains("Accept-Encoding"));
    for refused in ["gzip;q=0", "br", "identity"] {
        assert_eq!(fetch(&founder, "/tenants", Some(refused)).await.header("content-encoding"), "", "{refused}");
    }
}
