//! A role can ask whoever holds it for a second factor, through whatever they hold it.

use uuid::Uuid;

use super::{PLATFORM, confirm, give, make_role, nobody_special, role};
use crate::support::{FilledForm, Page, Person, TestApp};

/// Lets a role ask for a second factor, past all pages.
async fn ask(app: &TestApp, role: Uuid) {
    app.execute(&format!("update control.roles set mfa_required = true where id = '{role}'")).await;
}

/// Somebody who holds a role through a group or a department, besides one that asks for nothing.
async fn through(app: &TestApp, role: Uuid, kind: &str) -> Person {
    let person = app.person_with(&["tenants.view"]).await;
    let (tenant, user, id) = (app.tenant(kind).await, person.id.expect("a person"), Uuid::now_v7());
    let statements = match kind {
        "group" => format!(
            "insert into control.groups (id, name) values ('{id}', 'Walkers');
            insert into control.group_memberships (id, group_id, user_id) values (gen_random_uuid(), '{id}', '{user}')"
        ),
        _ => format!(
            "insert into control.workspace_members (id, workspace_id, tenant_id, user_id, role)
                select gen_random_uuid(), id, tenant_id, '{user}', 'member' from control.workspaces
                where tenant_id = '{tenant}';
            insert into control.departments (id, tenant_id, name) values ('{id}', '{tenant}', 'Walking');
            insert into control.department_memberships (id, department_id, tenant_id, user_id)
                values (gen_random_uuid(), '{id}', '{tenant}', '{user}')"
        ),
    };
    app.execute(&statements).await;
    give(app, role, (if kind == "group" { "group_id" } else { "department_id" }, id), PLATFORM).await;
    person
}

#[actix_web::test]
async fn whoever_holds_it_enrols_before_anything_else() {
    let app = TestApp::start().await;
    let operator = make_role(&app, "operator", &["jobs.view"]).await;
    let direct = app.person_with(&["tenants.view"]).await;
    give(&app, operator, ("user_id", direct.id.expect("a person")), PLATFORM).await;
    let people = [direct, through(&app, operator, "group").await, through(&app, operator, "department").await];
    let other = app.person_with(&["tenants.view"]).await;
    for person in &people {
        assert_eq!((person.get("/tenants").await.status, person.get("/jobs").await.status), (200, 200));
    }
    ask(&app, operator).await;
    for person in &people {
        for path in ["/tenants", "/jobs", "/account/sessions"] {
            assert_eq!(person.get(path).await.location(), "/account/factors", "{path}: at the next request");
        }
        let answer = person.post_form("/account/sessions/end-others", &[]).await;
        assert_eq!(answer.location(), "/account/factors", "nor is anything changed");
        assert!(person.get("/account/factors").await.text().contains("Add one before anything else"));
        app.add_totp(person).await;
        assert_eq!(person.get("/jobs").await.status, 200);
        let removal = person.get("/account/factors").await.link("Remove…");
        assert_eq!(person.get(&removal).await.status, 409, "the only one stays");
    }
    assert_eq!(other.get("/tenants").await.status, 200, "who does not hold it is asked for nothing");
}

#[actix_web::test]
async fn what_is_over_asks_for_nothing() {
    let app = TestApp::start().await;
    let operator = make_role(&app, "operator", &[]).await;
    ask(&app, operator).await;
    let person = app.person_with(&["tenants.view"]).await;
    let held = give(&app, operator, ("user_id", person.id.expect("a person")), PLATFORM).await;
    for (over, back) in [
        ("assignments set expires_at = now() - interval '1 second'", "assignments set expires_at = null"),
        ("assignments set revoked_at = now()", "assignments set revoked_at = null"),
    ] {
        assert_eq!(person.get("/tenants").await.location(), "/account/factors");
        app.execute(&format!("update control.{over} where id = '{held}'")).await;
        assert_eq!(person.get("/tenants").await.status, 200, "{over}");
        app.execute(&format!("update control.{back} where id = '{held}'")).await;
    }
    app.execute(&format!("update control.roles set deleted_at = now() where id = '{operator}'")).await;
    assert_eq!(person.get("/tenants").await.status, 200, "a deleted role asks for nothing");
}

/// What an effect page says about people who have to enrol.
fn enrolling(page: &Page) -> String {
    page.texts(".reach .enrolling").join("")
}

fn ticked(form: FilledForm) -> FilledForm {
    form.with("mfa_required", "on").with("reason", "an audit asked for it")
}

