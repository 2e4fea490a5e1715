//! What people and scripts get wrong: the right status, a message that names it, and never a 500.

use castellan::routes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ORIGIN};

use crate::support::{Page, Person, TestApp};

const FORM: &str = "application/x-www-form-urlencoded";

/// Posted without a body: a button says it all.
const BUTTONS: [&str; 10] = [
    "/sign-out",
    "/elevation/end",
    "/read-reason/end",
    "/account/factors/recovery-codes",
    "/account/sessions/{id}/end",
    "/account/sessions/end-others",
    "/tenants/{id}/domains/{domain_id}/check",
    "/acting/end",
    "/account/delegations/{id}/acting",
    "/impersonations/{id}/beginning",
];

/// Takes a form of those only who are halfway signed in.
const HALFWAY: &str = "/sign-in/factor";

/// Every address with this verb, with an id of nothing in the place of each parameter.
fn addresses(method: &Method) -> Vec<String> {
    let routes = routes::table().into_iter().filter(|route| route.method.as_str() == method.as_str());
    let forms = routes.filter(|route| !BUTTONS.contains(&route.path) && route.path != HALFWAY);
    forms.map(|route| fill(route.path)).collect()
}

fn fill(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.starts_with('{') {
        true => "019a0000-0000-7000-8000-000000000000",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The lists that have an address of their own: pages with rows, and exports.
async fn lists(person: &Person) -> Vec<String> {
    let mut lists = Vec::new();
    for path in addresses(&Method::GET).into_iter().filter(|path| !path.contains("019a0000")) {
        let page = person.get(&path).await;
        assert!(page.status < 500, "{path}: {}", page.status);
        if path.ends_with(".csv") || page.text().contains("id=\"list\"") {
            lists.push(path);
        }
    }
    lists
}

fn message(page: &Page) -> String {
    if page.is_whole() { page.message() } else { page.text().to_owned() }
}

#[actix_web::test]
async fn every_list_refuses_what_it_does_not_know_by_name() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let lists = lists(&founder).await;
    assert!(lists.contains(&"/tenants".to_owned()) && lists.contains(&"/tenants.csv".to_owned()), "{lists:?}");
    let (long, deep) = ("x".repeat(10_000), "%25".repeat(3_000));
    for list in lists {
        for (query, name) in [
            ("nonsense=1", "nonsense"),
            ("sort=nonsense", "nonsense"),
            ("sort=-", "sort"),
            ("sort=%27;drop", "sort"),
            ("after=nonsense", "after"),
            ("after=Pm5hbWUKCg", "after"),
            ("q=%00", "q"),
            ("q=%FF%FE", "q"),
            ("%FF=1", "UTF-8"),
            (&format!("q={long}"), "q"),
            (&format!("q={deep}"), "q"),
            (&format!("{long}=1"), "filter"),
        ] {
            let page = founder.get(&format!("{list}?{query}")).await;
            let shown: String = query.chars().take(40).collect();
            assert_eq!(page.status, 400, "{list}?{shown}");
            assert!(message(&page).contains(name), "{list}?{shown} should name {name}: {}", message(&page));
        }
    }
}

#[actix_web::test]
async fn no_address_breaks_at_odd_queries_and_ids() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for path in addresses(&Method::GET) {
        for query in ["", "?return_to=%00", "?return_to=%FF", "?a=%FF&&&==", "?%00", "?=", "?q=%25&q=%5C"] {
            let page = founder.get(&format!("{path}{query}")).await;
            assert!(page.status < 500, "{path}{query}: {}", page.status);
        }
    }
    // Most ids are of one shape, and what has another is nothing's.
    for route in routes::table().into_iter().filter(|route| route.path.contains('{')) {
        let parts = route.path.split('/').map(|part| if part.starts_with('{') { "zzz" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let page = match route.method.as_str() {
            "GET" => founder.get(&path).await,
            _ => founder.post_form(&path, &[("reason", "x")]).await,
        };
        assert!(page.status < 500 && page.status != 200, "{path}: {}", page.status);
        assert!(!page.text().contains("UUID"), "{path} says what only a program understands: {}", page.text());
    }
    for id in ["%00", "%FF", "%2F", "a%0d%0ab", "%F0%9F%A6%80", &"x".repeat(5_000)] {
        for path in ["/tenants/", "/audit/", "/sign-in/link/"] {
            let page = founder.get(&format!("{path}{id}")).await;
            assert!(page.status < 500 && page.status != 200, "{path}{id}: {}", page.status);
        }
    }
}

#[actix_web::test]
async fn every_form_refuses_bodies_it_cannot_read() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    // An empty form is all that it takes to have the log verified.
    app.leaves_jobs();
    let forms = addresses(&Method::POST);
    assert!(forms.len() >= 9, "{forms:?}");
    for path in forms {
        let send = async |content_type: &'static str, body: Vec<u8>| founder.post_body(&path, content_type, body).await;
        let page = send(FORM, vec![b'a'; 300 * 1024]).await;
        assert_eq!(page.status, 413, "{path}");
        assert!(page.message().contains("256 kB"), "{path}: {}", page.message());
        for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let page = send(content_type, b"{}".to_vec()).await;
            assert_eq!(page.status, 415, "{path} as {content_type}");
            assert!(page.message().contains(FORM), "{path}: {}", page.message());
        }
        let page = send(FORM, b"reason=ok&name=%FF%FE".to_vec()).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(page.message().contains("name is not valid UTF-8"), "{path}: {}", page.message());
        let raw = send(FORM, b"name=\xFF".to_vec()).await;
        assert_eq!(raw.status, 400, "{path}");
        for body in
            ["", "&&&=", "name=%00&reason=%00&slug=%00&confirm=%00&email=%00", "version=99999999999999999999", "%"]
        {
            let page = send(FORM, body.as_bytes().to_vec()).await;
            assert!(page.status < 500, "{path} with {body}: {}", page.status);
        }
    }
}

