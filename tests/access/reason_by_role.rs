//! A role can ask whoever holds it why they read what is logged, through whatever they hold it and in whoever's name.

use reqwest::Method;
use uuid::Uuid;

use super::impersonations::{look, northwind};
use super::{PLATFORM, begin, confirm, give, hand_over, make_role, nobody_special, role};
use crate::support::{Page, Person, TestApp};

/// A role that asks and gives nothing.
async fn curious(app: &TestApp) -> Uuid {
    let id = make_role(app, "curious", &[]).await;
    app.execute(&format!("update control.roles set asks_read_reason = true where id = '{id}'")).await;
    id
}

const ASKED: &str = "/read-reason?return_to=/audit";

#[actix_web::test]
async fn it_is_set_on_the_role_and_shown_there() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let readers = make_role(&app, "readers", &["audit.view"]).await;
    let person = nobody_special(&app).await;
    give(&app, readers, ("user_id", person.id.expect("a person")), PLATFORM).await;
    assert_eq!(person.get("/audit").await.status, 200);
    let page = founder.get(&format!("/roles/{readers}")).await;
    assert!(page.texts("dl.facts").join(" ").contains("Reason for reads not asked for"), "{}", page.text());
    let form = founder.get(&format!("/roles/{readers}/edit")).await.form();
    assert_eq!(form.value("asks_read_reason"), "");
    confirm(&founder, &form.with("asks_read_reason", "on").with("reason", "policy 7")).await;
    let event = app.event("role.update").await;
    assert_eq!(event.of("roles")[0].after["asks_read_reason"], true);
    assert_eq!(person.get("/audit").await.location(), ASKED, "at the next request");
    let page = founder.get(&format!("/roles/{readers}")).await;
    assert!(page.texts("dl.facts").join(" ").contains("Reason for reads asked for"), "{}", page.text());
    let marked = page.rows().into_iter().filter(|row| row.join(" ").contains("reads logged"));
    let marked: Vec<String> = marked.filter_map(|row| row.first().cloned()).collect();
    assert!(marked.contains(&"audit.view".to_owned()) && marked.contains(&"access.export".to_owned()), "{marked:?}");
    assert!(!marked.contains(&"tenants.manage".to_owned()), "{marked:?}");
    let copy = founder.get(&format!("/roles/new?copy={readers}")).await.form();
    assert_eq!(copy.value("asks_read_reason"), "on", "a copy asks, too");
    let made = founder.submit(&copy.with("name", "second readers")).await;
    assert_eq!(made.status, 303, "{:?}", made.errors());
    let kept = "select asks_read_reason from control.roles where name = 'second readers'";
    assert_eq!(app.text(kept).await, "true");
    assert!(!role(&app, "second readers").await.is_nil());
}

#[actix_web::test]
async fn one_role_that_asks_is_enough_through_whatever_it_is_held() {
    let app = TestApp::start().await;
    let curious = curious(&app).await;
    let person = app.person_with(&["audit.view"]).await;
    let (user, group) = (person.id.expect("a person"), Uuid::now_v7());
    assert_eq!(person.get("/audit").await.status, 200);
    app.execute(&format!(
        "insert into control.groups (id, name) values ('{group}', 'Walkers');
        insert into control.group_memberships (id, group_id, user_id) values (gen_random_uuid(), '{group}', '{user}')"
    ))
    .await;
    let held = give(&app, curious, ("group_id", group), PLATFORM).await;
    assert_eq!(person.get("/audit").await.location(), ASKED);
    app.execute(&format!("update control.assignments set expires_at = now() where id = '{held}'")).await;
    assert_eq!(person.get("/audit").await.status, 200, "what is over asks for nothing");
    app.execute(&format!("update control.assignments set expires_at = null where id = '{held}'")).await;
    assert_eq!(person.get("/audit").await.location(), ASKED);
    app.execute(&format!("update control.roles set deleted_at = now() where id = '{curious}'")).await;
    assert_eq!(person.get("/audit").await.status, 200, "nor does a deleted role");
}

