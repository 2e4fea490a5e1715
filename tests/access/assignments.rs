//! Assignments: given to people, groups and departments, on any scope; the list; the end.

use super::{PLATFORM, act, confirm, give, make_role, nobody_special, on_tenant, role, sides};
use crate::support::{TestApp, Token};

#[actix_web::test]
async fn a_role_is_given_to_a_person_on_a_tenant_and_taken_again() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let acme = app.tenant("acme").await;
    let keeper = make_role(&app, "keeper", &["tenants.view", "tenants.manage"]).await;
    let person = nobody_special(&app).await;
    assert_eq!(person.get(&format!("/tenants/{northwind}")).await.status, 403);

    let form = founder.get(&format!("/assignments/new?role={keeper}")).await.form();
    assert_eq!(form.value("role_id"), keeper.to_string());
    let form = form.with("email", &person.email).with("scope_kind", "tenant").with("tenant_id", "northwind");
    let form = form.with("reason", "looks after it").with("expires_at", "2999-01-01");
    let (shown, done) = confirm(&founder, &form).await;
    assert_eq!(sides(&shown), ["1 person gains 2 rights"]);
    let rows = shown.rows();
    assert!(rows[0][0].contains(&person.email), "{rows:?}");
    assert_eq!(rows[0][1..], ["Northwind", "tenants.manage, tenants.view"]);
    assert_eq!(person.get(&format!("/tenants/{northwind}")).await.status, 200);
    assert_eq!(person.get(&format!("/tenants/{acme}")).await.status, 404);

    let page = founder.follow(&done).await;
    assert!(page.texts("dl.facts").join(" ").contains(&format!("by {}", founder.email)));
    let event = app.event("assignment.create").await;
    assert_eq!((event.tenant_id, event.reason.as_deref()), (Some(northwind), Some("looks after it")));

    let twice = founder.submit(&form.with("idempotency_key", "")).await;
    assert!(twice.field_error("role_id").contains("held there already"), "{:?}", twice.errors());
    let (shown, revoked) = act(&founder, &format!("{}/revocation", done.location())).await;
    assert_eq!((sides(&shown), revoked.status), (vec!["1 person loses 2 rights".to_owned()], 303));
    assert_eq!(person.get(&format!("/tenants/{northwind}")).await.status, 403, "at the next request");
    assert_eq!(founder.get(&format!("{}/revocation/new", done.location())).await.status, 409);
}

#[actix_web::test]
async fn the_tenant_of_a_client_is_filled_in() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (northwind, acme) = (app.tenant("northwind").await, app.tenant("acme").await);
    let bakery = app.client(northwind, "bakery", "active").await;
    app.client(acme, "bakery", "active").await;
    let person = nobody_special(&app).await;
    let form = founder.get("/assignments/new").await.form().with("email", &person.email).with("reason", "why");
    let form = form.with("role_id", &role(&app, "support").await.to_string()).with("scope_kind", "client");
    let page = founder.submit(&form.clone().with("client_id", "bakery")).await;
    assert!(page.field_error("client_id").contains("several"), "{:?}", page.errors());
    let page = founder.submit(&form.clone().with("client_id", "nothing")).await;
    assert!(page.field_error("client_id").contains("not the slug or id"), "{:?}", page.errors());
    confirm(&founder, &form.clone().with("client_id", "bakery").with("tenant_id", "northwind")).await;
    let stored = "select tenant_id || ' ' || client_id from control.assignments where scope_kind = 'client'";
    assert_eq!(app.text(stored).await, format!("{northwind} {bakery}"));
    assert_eq!(person.get(&format!("/clients/{bakery}")).await.status, 200);
    let other = form.with("client_id", &bakery.to_string()).with("tenant_id", "acme");
    assert_eq!(founder.submit(&other).await.status, 422, "a client of another tenant");
}

#[actix_web::test]
async fn wrong_forms_are_refused_with_everything_that_is_wrong() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.tenant("northwind").await;
    let (_, email) = app.staff("support").await;
    let admin = role(&app, "admin").await.to_string();
    let form = founder.get("/assignments/new").await.form();
    let page = founder.submit(&form.clone().with("scope_kind", "world").with("role_id", "x")).await;
    assert_eq!((page.status, page.errors().len()), (422, 4), "{:?}", page.errors());
    let good = form.with("role_id", &admin).with("email", &email).with("reason", "why");
    let nil = uuid::Uuid::nil().to_string();
    for (field, value, says) in [
        ("email", "nobody@example.com", "belongs to nobody"),
        ("email", "no address", "must be an e-mail"),
        ("role_id", nil.as_str(), "one of the roles"),
        ("expires_at", "2001-01-01", "in the future"),
        ("expires_at", "soon", "a day such as"),
        ("tenant_id", "northwind", "does not go with this scope"),
        ("reason", " ", "is required"),
    ] {
        let page = founder.submit(&good.clone().with(field, value)).await;
        assert_eq!(page.status, 422, "{field}={value}");
        assert!(page.field_error(field).contains(says), "{field}={value}: {:?}", page.errors());
    }
    for (field, value) in [("group_id", &nil), ("user_id", &nil), ("department_id", &nil)] {
        let page = founder.submit(&good.clone().with("email", "").with(field, value)).await;
        assert_eq!(page.status, 422, "{field}");
        let page = founder.submit(&good.clone().with(field, value)).await;
        assert_eq!(page.status, 422, "{field} and a person");
    }
    let odd = good.clone().with("scope_kind", "tenant");
    assert_eq!(founder.submit(&odd.clone().with("tenant_id", "nowhere")).await.status, 422);
    assert_eq!(founder.submit(&odd).await.field_error("tenant_id"), "is required");
    for value in ["\0", &"x".repeat(10_000), "🦊", "'; drop table control.roles; --"] {
        for field in ["email", "tenant_id", "client_id", "role_id", "reason", "expires_at", "group_id"] {
            let page = founder.submit(&good.clone().with(field, value)).await;
            assert!(page.status < 500, "{field}: {}", page.status);
        }
    }
}