#[actix_web::test]
async fn a_body_without_a_type_or_an_end_is_no_error_of_ours() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let bare = founder.request(Method::POST, "/tenants").header(ORIGIN, &app.base);
    assert_eq!(founder.send(bare).await.status, 422);
    let upper = founder.request(Method::POST, "/tenants").header(ORIGIN, &app.base).header(CONTENT_TYPE, FORM);
    let page = founder.send(upper.body("name=A&name=B&slug=two-names&region=eu-west")).await;
    assert_eq!(page.status, 303);
    assert_eq!(app.text("select name from control.tenants").await, "A", "the first value counts");
}

/// Makes a tenant by the form. Returns the answer.
async fn make(person: &Person, name: &str, slug: &str, notes: &str) -> Page {
    let form = person.get("/tenants/new").await.form().with("name", name).with("slug", slug);
    person.submit(&form.with("notes", notes)).await
}

#[actix_web::test]
async fn long_and_broken_names_are_refused_in_words() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let page = make(&admin, &"n".repeat(10_000), "long", "").await;
    assert_eq!(
        (page.status, page.field_error("name").as_str()),
        (422, "may have 200 characters at most; this has 10000")
    );
    assert_eq!(page.form().value("name").len(), 10_000, "nothing typed is lost");
    let page = make(&admin, "a\0b", "nul", "c\0d").await;
    assert_eq!((page.status, page.errors().len()), (422, 2));
    assert!(page.field_error("name").contains("NUL"), "{}", page.field_error("name"));
    assert_eq!(make(&admin, "two\nlines", "lines", "").await.field_error("name"), "must be a single line");
    for slug in ["with space", &"s".repeat(200), "UPPER", "-edge", "edge-", "a--b", "ä", "s", "a/b", "🦀🦀"] {
        let page = make(&admin, "Fine", slug, "").await;
        assert_eq!(page.status, 422, "{slug}");
        assert!(page.field_error("slug").contains("2 to 63 small letters"), "{slug}");
    }
    for slug in ["new", "019a0000-0000-7000-8000-000000000000"] {
        let page = make(&admin, "Fine", slug, "").await;
        assert!(page.field_error("slug").contains("addresses use for something else"), "{slug}");
    }
    for name in ["\u{200b}\u{200b}", "\u{2060}\u{feff}", "\u{ad}"] {
        assert_eq!(make(&admin, name, "blank", "").await.field_error("name"), "is required", "{name:?}");
    }
    for name in ["pay\u{202e}lap", "\u{2066}Fine\u{2069}"] {
        let page = make(&admin, name, "turned", "").await;
        assert!(page.field_error("name").contains("direction of text"), "{name:?}");
    }
    let page = make(&admin, "Fine", "fine", &"n".repeat(10_001)).await;
    assert!(page.field_error("notes").contains("10000 characters at most"));
    assert_eq!(make(&admin, &"é".repeat(200), "accents", "").await.status, 303, "characters count, not bytes");
    assert_eq!(app.number("select count(*) from control.tenants").await, 1);
}

