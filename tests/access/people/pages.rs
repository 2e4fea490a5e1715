//! A person's page and its tabs, and editing.

use uuid::Uuid;

use crate::support::{PASSWORD, Page, Person, TestApp};

async fn open(person: &Person, id: Uuid, tab: &str) -> Page {
    let page = person.get(&format!("/people/{id}{tab}")).await;
    assert_eq!(page.status, 200, "{tab}");
    page
}

#[actix_web::test]
async fn the_overview_shows_who_somebody_is_and_leads_to_what_they_may_do() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (id, email) = app.staff("support").await;
    let page = open(&founder, id, "").await;
    assert_eq!((page.title(), page.texts(".title .state")), ("support 2".into(), vec!["active".into()]));
    assert!(page.texts("dl.facts").join(" ").contains(&email));
    let access = founder.get(&page.link("what they may do, and why")).await;
    assert_eq!((access.status, access.texts(".tabs a[aria-current]")), (200, vec!["Access".to_owned()]));
    let mut rights = access.rows().into_iter().filter(|row| row[0] == "tenants.view");
    assert_eq!(rights.next().expect("a right")[1..], ["everywhere", "support"]);
    app.execute(&format!("update control.users set status = 'suspended' where id = '{id}'")).await;
    assert!(open(&founder, id, "/access").await.texts(".banner").join("").contains("cannot sign in at present"));
}

#[actix_web::test]
async fn somebody_of_a_tenant_has_no_rights_here() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("northwind").await;
    let id = app.member(tenant, "bob@northwind.example", "owner").await;
    let page = open(&founder, id, "").await;
    let access = open(&founder, id, "/access").await;
    assert!(access.texts(".empty").join("").contains("may do nothing that needs a right"));
    assert!(access.texts(".banner").join("").contains("is not staff"));
    assert_eq!(page.link("northwind"), format!("/tenants/{tenant}/people?q=bob@northwind.example"));
    for (id, status) in [("nobody", 404), ("019a0000-0000-7000-8000-000000000000", 404), ("%00", 404)] {
        assert_eq!(founder.get(&format!("/people/{id}")).await.status, status, "{id}");
    }
}

#[actix_web::test]
async fn tabs_show_sessions_sign_ins_credentials_and_history() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (id, email) = app.staff("support").await;
    app.anonymous().sign_in(&email, "wrong horse battery").await;
    let person = app.browser_of(id, &email).await;

    let sessions = open(&founder, id, "/sessions").await;
    assert_eq!((sessions.rows().len(), sessions.rows()[0][1].as_str()), (1, "alive"));
    let tries = open(&founder, id, "/sign-ins").await;
    assert_eq!(tries.texts("#list .state"), ["success", "wrong password"]);
    let means = open(&founder, id, "/credentials").await;
    assert_eq!(means.rows()[0][..2], ["password", "valid"]);
    assert!(!means.text().contains("argon2") && !means.text().contains(PASSWORD));
    let history = open(&founder, id, "/history").await;
    let said = history.texts("ol.history").join(" ");
    assert!(said.contains("session.sign_in") && said.contains("user.create"), "{said}");
    assert_eq!(history.link("what they did"), format!("/audit?actor={id}"));
    assert_eq!(person.post_form("/sign-out", &[]).await.status, 303);
    assert_eq!(open(&founder, id, "/sessions").await.rows()[0][1], "signed out");
    for tab in ["/sessions", "/sign-ins", "/history"] {
        let fragment = founder.htmx_get(&format!("/people/{id}{tab}")).await;
        assert!(!fragment.is_whole() && fragment.text().trim_start().starts_with("<div id=\"list\">"), "{tab}");
        assert_eq!(founder.get(&format!("/people/{id}{tab}?sort=name")).await.status, 400, "{tab}");
    }
}

#[actix_web::test]
async fn roles_and_memberships_belong_to_the_history() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("northwind").await;
    let id = app.member(tenant, "bob@northwind.example", "member").await;
    app.member(tenant, "ada@northwind.example", "owner").await;
    let member = app.text(&format!("select id from control.workspace_members where user_id = '{id}'")).await;
    let form = founder.get(&format!("/tenants/{tenant}/people/{member}/edit")).await.form();
    assert_eq!(founder.submit(&form.with("role", "admin")).await.status, 303);
    assert!(open(&founder, id, "/history").await.texts("ol.history").join(" ").contains("member.change_role"));
}

