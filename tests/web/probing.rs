//! Requests that no page of ours makes leave one event each kind, and mistakes leave none.

use reqwest::Method;

use crate::support::{Person, TestApp};

/// How many events of a kind there are.
async fn noted(app: &TestApp, kind: &str) -> usize {
    app.security_events(kind).await.len()
}

#[actix_web::test]
async fn many_addresses_of_nothing_are_one_event_of_each_asker() {
    let app = TestApp::start().await;
    let (admin, other, stranger) = (app.admin().await, app.admin().await, app.anonymous());
    for person in [&admin, &stranger] {
        for n in 0..29 {
            assert_eq!(person.get(&format!("/backup-{n}.zip")).await.status, 404);
        }
    }
    assert_eq!(noted(&app, "malicious_excess_404").await, 0, "old links");
    for n in 0..20 {
        admin.get(&format!("/tenants/nothing-{n}")).await;
    }
    let event = app.security_event("malicious_excess_404").await;
    assert_eq!((event.severity.as_str(), event.actor_id), ("warning", admin.id));
    assert!(event.network_hash.is_some());
    other.get("/nothing").await;
    assert_eq!(noted(&app, "malicious_excess_404").await, 1, "each is counted alone");
    stranger.get("/wp-login.php").await;
    stranger.get("/.git/config").await;
    assert_eq!(noted(&app, "malicious_excess_404").await, 2);
}

#[actix_web::test]
async fn what_no_page_of_ours_sends_is_noted_and_mistakes_are_not() {
    let app = TestApp::start().await;
    for mistake in [
        "/tenants?nonsense=1",
        "/tenants?status=gone",
        "/tenants?sort=gone",
        "/tenants?q=%F0%9F%A6%80",
        "/tenants/nothing",
    ] {
        assert!(app.admin().await.get(mistake).await.status < 500, "{mistake}");
    }
    let person = app.admin().await;
    let page = person.post_form("/tenants", &[("name", ""), ("slug", "UPPER"), ("region", "mars")]).await;
    assert_eq!((page.status, noted(&app, "input_validation_fail").await), (422, 0));
    let mut events = 0;
    for (path, why) in [
        ("/tenants?q=a%00b", "a NUL byte"),
        ("/tenants?q=%FF", "UTF-8"),
        ("/tenants?after=nonsense", "a cursor"),
        ("/go?q=%00", "a NUL byte"),
    ] {
        let person = app.admin().await;
        for _ in 0..3 {
            assert_eq!(person.get(path).await.status, 400, "{path}");
        }
        events += 1;
        let all = app.security_events("input_validation_fail").await;
        let latest = all.last().expect("an event");
        assert_eq!((all.len(), latest.severity.as_str(), latest.actor_id), (events, "warning", person.id), "{path}");
        assert!(latest.details["why"].as_str().expect("words").contains(why), "{:?}", latest.details);
    }
    for form in [&b"name=a%00b&slug=nul&region=eu-west"[..], b"name=%FF"] {
        let person = app.admin().await;
        let page = person.post_body("/tenants", "application/x-www-form-urlencoded", form.to_vec()).await;
        assert!(page.status == 422 || page.status == 400, "{}", page.status);
        events += 1;
        assert_eq!(noted(&app, "input_validation_fail").await, events);
    }
}

/// A cursor is left over in an address when somebody writes another order into it.
#[actix_web::test]
async fn a_cursor_of_another_order_is_refused_and_nobody_is_accused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.many_tenants(60).await;
    let next = admin.get("/tenants?sort=name").await.attributes("a[rel=next]", "href").remove(0);
    let page = admin.get(&next.replace("sort=name", "sort=-created_at")).await;
    assert_eq!((page.status, noted(&app, "input_validation_fail").await), (400, 0));
}

async fn ask(person: &Person, header: &'static str, value: &str) -> u16 {
    let request = person.request(Method::GET, "/nothing").header(header, value);
    let request = if header == "Sec-Fetch-Site" { request.header("Sec-Fetch-Mode", "no-cors") } else { request };
    person.send(request).await.status
}

#[actix_web::test]
async fn programs_that_look_for_weaknesses_are_called_by_their_names() {
    let app = TestApp::start().await;
    let stranger = app.anonymous();
    for _ in 0..3 {
        ask(&stranger, "user-agent", "Mozilla/5.0 (Nikto/2.5.0)").await;
    }
    ask(&stranger, "user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0").await;
    let event = app.security_event("malicious_attack_tool").await;
    assert_eq!((event.severity.as_str(), &event.details["tool"]), ("critical", &"nikto".into()));
}

#[actix_web::test]
async fn loading_from_another_site_is_told_from_changing_from_there() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    assert_eq!(ask(&admin, "Sec-Fetch-Site", "cross-site").await, 403);
    assert_eq!(app.security_event("malicious_cors").await.severity, "critical");
    assert_eq!(noted(&app, "malicious_csrf").await, 0);
    admin.send(admin.request(Method::POST, "/tenants")).await;
    assert_eq!((noted(&app, "malicious_csrf").await, noted(&app, "malicious_cors").await), (1, 1));
}

#[actix_web::test]
async fn an_action_whose_effect_was_not_looked_at_is_noted() {
    let app = TestApp::start().await;
    let (admin, tenant) = (app.admin().await, app.tenant("northwind").await);
    let page = admin.get(&format!("/tenants/{tenant}/suspension/new")).await;
    let form = page.form().with("reason", "late").with("confirm", "northwind");
    assert_eq!(admin.submit(&form).await.status, 303);
    assert_eq!(noted(&app, "sequence_fail").await, 0);
    let path = format!("/tenants/{tenant}/reactivation");
    assert_eq!(admin.post_form(&path, &[]).await.status, 422);
    assert_eq!(noted(&app, "sequence_fail").await, 0, "nothing was done");
    assert_eq!(admin.post_form(&path, &[("reason", "paid")]).await.status, 303);
    let event = app.security_event("sequence_fail").await;
    assert_eq!((event.actor_id, &event.details["action"]), (admin.id, &"tenant.reactivate".into()));
}