#[actix_web::test]
async fn all_writing_systems_are_kept_as_typed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (name, slug) in
        [("🦀 Crab & Söhne “GmbH”", "crab"), ("שלום عليكم", "rtl"), ("日本語テナント", "japan"), ("e\u{301}", "accent")]
    {
        let answer = make(&admin, name, slug, name).await;
        assert_eq!(answer.status, 303, "{name}");
        assert_eq!(app.text(&format!("select name from control.tenants where slug = '{slug}'")).await, name);
        let page = admin.follow(&answer).await;
        assert_eq!(page.title(), name);
        assert!(page.texts(".flash").join("").contains(name));
        assert!(admin.get("/tenants").await.names().contains(&name.to_owned()));
        assert!(admin.get("/tenants.csv").await.text().contains(&name.replace('"', "\"\"")), "{name}");
        let found = admin.get(&format!("/tenants?q={}", castellan::web::query::encode(name))).await;
        assert_eq!(found.names(), [name]);
        assert_eq!(admin.get(&format!("/tenants/{slug}")).await.status, 308);
    }
}

#[actix_web::test]
async fn markup_stays_text_on_every_page() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let evil = "<img src=x onerror=alert(1)>'\"--><script>alert(2)</script>{{7*7}}";
    let id = make(&admin, evil, "evil", evil).await.location();
    let form = admin.get(&format!("{id}/edit")).await.form();
    assert_eq!((form.value("name"), form.value("notes")), (evil, evil));
    assert_eq!(admin.submit(&form.clone().with("notes", "").with("reason", evil)).await.status, 303);
    let stale = admin.submit(&form.with("name", &format!("{evil}2")).with("region", evil)).await;
    assert_eq!(stale.status, 422);
    let stale = admin.submit(&stale.form().with("region", "us-east")).await;
    assert_eq!(stale.status, 409);
    let encoded = castellan::web::query::encode(evil);
    for page in [
        stale,
        admin.get("/tenants").await,
        admin.get(&format!("/tenants?q={encoded}")).await,
        admin.get(&format!("/tenants?{encoded}=1")).await,
        admin.get(&format!("/tenants?sort={encoded}")).await,
        admin.get(&format!("/tenants?status={encoded}")).await,
        admin.get(&format!("/{encoded}")).await,
        admin.get(&id).await,
        admin.get(&format!("{id}/history")).await,
        admin.get(&format!("{id}/suspension/new?return_to=/tenants%3F{encoded}")).await,
        admin.get("/audit").await,
        app.anonymous().get(&format!("/sign-in?return_to=/{encoded}")).await,
        app.anonymous().sign_in(evil, "x").await,
    ] {
        let document = page.document();
        let found = |selector: &str| document.select(&scraper::Selector::parse(selector).expect("a selector")).count();
        assert_eq!(found("img, [onerror], script:not([src])"), 0, "{} runs what was typed", page.path);
        assert!(!page.text().contains("<script>alert"), "{}", page.path);
    }
}
