//! Making and editing clients.

use super::super::id_of;
use crate::support::TestApp;

#[actix_web::test]
async fn a_client_is_made_as_a_draft_of_its_tenant() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let form = support.get(&format!("/tenants/{tenant}/clients/new")).await.form();
    assert_eq!(form.action, format!("/tenants/{tenant}/clients"));
    let form = form.with("name", "Bakery").with("slug", "bakery").with("website", "HTTPS://bakery.example/a?b=c");
    let form = form.with("contact_email", "Bea@bakery.example").with("notes", "Two\r\nlines");
    let answer = support.submit(&form).await;
    assert_eq!((answer.status, answer.flash().as_str()), (303, "Bakery is made."));
    assert_eq!(support.submit(&form).await.location(), answer.location(), "a second sending makes no second one");
    let page = support.follow(&answer).await;
    assert_eq!((page.status, page.title().as_str()), (200, "Bakery"));
    assert_eq!(page.texts(".title .state"), ["draft"]);
    assert_eq!(page.link("North"), format!("/tenants/{tenant}"));

    let id = id_of(&answer.location());
    let event = app.event("client.create").await;
    assert_eq!((event.target_id, event.tenant_id, event.changes.len()), (Some(id), Some(tenant), 1));
    assert_eq!(event.changes[0].after["notes"], "Two\nlines");
    assert_eq!(event.changes[0].after["created_by"].as_str().map(str::to_owned), support.id.map(|id| id.to_string()));
    for history in [format!("/clients/{id}/history"), format!("/tenants/{tenant}/history")] {
        let lines = support.get(&history).await.texts("ol.history li");
        assert!(lines[0].contains("client.create"), "{history}: {lines:?}");
    }
}

#[actix_web::test]
async fn the_tenant_is_named_by_slug_or_id() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("north").await;
    let form = founder.get("/clients/new?tenant=north").await.form();
    assert_eq!((form.action.as_str(), form.value("tenant_id")), ("/clients", "north"));
    let page = founder.submit(&form.clone().with("tenant_id", "nowhere").with("slug", "a")).await;
    assert_eq!((page.status, page.errors().len()), (422, 3), "{:?}", page.errors());
    assert!(page.field_error("tenant_id").contains("not the slug or id"), "{:?}", page.errors());
    let page = founder.submit(&form.clone().with("tenant_id", "").with("name", "A").with("slug", "aa")).await;
    assert_eq!(page.field_error("tenant_id"), "is required");
    let page = founder.submit(&form.clone().with("tenant_id", "019a0000-0000-7000-8000-000000000000")).await;
    assert!(page.field_error("tenant_id").contains("not the slug or id"), "{:?}", page.errors());
    assert_eq!(founder.submit(&form.with("name", "By slug").with("slug", "by-slug")).await.status, 303);
    let form = founder.get("/clients/new").await.form().with("tenant_id", &tenant.to_string());
    assert_eq!(founder.submit(&form.with("name", "By id").with("slug", "by-id")).await.status, 303);
    assert_eq!(app.number("select count(*) from control.clients").await, 2);
}

#[actix_web::test]
async fn all_errors_are_shown_at_once_and_values_kept() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("north").await;
    let form = founder.get(&format!("/tenants/{tenant}/clients/new")).await.form();
    let form = form.with("name", " ").with("slug", "Not A Slug").with("website", "javascript:alert(1)");
    let form = form.with("contact_email", "nobody").with("industry", &"x".repeat(101)).with("notes", "keep <me>");
    let page = founder.submit(&form).await;
    assert_eq!((page.status, page.errors().len()), (422, 5), "{:?}", page.errors());
    assert_eq!(page.field_error("website"), "must be an address that begins with https:// or http://");
    assert!(page.field_error("industry").contains("100 characters"));
    assert!(page.field_error("contact_email").contains("name@example.com"));
    assert_eq!((page.form().value("notes"), page.form().value("slug")), ("keep <me>", "Not A Slug"));
    for website in ["https://", "https:// a", "http://a b", "ftp://a", "//a", "https:/a"] {
        let page = founder.submit(&form.clone().with("website", website)).await;
        assert!(!page.field_error("website").is_empty(), "{website}");
    }
    let mended = page.form().with("name", "A").with("slug", "aa").with("website", "").with("industry", "");
    assert_eq!(founder.submit(&mended.with("contact_email", "")).await.status, 303);
    assert_eq!(app.text("select num_nulls(website, industry, contact_email) from control.clients").await, "3");
}

