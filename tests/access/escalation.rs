//! Nobody gives what they lack, whatever a form says.

use uuid::Uuid;

use super::{PLATFORM, confirm, give, make_role, nobody_special, on_tenant, role, tick};
use crate::support::{TestApp, Token};

const GIVER: [&str; 3] = ["access.view", "access.manage", "tenants.view"];

#[actix_web::test]
async fn a_role_is_made_of_what_its_maker_holds() {
    let app = TestApp::start().await;
    let giver = app.person_with(&GIVER).await;
    let form = giver.get("/roles/new").await.form().with("name", "mine");
    let page = giver.submit(&tick(form.clone(), "tenants.suspend")).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("privilege_name").contains("tenants.suspend"), "{:?}", page.errors());
    for odd in ["", "*", "tenants.*", "TENANTS.VIEW", "\0", "tenants.view\n", "🦊", &"x".repeat(10_000)] {
        let page = giver.submit(&tick(form.clone(), odd)).await;
        assert_eq!(page.status, 422, "{odd:?}");
        assert!(page.field_error("privilege_name").contains("is no privilege"), "{odd:?}: {:?}", page.errors());
    }
    let founder = role(&app, "founder").await;
    let copy = giver.get(&format!("/roles/new?copy={founder}")).await.form();
    assert_eq!(giver.submit(&copy).await.status, 422, "a copy of what one lacks");
    let made = giver.submit(&tick(tick(form, "tenants.view"), "tenants.view")).await;
    assert_eq!(made.status, 303, "{:?}", made.errors());
}

#[actix_web::test]
async fn nobody_widens_a_role_by_what_they_lack_nor_brings_it_back() {
    let app = TestApp::start().await;
    let giver = app.person_with(&GIVER).await;
    let id = giver.id.expect("a person");
    let own = app.text(&format!("select role_id from control.assignments where user_id = '{id}'")).await;
    let form = giver.get(&format!("/roles/{own}/edit")).await.form().with("reason", "more");
    let page = giver.submit(&tick(form.clone(), "tenants.suspend")).await;
    assert_eq!(page.status, 422, "also before anything is shown");
    assert!(page.field_error("privilege_name").contains("tenants.suspend"), "{:?}", page.errors());
    let page = giver.submit(&tick(form, "tenants.suspend").with("effect", "seen")).await;
    assert_eq!(page.status, 422);

    let wide = make_role(&app, "wide", &["tenants.view", "jobs.view"]).await;
    let form = giver.get(&format!("/roles/{wide}/edit")).await.form().with("reason", "a better name");
    confirm(&giver, &form.with("name", "wider")).await;
    assert_eq!(app.number(&format!("select count(*) from control.role_privileges where role_id = '{wide}'")).await, 2);
    app.execute(&format!("update control.roles set deleted_at = now() where id = '{wide}'")).await;
    let page = giver.get(&format!("/roles/{wide}/restoration/new")).await;
    assert_eq!(page.status, 422);
    assert!(page.message().contains("jobs.view"), "{}", page.message());
    assert_eq!(giver.post_form(&format!("/roles/{wide}/restoration"), &[("reason", "x")]).await.status, 422);
}

#[actix_web::test]
async fn a_role_is_given_where_its_giver_holds_it() {
    let app = TestApp::start().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let giver = app.person_with(&["access.view", "access.manage"]).await;
    let viewer = make_role(&app, "viewer", &["tenants.view"]).await;
    give(&app, viewer, ("user_id", giver.id.expect("a person")), &on_tenant(northwind)).await;
    let bakery = app.client(northwind, "bakery", "active").await;
    let person = nobody_special(&app).await;
    let form = giver.get("/assignments/new").await.form().with("email", &person.email).with("reason", "why");
    let form = form.with("role_id", &viewer.to_string());
    for (scope, tenant, status) in [("platform", "", 422), ("tenant", "acme", 422), ("tenant", "northwind", 200)] {
        let page = giver.submit(&form.clone().with("scope_kind", scope).with("tenant_id", tenant)).await;
        assert_eq!(page.status, status, "{scope} {tenant}");
        let refused = page.field_error("role_id");
        assert_eq!(refused.contains("tenants.view"), status == 422, "{scope} {tenant}: {refused}");
    }
    let client = form.clone().with("scope_kind", "client").with("client_id", &bakery.to_string());
    confirm(&giver, &client).await;
    for hidden in [("granted_by", acme.to_string()), ("is_system", "true".into()), ("revoked_at", "now".into())] {
        let form = form.clone().with("scope_kind", "tenant").with("tenant_id", "northwind").with(hidden.0, &hidden.1);
        assert_eq!(giver.submit(&form).await.status, 200, "{}: unknown fields are nothing", hidden.0);
    }
    let founder = form.with("role_id", &role(&app, "founder").await.to_string()).with("scope_kind", "platform");
    assert_eq!(giver.submit(&founder.with("email", &giver.email)).await.status, 422, "not to oneself either");
    let by = "select distinct granted_by::text from control.assignments where scope_kind = 'client'";
    assert_eq!(app.text(by).await, giver.id.expect("a person").to_string());
}