/// In another name, it is the person who reads that is asked.
#[actix_web::test]
async fn ones_own_roles_ask_under_a_delegation() {
    let app = TestApp::start().await;
    let curious = curious(&app).await;
    let (grantor, ada, bob) =
        (app.person_with(&["audit.view"]).await, nobody_special(&app).await, nobody_special(&app).await);
    give(&app, curious, ("user_id", ada.id.expect("a person")), PLATFORM).await;
    for person in [&ada, &bob] {
        let id = hand_over(&app, &grantor, person, &["audit.view"]).await;
        assert_eq!(begin(person, id).await.status, 303);
    }
    assert_eq!((ada.get("/audit").await.location().as_str(), bob.get("/audit").await.status), (ASKED, 200));
    assert_eq!(ada.post_form("/read-reason", &[("read_reason", "incident")]).await.status, 303);
    assert_eq!(ada.get("/audit").await.status, 200);
    let read = app.last_read().await;
    assert_eq!((read.actor_id, read.reason_code.as_deref()), (ada.id, Some("incident")));
    let of_grantor = curious_too(&app, &grantor, curious).await;
    assert_eq!(of_grantor, 200, "the grantor's roles ask the grantor");
}

/// What somebody is answered who acts for a person of whom a role asks.
async fn curious_too(app: &TestApp, grantor: &Person, curious: Uuid) -> u16 {
    give(app, curious, ("user_id", grantor.id.expect("a person")), PLATFORM).await;
    let carl = nobody_special(app).await;
    let id = hand_over(app, grantor, &carl, &["audit.view"]).await;
    begin(&carl, id).await;
    carl.get("/audit").await.status
}

/// Every page is a logged read there.
#[actix_web::test]
async fn whoever_impersonates_says_why_before_the_first_page() {
    let app = TestApp::start().await;
    let (tenant, bob) = northwind(&app).await;
    let ada = app.support().await;
    let curious = curious(&app).await;
    look(&app, &ada, bob).await;
    give(&app, curious, ("user_id", ada.id.expect("a person")), PLATFORM).await;
    let page = ada.get(&format!("/tenants/{tenant}")).await;
    assert_eq!(page.location(), format!("/read-reason?return_to=/tenants/{tenant}"));
    let page = ada.follow(&page).await;
    assert_eq!(page.status, 200, "{}", page.message());
    let answer = ada.submit(&page.form().with("read_reason", "support_case").with("read_ticket", "SUP-7")).await;
    assert_eq!(ada.follow(&answer).await.status, 200);
    let read = app.last_read().await;
    assert_eq!(
        (read.reason_code.as_deref(), read.target_kind.as_str(), read.tenant_id),
        (Some("support_case"), "page", Some(tenant))
    );
    assert_eq!(ada.post_form("/acting/end", &[]).await.status, 303, "and the way back to oneself needs none");
    app.leaves_jobs();
}

#[actix_web::test]
async fn programs_say_it_in_a_header() {
    let app = TestApp::start().await;
    let person = app.person_with(&["tenants.export", "access.export"]).await;
    let token = person.make_token(&["tenants.export", "access.export"], &[]).await.text;
    let curious = curious(&app).await;
    let ask = async |path: &str, headers: &[(&'static str, &str)]| -> Page {
        let program = app.anonymous();
        let request =
            headers.iter().fold(program.request(Method::GET, path).bearer_auth(&token), |request, (name, value)| {
                request.header(*name, *value)
            });
        program.send(request).await
    };
    assert_eq!(ask("/tenants.json", &[]).await.status, 200);
    give(&app, curious, ("user_id", person.id.expect("a person")), PLATFORM).await;
    for path in ["/tenants.json", "/people.json", "/tenants.csv"] {
        let reads = app.number("select count(*) from audit.events where is_read").await;
        let page = ask(path, &[]).await;
        assert_eq!(page.status, 403, "{path}");
        assert!(page.text().contains("X-Castellan-Reason") && page.text().contains("support_case"), "{}", page.text());
        assert_eq!(app.number("select count(*) from audit.events where is_read").await, reads, "{path}");
        let headers = [("X-Castellan-Reason", "maintenance"), ("X-Castellan-Ticket", "OPS-9")];
        assert_eq!(ask(path, &headers).await.status, 200, "{path}");
        let read = app.last_read().await;
        assert_eq!(
            (read.reason_code.as_deref(), read.details["ticket"].as_str()),
            (Some("maintenance"), Some("OPS-9"))
        );
    }
    for (code, ticket, named) in [
        ("curiosity", "OPS-9", "X-Castellan-Reason"),
        ("", "OPS-9", "X-Castellan-Reason"),
        ("maintenance", "a b", "X-Castellan-Ticket"),
    ] {
        let page = ask("/tenants.json", &[("X-Castellan-Reason", code), ("X-Castellan-Ticket", ticket)]).await;
        assert_eq!((page.status, page.text().contains(named)), (400, true), "{code} {ticket}: {}", page.text());
    }
    assert_eq!(app.number("select count(*) from control.sessions where read_reason is not null").await, 0);
}
