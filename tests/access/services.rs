//! Services: made with a first role, used by tokens alone.

use super::{give, make_role, on_tenant, role};
use crate::support::{FilledForm, Person, TestApp, Token};

async fn form(app: &TestApp, person: &Person, role_name: &str) -> FilledForm {
    let form = person.get("/services/new").await.form().with("name", "Nightly export").with("reason", "the warehouse");
    form.with("role_id", &role(app, role_name).await.to_string())
}

#[actix_web::test]
async fn a_service_is_made_and_reads_with_its_token() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.tenant("north").await;
    make_role(&app, "exporter", &["tenants.export"]).await;
    assert_eq!(founder.get("/people").await.link("New service"), "/services/new");
    let form = form(&app, &founder, "exporter").await;
    let made = founder.submit(&form).await;
    assert_eq!((made.status, made.flash().contains("Nightly export is made")), (303, true), "{:?}", made.errors());
    assert_eq!(founder.submit(&form).await.location(), made.location(), "the same form makes no second one");
    let event = app.event("user.create_service").await;
    assert_eq!((event.actor_id, event.reason.as_deref()), (founder.id, Some("the warehouse")));
    assert_eq!(event.of("assignments")[0].after["granted_by"], founder.id.expect("a person").to_string());

    let tokens = founder.follow(&made).await;
    assert!(tokens.text().contains("does nothing yet"), "{}", tokens.text());
    let new = founder.get(&tokens.link("New token")).await.form();
    let id = event.target_id.expect("a service").to_string();
    assert_eq!(new.value("user_id"), id);
    let token = Token::shown_on(&founder.submit(&new.with("name", "Nightly").with("scopes", "tenants.export")).await);
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);

    let url = format!("/people/{id}");
    assert_eq!(founder.get(&format!("{url}/tokens")).await.names(), ["Nightly"]);
    assert_eq!(founder.get(&format!("/tokens/{}", token.id)).await.link("Nightly export"), url);
    let credentials = founder.get(&format!("{url}/credentials")).await;
    assert!(credentials.text().contains("A service never signs in"), "{}", credentials.text());
    assert_eq!(founder.get(&format!("{url}/password-reset/new")).await.status, 409);
}

#[actix_web::test]
async fn a_service_holds_what_its_maker_holds_there() {
    let app = TestApp::start().await;
    let northwind = app.tenant("northwind").await;
    app.tenant("acme").await;
    let giver = app.person_with(&["access.view", "access.manage"]).await;
    let viewer = make_role(&app, "viewer", &["tenants.view"]).await;
    give(&app, viewer, ("user_id", giver.id.expect("a person")), &on_tenant(northwind)).await;
    let form = form(&app, &giver, "viewer").await;
    for (scope, tenant, status) in [("platform", "", 422), ("tenant", "acme", 422), ("tenant", "northwind", 303)] {
        let page = giver.submit(&form.clone().with("scope_kind", scope).with("tenant_id", tenant)).await;
        assert_eq!(page.status, status, "{scope} {tenant}");
        let refused = page.field_error("role_id");
        assert_eq!(refused.contains("tenants.view"), status == 422, "{scope} {tenant}: {refused}");
    }
    let held = "select scope_kind || ' ' || tenant_id from control.assignments a join control.users u on u.id = user_id
        where kind = 'service'";
    assert_eq!(app.text(held).await, format!("tenant {northwind}"));
}

#[actix_web::test]
async fn everything_wrong_is_said_at_once_and_nothing_is_made() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let fields = [("name", " "), ("role_id", "x"), ("scope_kind", "tenant"), ("expires_at", "2020-01-01")];
    let page = founder.post_form("/services", &fields).await;
    assert_eq!(page.status, 422);
    for field in ["name", "role_id", "tenant_id", "expires_at", "reason"] {
        assert!(!page.field_error(field).is_empty(), "{field}: {:?}", page.errors());
    }
    let form = form(&app, &founder, "support").await;
    for (field, value) in [
        ("name", "x\0"),
        ("name", &"x".repeat(201)),
        ("role_id", "019a0000-0000-7000-8000-000000000000"),
        ("tenant_id", "nowhere"),
    ] {
        let scope = if field == "tenant_id" { "tenant" } else { "platform" };
        let page = founder.submit(&form.clone().with("scope_kind", scope).with(field, value)).await;
        assert_eq!((page.status, page.field_error(field).is_empty()), (422, false), "{field} {value:?}");
    }
    assert_eq!(app.number("select count(*) from control.users where kind = 'service'").await, 0);
    let unelevated = app.staff("founder").await;
    let unelevated = app.unelevated(unelevated.0, &unelevated.1).await;
    assert_eq!(unelevated.get("/services/new").await.location(), "/elevation?return_to=/services/new");
    assert_eq!(unelevated.post_form("/services", &fields).await.status, 401);
    assert_eq!(app.auditor().await.get("/services/new").await.status, 403);
}