#[actix_web::test]
async fn nobody_joins_a_group_that_holds_more_than_they_do() {
    let app = TestApp::start().await;
    let giver = app.person_with(&GIVER).await;
    let group = Uuid::now_v7();
    app.execute(&format!("insert into control.groups (id, name) values ('{group}', 'owners')")).await;
    let form = giver.get(&format!("/groups/{group}/members/new")).await.form();
    let form = form.with("email", &giver.email).with("reason", "me too");
    assert_eq!(giver.submit(&form).await.status, 200, "it holds nothing yet");
    give(&app, role(&app, "founder").await, ("group_id", group), PLATFORM).await;
    let page = giver.submit(&form).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("email").contains("you do not hold"), "{:?}", page.errors());
    app.execute("update control.groups set deleted_at = now()").await;
    assert_eq!(giver.get(&format!("/groups/{group}/restoration/new")).await.status, 422);
    assert_eq!(app.number("select count(*) from control.group_memberships").await, 0);
}

#[actix_web::test]
async fn a_right_on_one_tenant_changes_nothing_that_holds_everywhere() {
    let app = TestApp::start().await;
    let own = app.tenant("own").await;
    let person = app.scoped_to_tenant(&["access.view", "access.manage", "tenants.view"], own).await;
    let viewer = make_role(&app, "viewer", &["tenants.view"]).await;
    let department = Uuid::now_v7();
    app.execute(&format!(
        "insert into control.departments (id, tenant_id, name) values ('{department}', '{own}', 'sales')"
    ))
    .await;
    let before = app.log_size().await;
    for (path, fields) in [
        ("/roles".to_owned(), vec![("name", "mine")]),
        (format!("/roles/{viewer}"), vec![("name", "mine"), ("version", "1"), ("reason", "x")]),
        (format!("/roles/{viewer}/deletion"), vec![("reason", "x")]),
        ("/groups".to_owned(), vec![("name", "mine"), ("tenant_id", "own")]),
        (format!("/tenants/{own}/departments"), vec![("name", "mine")]),
        (format!("/tenants/{own}/departments/{department}"), vec![("name", "mine"), ("version", "1")]),
        (format!("/tenants/{own}/departments/{department}/deletion"), vec![("reason", "x")]),
    ] {
        let page = person.post_form(&path, &fields).await;
        assert_eq!(page.status, 403, "{path}: {:?}", page.errors());
        assert!(page.message().contains("access.manage"), "{path}: {}", page.message());
    }
    assert_eq!(app.log_size().await, before);
}

#[actix_web::test]
async fn nobody_learns_a_services_token_that_opens_what_they_lack() {
    let app = TestApp::start().await;
    let (founder, giver) = (app.founder().await, app.person_with(&GIVER).await);
    let service = app.service("Exporter", &["clients.export", "tenants.view"]).await.to_string();
    let form = founder.get("/tokens/new").await.form().with("name", "Nightly").with("user_id", &service);
    let token = Token::shown_on(&founder.submit(&form.with("scopes", "clients.export")).await);
    let (url, asking) = (format!("/tokens/{}", token.id), format!("/tokens/{}/rotation/new", token.id));
    assert_eq!(giver.get(&url).await.link("Rotate…"), "");
    assert_eq!(founder.get(&url).await.link("Rotate…"), asking);
    let asked = giver.get(&asking).await;
    let sent = giver.post_form(&format!("{url}/rotation"), &[("overlap_hours", "1"), ("reason", "mine")]).await;
    for page in [asked, sent] {
        assert_eq!(page.status, 422, "{}", page.path);
        assert!(page.message().contains("would open clients.export"), "{}", page.message());
    }
    assert_eq!(app.number("select count(*) from control.api_tokens").await, 1);
    assert_eq!(founder.submit(&founder.get(&asking).await.form().with("reason", "yearly")).await.status, 201);
}