#[actix_web::test]
async fn the_effect_says_how_many_have_to_enrol() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let operator = make_role(&app, "operator", &["jobs.view"]).await;
    for _ in 0..2 {
        give(&app, operator, ("user_id", nobody_special(&app).await.id.expect("a person")), PLATFORM).await;
    }
    through(&app, operator, "group").await;
    let enrolled = nobody_special(&app).await;
    app.add_totp(&enrolled).await;
    give(&app, operator, ("user_id", enrolled.id.expect("a person")), PLATFORM).await;
    let locked = nobody_special(&app).await.id.expect("a person");
    give(&app, operator, ("user_id", locked), PLATFORM).await;
    app.execute(&format!("update control.users set status = 'suspended' where id = '{locked}'")).await;

    let form = ticked(founder.get(&format!("/roles/{operator}/edit")).await.form());
    let shown = founder.submit(&form).await;
    assert!(enrolling(&shown).starts_with("3 people have no second factor"), "{}", shown.text());
    give(&app, operator, ("user_id", nobody_special(&app).await.id.expect("a person")), PLATFORM).await;
    let again = founder.submit(&shown.form()).await;
    assert_eq!(again.status, 409, "one more by now");
    assert!(enrolling(&again).starts_with("4 people"), "{}", again.text());
    assert_eq!(founder.submit(&again.form()).await.status, 303);
    let event = app.event("role.update").await;
    assert_eq!(event.of("roles")[0].after["mfa_required"], true);
    assert!(founder.get(&format!("/roles/{operator}")).await.texts("dl.facts dd").contains(&"required".to_owned()));

    let form = founder.get(&format!("/roles/{operator}/edit")).await.form();
    assert_eq!(form.value("mfa_required"), "on");
    let renamed = form.with("name", "machinist").with("reason", "clearer");
    let (shown, _) = confirm(&founder, &renamed).await;
    assert_eq!(enrolling(&shown), "", "nobody new is asked");
}

#[actix_web::test]
async fn giving_the_role_says_so_too() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let support = role(&app, "support").await;
    let form = founder.get(&format!("/roles/new?copy={support}")).await.form().with("name", "first line");
    assert_eq!(founder.submit(&ticked(form)).await.status, 303);
    let made = role(&app, "first line").await;
    let copy = founder.get(&format!("/roles/new?copy={made}")).await.form();
    assert_eq!(copy.value("mfa_required"), "on", "a copy asks, too");
    let person = nobody_special(&app).await;
    let form = founder.get(&format!("/assignments/new?role={made}")).await.form();
    let (shown, _) = confirm(&founder, &form.with("email", &person.email).with("reason", "helps out")).await;
    assert!(enrolling(&shown).starts_with("1 person has no second factor"), "{}", shown.text());
    assert_eq!(person.get("/").await.location(), "/account/factors");
}

#[actix_web::test]
async fn tokens_of_who_must_enrol_wait_until_they_have() {
    let app = TestApp::start().await;
    let person = app.person_with(&["tenants.export"]).await;
    let token = person.make_token(&["tenants.export"], &[]).await;
    let operator = make_role(&app, "operator", &[]).await;
    give(&app, operator, ("user_id", person.id.expect("a person")), PLATFORM).await;
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
    ask(&app, operator).await;
    let refused = app.read_with(&token.text, "/tenants.json").await;
    assert_eq!(refused.status, 403, "at the next request");
    let said: serde_json::Value = serde_json::from_slice(&refused.body).expect("JSON");
    assert!(said["error"].as_str().is_some_and(|error| error.contains("second factor")), "{said}");
    let noted = "select count(*) from audit.security_events where kind = 'authz_fail' and details ->> 'token_id' = ";
    assert_eq!(app.number(&format!("{noted}'{}'", token.id)).await, 1);
    app.add_totp(&person).await;
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
}

#[actix_web::test]
async fn services_have_no_second_factor_to_add() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let operator = make_role(&app, "operator", &[]).await;
    let service = app.service("Nightly", &["tenants.export"]).await;
    give(&app, operator, ("user_id", service), PLATFORM).await;
    ask(&app, operator).await;
    let form = founder.get("/tokens/new").await.form();
    let mut fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let service = service.to_string();
    fields.retain(|(name, _)| !["name", "service", "user_id", "reason"].contains(name));
    fields.extend([("name", "Nightly"), ("user_id", &*service), ("scopes", "tenants.export"), ("reason", "exports")]);
    let token = crate::support::Token::shown_on(&founder.post_form("/tokens", &fields).await);
    assert_eq!(app.read_with(&token.text, "/tenants.json").await.status, 200);
}
