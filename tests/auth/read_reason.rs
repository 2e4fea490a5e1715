//! Why somebody reads what is logged: who is asked, what is taken, how long it holds, where it is written down.

use crate::support::{Person, TestApp};

/// Somebody of whose roles one asks why.
async fn asked(app: &TestApp, privileges: &[&str]) -> Person {
    let person = app.person_with(privileges).await;
    let id = person.id.expect("somebody");
    app.execute(&format!(
        "update control.roles set asks_read_reason = true
        where id in (select role_id from control.assignments where user_id = '{id}')"
    ))
    .await;
    person
}

const REASON: [(&str, &str); 2] = [("read_reason", "support_case"), ("read_ticket", "SUP-1234")];

#[actix_web::test]
async fn who_is_asked_says_why_before_the_first_read_and_is_led_back() {
    let app = TestApp::start().await;
    let person = asked(&app, &["access.view", "audit.view", "tenants.view", "access.export"]).await;
    let stranger = app.member(app.tenant("northwind").await, "bob@northwind.example", "owner").await;
    assert_eq!(person.get("/tenants").await.status, 200, "what is not logged is open");
    let path = format!("/people/{stranger}");
    for path in [path.as_str(), "/people?status=active", "/audit", "/security-events", "/people.csv", "/people.json"] {
        let page = person.get(path).await;
        let wanted = format!("/read-reason?return_to={}", castellan::web::query::encode(path));
        assert_eq!((page.status, page.location()), (303, wanted), "{path}");
    }
    assert_eq!(app.number("select count(*) from audit.events where is_read").await, 0, "nothing was read");

    let page = person.follow(&person.get(&path).await).await;
    assert_eq!(page.status, 200);
    let form = page.form().with("read_reason", "support_case").with("read_ticket", "SUP-1234");
    let answer = person.submit(&form).await;
    assert_eq!((answer.status, answer.location()), (303, path.clone()));
    let page = person.follow(&answer).await;
    assert_eq!(page.status, 200);
    let said = page.texts(".top .reading").join("");
    assert!(said.contains("support case") && said.contains("SUP-1234"), "{said}");
    let read = app.last_read().await;
    assert_eq!(
        (read.reason_code.as_deref(), read.details["ticket"].as_str()),
        (Some("support_case"), Some("SUP-1234"))
    );
    assert_eq!(read.target_id, Some(stranger));
    for path in ["/audit", "/people.csv"] {
        assert_eq!(person.get(path).await.status, 200, "{path}");
        assert_eq!(app.last_read().await.reason_code.as_deref(), Some("support_case"), "{path}");
    }
    let given = app.event("session.give_read_reason").await;
    assert_eq!((given.actor_id, given.is_read, &given.reason_code), (person.id, false, &None));
    let row = &given.of("sessions")[0].after;
    assert_eq!((row["read_reason"].as_str(), row["read_ticket"].as_str()), (Some("support_case"), Some("SUP-1234")));
    let found = person.get("/audit?reason_code=support_case&kind=reads").await;
    assert!(found.status == 200 && found.rows().len() >= 3, "{}", found.text());
    let page = person.get(&format!("/audit/{}", read.id)).await;
    assert_eq!(page.link("support_case"), "/audit?reason_code=support_case&kind=reads");
}

#[actix_web::test]
async fn who_is_not_asked_reads_without_and_may_say_why_all_the_same() {
    let app = TestApp::start().await;
    let person = app.person_with(&["audit.view"]).await;
    assert_eq!(person.get("/audit").await.status, 200);
    assert_eq!(app.last_read().await.reason_code, None);
    assert_eq!(person.post_form("/read-reason", &[("read_reason", "incident")]).await.location(), "/");
    person.get("/audit").await;
    let read = app.last_read().await;
    assert_eq!((read.reason_code.as_deref(), read.details.get("ticket")), (Some("incident"), None));
}