#[actix_web::test]
async fn a_services_token_is_made_by_those_who_hold_its_rights_there() {
    let app = TestApp::start().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let giver = app.person_with(&["access.view", "access.manage"]).await;
    let exporter = make_role(&app, "exporter", &["clients.export"]).await;
    give(&app, exporter, ("user_id", giver.id.expect("a person")), &on_tenant(northwind)).await;
    let form = giver.get("/tokens/new").await.form().with("name", "Nightly").with("scopes", "clients.export");
    for (name, place, status) in
        [("everywhere", PLATFORM.to_owned(), 422), ("there", on_tenant(acme), 422), ("here", on_tenant(northwind), 201)]
    {
        let service = app.service(name, &[]).await;
        give(&app, exporter, ("user_id", service), &place).await;
        let page = giver.submit(&form.clone().with("user_id", &service.to_string())).await;
        assert_eq!(page.status, status, "{name}: {:?}", page.errors());
        let refused = page.field_error("scopes");
        assert_eq!(refused.contains("clients.export"), status == 422, "{name}: {refused}");
    }
    assert_eq!(app.number("select count(*) from control.api_tokens").await, 1);
}

/// A form writes what it asks for; columns that are sent besides are nothing.
#[actix_web::test]
async fn no_form_sets_what_it_does_not_ask_for() {
    let app = TestApp::start().await;
    let (own, other) = (app.tenant("own").await, app.tenant("other").await);
    let client = app.client(own, "bakery", "draft").await;
    let user = app.member(own, "ada@own.example", "member").await;
    let founder = app.founder().await;
    let row = async |table: &str, id: Uuid, columns: &str| {
        app.text(&format!("select concat_ws(' ', {columns}) from control.{table} where id = '{id}'")).await
    };
    let (tenant, nothing) = (other.to_string(), Uuid::now_v7().to_string());
    let slipped = [
        ("id", nothing.as_str()),
        ("tenant_id", tenant.as_str()),
        ("user_id", nothing.as_str()),
        ("is_staff", "true"),
        ("kind", "service"),
        ("status", "suspended"),
        ("mfa_enabled", "true"),
        ("authority_epoch", "9"),
        ("email_verified_at", "2001-01-01"),
        ("deleted_at", "2001-01-01"),
        ("created_by", nothing.as_str()),
        ("granted_by", nothing.as_str()),
        ("is_system", "true"),
    ];
    for (table, id, path, columns) in [
        (
            "users",
            user,
            format!("/people/{user}"),
            "is_staff, kind, status, mfa_enabled, authority_epoch, email_verified_at, deleted_at, created_by",
        ),
        ("tenants", own, format!("/tenants/{own}"), "status, deleted_at, created_by"),
        ("clients", client, format!("/clients/{client}"), "tenant_id, status, deleted_at, created_by"),
    ] {
        let before = row(table, id, columns).await;
        let form = founder.get(&format!("{path}/edit")).await.form();
        let asked: Vec<&str> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
        let besides: Vec<_> = slipped.iter().filter(|(name, _)| !asked.contains(name)).collect();
        assert!(besides.len() > 10, "{path} asks for {asked:?}");
        let form = besides.into_iter().fold(form.clone(), |form, (name, value)| form.with(name, value));
        let answer = founder.submit(&form.with("name", "Renamed")).await;
        assert_eq!(answer.status, 303, "{path}: {:?}", answer.errors());
        assert_eq!(row(table, id, columns).await, before, "{path}");
        assert_eq!(row(table, id, "name").await, "Renamed", "{path}");
    }
}
