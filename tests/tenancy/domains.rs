//! Domains: claimed, proven by a record that a job looks for, made primary, given up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use castellan::jobs::{Pace, Worker};
use castellan::tenancy;
use castellan::tenancy::domains::resolver::{Answer, Resolver};
use uuid::Uuid;

use crate::support::{Page, Person, TestApp};

/// Answers every question the same way.
struct Fixed(Answer);

impl Resolver for Fixed {
    fn txt<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        assert_eq!(name, "_castellan-challenge.shop.northwind.example");
        Box::pin(async { self.0.clone() })
    }
}

/// Runs what is queued with this answer to every question.
async fn look_up(app: &TestApp, answer: Answer) {
    let handlers = tenancy::handlers(Arc::new(Fixed(answer)));
    let worker = Worker::new(app.db().clone(), handlers, Pace::of(1)).expect("a worker can be made");
    assert_eq!(worker.drain().await.expect("the queue can be read"), 1);
}

/// Claims shop.northwind.example; returns its page's address.
async fn claim(person: &Person, tenant_id: Uuid) -> String {
    let form = person.get(&format!("/tenants/{tenant_id}/domains/new")).await.form();
    let answer = person.submit(&form.with("domain", "Shop.Northwind.example.")).await;
    assert_eq!(answer.status, 303, "{:?}", answer.errors());
    answer.location()
}

async fn check(person: &Person, url: &str) -> Page {
    person.post_form(&format!("{url}/check"), &[]).await
}

async fn state(app: &TestApp) -> String {
    app.text("select status || ' ' || (verified_at is not null) from control.tenant_domains where deleted_at is null")
        .await
}

fn value(page: &Page) -> String {
    page.texts("#record-value").join("")
}

#[actix_web::test]
async fn a_domain_shows_its_record_and_is_verified_by_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let url = claim(&admin, id).await;
    let page = admin.get(&url).await;
    assert_eq!(page.title(), "shop.northwind.example");
    assert_eq!(page.texts("#record-name"), ["_castellan-challenge.shop.northwind.example"]);
    assert!(value(&page).starts_with("castellan-verification="), "{}", value(&page));
    let made = app.event("domain.add").await;
    assert_eq!(
        (made.tenant_id, &made.of("tenant_domains")[0].after["verification_token"]),
        (Some(id), &"secret, changed".into())
    );

    assert!(check(&admin, &url).await.flash().contains("is being checked."));
    assert!(check(&admin, &url).await.flash().contains("is being checked already"));
    assert!(admin.get(&format!("/tenants/{id}")).await.texts("aside").join(" ").contains("tenancy.verify_domain"));
    look_up(&app, Ok(vec!["v=spf1 -all".into(), value(&page)])).await;
    assert_eq!(state(&app).await, "verified true");
    let event = app.event("domain.verify").await;
    assert_eq!((event.actor_kind.as_str(), event.tenant_id), ("job", Some(id)));
    let rows = admin.get(&format!("/tenants/{id}/domains")).await.rows();
    assert_eq!(rows[0][..2], ["shop.northwind.example", "verified"]);
}

#[actix_web::test]
async fn what_was_not_found_is_said_in_words() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let url = claim(&admin, id).await;
    let right = value(&admin.get(&url).await);
    let timeout = "The name servers did not answer within 5 seconds.";
    let answers: [(Answer, &str, &str); 5] = [
        (Err(timeout.into()), "failed false", timeout),
        (Ok(vec!["something else".into()]), "failed false", "does not hold the value asked for but “something else”"),
        (Ok(vec![right]), "verified true", ""),
        (Err(timeout.into()), "verified true", "The domain stays verified."),
        (Ok(Vec::new()), "failed true", "There is no TXT record _castellan-challenge.shop.northwind.example."),
    ];
    for (answer, expected, words) in answers {
        check(&admin, &url).await;
        look_up(&app, answer.clone()).await;
        assert_eq!(state(&app).await, expected, "{answer:?}");
        let banner = admin.get(&url).await.texts(".banner").join(" ");
        assert!(banner.contains(words) && banner.is_empty() == words.is_empty(), "{answer:?}: {banner}");
    }
}