#[actix_web::test]
async fn it_holds_for_an_hour_and_for_one_session_and_is_changed_and_taken_back() {
    let app = TestApp::start().await;
    let here = asked(&app, &["audit.view"]).await;
    let there = app.unelevated(here.id.expect("somebody"), &here.email).await;
    assert_eq!(here.post_form("/read-reason", &REASON).await.status, 303);
    let until =
        "select bool_and(read_reason_until between now() + interval '59 minutes' and now() + interval '60 minutes')
        from control.sessions where read_reason is not null";
    assert_eq!(app.text(until).await, "true");
    assert_eq!((here.get("/audit").await.status, there.get("/audit").await.status), (200, 303));

    let page = here.get("/read-reason?return_to=/audit").await;
    let form = page.form();
    assert_eq!((form.value("read_reason"), form.value("read_ticket")), ("support_case", "SUP-1234"));
    assert_eq!(here.submit(&form.with("read_reason", "legal").with("read_ticket", "")).await.location(), "/audit");
    here.get("/audit").await;
    let read = app.last_read().await;
    assert_eq!((read.reason_code.as_deref(), read.details.get("ticket")), (Some("legal"), None));

    app.execute("update control.sessions set read_reason_until = now()").await;
    assert_eq!(here.get("/audit").await.location(), "/read-reason?return_to=/audit", "an hour later");
    here.post_form("/read-reason", &REASON).await;
    assert_eq!(here.post_form("/read-reason/end", &[]).await.status, 303);
    assert_eq!(here.get("/audit").await.location(), "/read-reason?return_to=/audit", "taken back");
    assert_eq!(app.event("session.end_read_reason").await.of("sessions").len(), 1);
    assert_eq!(app.events("session.give_read_reason").await.len(), 3);
}

#[actix_web::test]
async fn bad_reasons_are_named_and_what_was_typed_is_kept() {
    let app = TestApp::start().await;
    let person = asked(&app, &["audit.view"]).await;
    let long = "x".repeat(101);
    let longest = "x".repeat(100_000);
    for (code, ticket, field) in [
        ("", "SUP-1", "read_reason"),
        ("curiosity", "SUP-1", "read_reason"),
        ("support_case\0", "SUP-1", "read_reason"),
        ("SUPPORT_CASE", "SUP-1", "read_reason"),
        ("support_case", "for Anna Meyer", "read_ticket"),
        ("support_case", "anna@example.com", "read_ticket"),
        ("support_case", "x\0", "read_ticket"),
        ("support_case", "größe", "read_ticket"),
        ("support_case", &long, "read_ticket"),
        ("support_case", &longest, "read_ticket"),
    ] {
        let fields = [("read_reason", code), ("read_ticket", ticket), ("return_to", "/audit?kind=reads")];
        let page = person.post_form("/read-reason", &fields).await;
        assert_eq!(page.status, 422, "{code} {field}");
        assert!(!page.field_error(field).is_empty(), "{code} {field}: {:?}", page.errors());
        let form = page.form();
        assert_eq!(form.value("return_to"), "/audit?kind=reads");
        assert!(ticket.contains('\0') || form.value("read_ticket") == ticket, "{ticket} is kept");
    }
    assert_eq!(app.number("select count(*) from control.sessions where read_reason is not null").await, 0);
    for evil in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let answer = person.post_form("/read-reason", &[REASON[0], ("return_to", evil)]).await;
        assert_eq!(answer.location(), "/", "{evil}");
    }
}

#[actix_web::test]
async fn parts_of_pages_leave_for_the_question_and_files_come_from_their_list() {
    let app = TestApp::start().await;
    let person = asked(&app, &["access.view", "access.export"]).await;
    let fragment = person.htmx_get("/people?status=active").await;
    assert_eq!(fragment.status, 204);
    assert_eq!(fragment.header("hx-redirect"), "/read-reason?return_to=/people%3Fstatus%3Dactive");
    let page = person.follow(&person.get("/people.csv?status=active").await).await;
    let answer = person.submit(&page.form().with("read_reason", "legal")).await;
    assert_eq!(answer.location(), "/people?status=active");
    assert!(answer.flash().contains("Take the list out again"), "{}", answer.flash());
}

#[actix_web::test]
async fn who_may_not_read_is_refused_before_they_are_asked() {
    let app = TestApp::start().await;
    let person = asked(&app, &["tenants.view"]).await;
    for path in ["/audit", "/people", "/people.csv"] {
        assert_eq!(person.get(path).await.status, 403, "{path}");
    }
    assert_eq!(app.anonymous().get("/read-reason").await.status, 303);
}