#[actix_web::test]
async fn a_slug_is_taken_once_per_tenant() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    app.client(north, "bakery", "active").await;
    let form = founder.get(&format!("/tenants/{north}/clients/new")).await.form();
    let page = founder.submit(&form.with("name", "Other").with("slug", "bakery")).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("slug").contains("another client of this tenant"), "{:?}", page.errors());
    assert!(app.events("client.create").await.is_empty(), "what was refused leaves no event");
    let form = founder.get("/clients/new?tenant=north").await.form().with("name", "Other").with("slug", "bakery");
    assert!(founder.submit(&form).await.field_error("slug").contains("another client of this tenant"));
    let form = founder.get(&format!("/tenants/{south}/clients/new")).await.form();
    assert_eq!(founder.submit(&form.with("name", "Other").with("slug", "bakery")).await.status, 303);
}

#[actix_web::test]
async fn a_closed_or_deleted_tenant_takes_no_clients() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("north").await;
    let new = format!("/tenants/{tenant}/clients/new");
    let form = founder.get(&new).await.form().with("name", "Late").with("slug", "late");
    app.execute("update control.tenants set status = 'closed', closed_at = now()").await;
    let why = "The tenant North is closed and takes no clients.";
    for page in [founder.get(&new).await, founder.submit(&form).await] {
        assert_eq!((page.status, page.errors()), (409, vec![why.to_owned()]));
    }
    let named = founder.get("/clients/new?tenant=north").await.form().with("name", "Late").with("slug", "late");
    let page = founder.submit(&named).await;
    assert_eq!((page.status, page.field_error("tenant_id").as_str()), (422, why));
    app.execute("update control.tenants set deleted_at = now()").await;
    let page = founder.submit(&form).await;
    assert_eq!(page.errors(), ["The tenant North is deleted and takes no clients."]);
    assert_eq!(app.number("select count(*) from control.clients").await, 0);
}

#[actix_web::test]
async fn an_edit_is_saved_with_its_reason_and_returns_to_the_list() {
    let app = TestApp::start().await;
    let support = app.support().await;
    let tenant = app.tenant("north").await;
    let id = app.client(tenant, "bakery", "active").await;
    let form = support.get(&format!("/clients/{id}/edit?return_to=/clients%3Fq%3Dba")).await.form();
    assert_eq!((form.action.clone(), form.value("version")), (format!("/clients/{id}"), "1"));
    let answer = support.submit(&form.with("industry", "Food").with("reason", "They asked")).await;
    assert_eq!((answer.status, answer.location().as_str()), (303, "/clients?q=ba"));
    let event = app.event("client.update").await;
    assert_eq!((event.reason.as_deref(), event.tenant_id, event.changes.len()), (Some("They asked"), Some(tenant), 1));
    let mut columns: Vec<&String> = event.changes[0].after.as_object().expect("columns").keys().collect();
    columns.sort();
    assert_eq!(columns, ["industry", "version"], "the sign of life is no change");
    assert_eq!(app.text("select last_activity_at > created_at from control.clients").await, "true");
}

#[actix_web::test]
async fn two_people_who_edit_the_same_client_see_each_others_values() {
    let app = TestApp::start().await;
    let (one, other) = (app.admin().await, app.admin().await);
    let tenant = app.tenant("north").await;
    let id = app.client(tenant, "bakery", "active").await;
    app.execute("update control.clients set notes = E'two\\nlines'").await;
    let edit = format!("/clients/{id}/edit");
    let (mine, theirs) = (one.get(&edit).await.form(), other.get(&edit).await.form());
    assert_eq!(other.submit(&theirs.with("name", "Theirs")).await.status, 303);
    let page = one.submit(&mine.with("name", "Mine").with("notes", "two\r\nlines")).await;
    assert_eq!(
        (page.status, page.rows()),
        (409, vec![vec!["name".into(), "Bakery".into(), "Theirs".into(), "Mine".into()]])
    );
    assert_eq!(one.submit(&page.form()).await.status, 303, "saving again is allowed");
    assert_eq!(app.text("select name from control.clients").await, "Mine");
    app.execute("update control.clients set deleted_at = now()").await;
    assert_eq!(one.get(&edit).await.status, 404, "a deleted client is not edited");
    assert_eq!(one.submit(&page.form()).await.status, 404);
}