#[actix_web::test]
async fn a_domain_removed_meanwhile_is_not_looked_for() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let url = claim(&admin, id).await;
    check(&admin, &url).await;
    let form = admin.get(&format!("{url}/removal/new")).await.form().with("reason", "sold");
    assert_eq!(admin.submit(&form).await.location(), format!("/tenants/{id}/domains"));
    look_up(&app, Ok(Vec::new())).await;
    assert!(app.events("domain.verify").await.is_empty());
    assert_eq!(admin.get(&url).await.status, 404);
    claim(&admin, app.tenant("acme").await).await;
}

#[actix_web::test]
async fn a_domain_belongs_to_one_tenant() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (id, other) = (app.tenant("northwind").await, app.tenant("acme").await);
    claim(&admin, id).await;
    for (tenant, words) in [(id, "is in this tenant's list already"), (other, "belongs to another tenant, Northwind")] {
        let form = admin.get(&format!("/tenants/{tenant}/domains/new")).await.form();
        let page = admin.submit(&form.with("domain", "shop.northwind.EXAMPLE")).await;
        assert_eq!((page.status, page.field_error("domain").as_str()), (422, words));
    }
    let manager = app.manager_of_tenant(other).await;
    let form = manager.get(&format!("/tenants/{other}/domains/new")).await.form();
    let page = manager.submit(&form.with("domain", "shop.northwind.example")).await;
    assert_eq!((page.status, page.field_error("domain").as_str()), (422, "belongs to another tenant"));
}

#[actix_web::test]
async fn a_domain_is_spelled_in_ascii() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/domains/new")).await.form();
    let long = format!("{}.example", "a".repeat(64));
    for (typed, words) in [
        ("", "is required"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("https://shop.example.com/", "without https://"),
        ("localhost", "such as shop.example.com"),
        ("-shop.example", "such as shop.example.com"),
        ("shop..example", "such as shop.example.com"),
        (&long, "such as shop.example.com"),
        ("10.0.0.1", "top-level"),
    ] {
        let page = admin.submit(&form.clone().with("domain", typed)).await;
        assert_eq!((page.status, page.value("domain").as_str()), (422, typed));
        assert!(page.field_error("domain").contains(words), "{typed}: {:?}", page.errors());
    }
    assert_eq!(admin.submit(&form.with("domain", "xn--mnchen-3ya.example")).await.status, 303);
}

#[actix_web::test]
async fn only_a_verified_domain_becomes_primary() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = app.tenant("northwind").await;
    let url = claim(&admin, id).await;
    app.execute(&format!(
        "insert into control.tenant_domains (id, tenant_id, domain, status, verified_at, is_primary, verification_token)
        values (gen_random_uuid(), '{id}', 'northwind.example', 'verified', now(), true, repeat('x', 32))"
    ))
    .await;
    let page = admin.get(&format!("{url}/promotion/new")).await;
    assert_eq!(page.status, 409);
    assert!(page.errors().join("").contains("Only a verified domain"), "{:?}", page.errors());
    let right = value(&admin.get(&url).await);
    check(&admin, &url).await;
    look_up(&app, Ok(vec![right])).await;
    let form = admin.get(&format!("{url}/promotion/new")).await.form().with("reason", "their shop");
    assert_eq!(admin.submit(&form).await.flash(), "shop.northwind.example is the primary domain now.");
    let primary = app.texts("select domain from control.tenant_domains where is_primary").await;
    assert_eq!(primary, ["shop.northwind.example"]);
    let csv = admin.get(&format!("/tenants/{id}/domains.csv?status=verified&q=SHOP")).await;
    assert_eq!(csv.text().lines().count(), 2, "{}", csv.text());
    let elsewhere = url.replace(&id.to_string(), &app.tenant("acme").await.to_string());
    assert_eq!(admin.get(&elsewhere).await.status, 404);
}