#[actix_web::test]
async fn the_list_is_filtered_and_exported() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant("northwind").await;
    let (ada, ada_email) = app.staff("support").await;
    let keeper = make_role(&app, "keeper", &["tenants.view"]).await;
    let soon = give(&app, keeper, ("user_id", ada), &on_tenant(northwind)).await;
    app.execute(&format!("update control.assignments set expires_at = now() + interval '3 days' where id = '{soon}'"))
        .await;
    let gone = give(&app, keeper, ("user_id", ada), PLATFORM).await;
    app.execute(&format!("update control.assignments set revoked_at = now() where id = '{gone}'")).await;
    let ids = async |query: &str| founder.get(&format!("/assignments?{query}")).await.attributes("tbody tr", "id");
    assert_eq!(ids(&format!("role={keeper}")).await, [soon.to_string()]);
    assert_eq!(ids(&format!("role={keeper}&state=revoked")).await, [gone.to_string()]);
    assert_eq!(ids(&format!("role={keeper}&state=revoked,live")).await.len(), 2);
    assert_eq!(ids("expiring=soon").await, [soon.to_string()]);
    assert_eq!(ids(&format!("tenant={northwind}&scope=tenant&principal=user&used=never")).await, [soon.to_string()]);
    assert!(ids("principal=group,department").await.is_empty());
    assert_eq!(ids(&format!("q={}&scope=tenant", ada_email.to_uppercase())).await, [soon.to_string()]);
    let page = founder.get(&format!("/assignments?role={keeper}&tenant={northwind}")).await;
    assert_eq!(page.texts(".chip b"), ["keeper", "Northwind"]);

    let csv = founder.get(&format!("/assignments.csv?role={keeper}")).await;
    assert!(csv.text().starts_with("id,role_id,role,principal_kind,principal,email,scope_kind,tenant_id,tenant,"));
    assert_eq!(csv.text().lines().count(), 2);
    assert!(app.event("access.export").await.is_read);
}

#[actix_web::test]
async fn use_is_noted_at_most_once_an_hour_for_all_that_counts() {
    let app = TestApp::start().await;
    let person = app.admin().await;
    let id = person.id.expect("a person");
    let group = uuid::Uuid::now_v7();
    app.execute(&format!(
        "insert into control.groups (id, name) values ('{group}', 'all');
        insert into control.group_memberships (id, group_id, user_id) values (gen_random_uuid(), '{group}', '{id}')"
    ))
    .await;
    give(&app, role(&app, "auditor").await, ("group_id", group), PLATFORM).await;
    let other = make_role(&app, "other", &["clients.export"]).await;
    let other = give(&app, other, ("user_id", id), PLATFORM).await;
    let changes = app.log_size().await;
    let used = "select count(*) from control.assignments where last_used_at > now() - interval '1 minute'";
    person.get("/account/sessions").await;
    assert_eq!(app.number(used).await, 0, "one's own account needs no role");
    person.get("/tenants").await;
    assert_eq!(app.number(used).await, 2, "the one given and the one through the group, and nothing besides");
    let unused = format!("select count(*) from control.assignments where id = '{other}' and last_used_at is null");
    assert_eq!(app.number(&unused).await, 1, "nothing was taken out");
    app.execute("update control.assignments set last_used_at = now() - interval '30 minutes'").await;
    person.get("/tenants").await;
    person.get("/people").await;
    assert_eq!(app.number(used).await, 0, "it is not an hour yet");
    assert_eq!(app.log_size().await.1, changes.1, "and no history is made of it");
}

#[actix_web::test]
async fn what_a_program_needs_is_used() {
    let app = TestApp::start().await;
    let service = app.service("Exporter", &["tenants.export"]).await;
    let unneeded = make_role(&app, "unneeded", &["clients.export"]).await;
    give(&app, unneeded, ("user_id", service), PLATFORM).await;
    let founder = app.founder().await;
    let form = founder.get("/tokens/new").await.form().with("name", "Nightly").with("user_id", &service.to_string());
    let token = Token::shown_on(&founder.submit(&form.with("scopes", "tenants.export")).await);
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
    let used = format!(
        "select string_agg((last_used_at is not null)::text, ' ' order by created_at)
        from control.assignments where user_id = '{service}'"
    );
    assert_eq!(app.text(&used).await, "true false");
}

#[actix_web::test]
async fn what_has_expired_can_be_given_anew() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let person = nobody_special(&app).await;
    let support = role(&app, "support").await;
    let old = give(&app, support, ("user_id", person.id.expect("a person")), PLATFORM).await;
    app.execute(&format!("update control.assignments set expires_at = now() where id = '{old}'")).await;
    assert_eq!(person.get("/tenants").await.status, 403);
    let form = founder.get(&format!("/assignments/new?role={support}")).await.form();
    confirm(&founder, &form.with("email", &person.email).with("reason", "again")).await;
    assert_eq!(person.get("/tenants").await.status, 200);
}