#[actix_web::test]
async fn groups_and_second_factors_belong_to_the_history() {
    let app = TestApp::start().await;
    let (founder, person) = (app.founder().await, app.support().await);
    app.execute("insert into control.groups (id, name) values (gen_random_uuid(), 'Night shift')").await;
    let group = app.text("select id from control.groups").await;
    let form = founder.get(&format!("/groups/{group}/members/new")).await.form();
    let shown = founder.submit(&form.with("email", &person.email).with("reason", "works nights")).await;
    assert_eq!(founder.submit(&shown.form()).await.status, 303);
    app.elevate(&person).await;
    app.add_totp(&person).await;
    let history = open(&founder, person.id.expect("somebody"), "/history").await;
    let said = history.texts("ol.history").join(" ");
    assert!(said.contains("group.add_member") && said.contains("factor.add"), "{said}");
    let other = open(&founder, founder.id.expect("somebody"), "/history").await;
    assert!(!other.texts("ol.history").join(" ").contains("factor.add"), "that is another person's");
}

#[actix_web::test]
async fn the_profile_is_edited_with_a_version() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let person = app.support().await;
    let id = person.id.unwrap();
    app.execute(&format!("update control.users set email_verified_at = now() where id = '{id}'")).await;
    let form = founder.get(&format!("/people/{id}/edit")).await.form();
    let renamed = form.clone().with("name", "Ada").with("locale", "pt-BR").with("time_zone", "Europe/Berlin");
    let answer = founder.submit(&renamed.with("reason", "married")).await;
    assert_eq!(
        (answer.status, answer.location(), answer.flash()),
        (303, format!("/people/{id}"), "Ada is saved.".into())
    );
    assert_eq!(person.get("/tenants").await.status, 200, "a name ends nothing");
    let event = app.event("user.update").await;
    assert_eq!((event.reason.as_deref(), &event.of("users")[0].after["name"]), (Some("married"), &"Ada".into()));

    let stale = founder.submit(&form.clone().with("name", "Beta")).await;
    assert_eq!(
        (stale.status, stale.rows()[0].clone()),
        (409, ["name", "support 2", "Ada", "Beta"].map(String::from).to_vec())
    );
    let form = founder.get(&format!("/people/{id}/edit")).await.form();
    for (field, value, said) in [
        ("name", "", "is required"),
        ("name", "two\nlines", "single line"),
        ("name", &"x".repeat(10_000), "200 characters at most"),
        ("email", "nobody", "must be an e-mail address"),
        ("email", "a\0@b.c", "control character"),
        ("email", &founder.email.to_uppercase(), "belongs to somebody else"),
        ("locale", "English", "language tag"),
        ("time_zone", "Mars/Olympus", "time zone"),
        ("time_zone", "../../etc/passwd", "time zone"),
        ("version", "x", "whole number"),
    ] {
        let page = founder.submit(&form.clone().with(field, value)).await;
        assert_eq!(page.status, 422, "{field}={value}");
        let errors = page.errors().join(" ");
        assert!(errors.contains(said), "{field}={value}: {errors}");
    }
}

#[actix_web::test]
async fn another_address_is_not_proven_and_ends_sessions() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let person = app.support().await;
    let id = person.id.unwrap();
    app.execute(&format!("update control.users set email_verified_at = now() where id = '{id}'")).await;
    let form = founder.get(&format!("/people/{id}/edit")).await.form();
    let same = form.clone().with("email", &person.email.to_uppercase());
    assert_eq!(founder.submit(&same).await.status, 303);
    assert_eq!(person.get("/tenants").await.status, 200, "the same address in capitals is the same");
    let form = founder.get(&format!("/people/{id}/edit")).await.form();
    assert_eq!(founder.submit(&form.with("email", "new@example.net")).await.status, 303);
    assert_eq!(person.get("/tenants").await.status, 303, "the next request is refused");
    let state = format!("select concat_ws(' ', email, email_verified_at is null) from control.users where id = '{id}'");
    assert_eq!(app.text(&state).await, "new@example.net t");
    assert_eq!(
        app.texts("select recipient from control.outbox").await,
        [person.email.to_uppercase()],
        "the old address is told"
    );
    assert_eq!(app.anonymous().sign_in("new@example.net", PASSWORD).await.status, 303);
}
