//! One event: who, when, why, and every row it changed.

use uuid::Uuid;

use crate::support::TestApp;

#[actix_web::test]
async fn an_event_says_who_when_why_and_what() {
    let app = TestApp::start().await;
    let (admin, auditor) = (app.admin().await, app.auditor().await);
    let id = app.tenant("northwind").await;
    let form = admin.get(&format!("/tenants/{id}/edit")).await.form();
    let answer = admin.submit(&form.with("name", "Northwind Ltd").with("reason", "renamed <b>")).await;
    assert_eq!(answer.status, 303);
    let event = app.event("tenant.update").await;
    let page = auditor.get(&format!("/audit/{}", event.id)).await;
    assert_eq!((page.status, page.title().as_str()), (200, "tenant.update"));
    let facts = page.texts("dl.facts").join(" ");
    for said in [&admin.email, "renamed <b>", "northwind", "success", &event.request_id.unwrap().to_string()] {
        assert!(facts.contains(said), "{said} is not in {facts}");
    }
    let moment = format!(
        "select replace(to_char(occurred_at, 'YYYY-MM-DD HH24:MI:SS'), ' ', 'T')
        from audit.events where id = '{}'",
        event.id
    );
    assert!(facts.contains(&app.text(&moment).await), "to the second and beyond: {facts}");
    assert_eq!(page.link(&id.to_string()), format!("/tenants/{id}"));
    assert_eq!(page.link("all of it"), format!("/audit?request={}", event.request_id.unwrap()));
    assert_eq!(page.link(&admin.email), format!("/people/{}", admin.id.unwrap()));
    assert_eq!(page.link("what they did"), format!("/audit?actor={}", admin.id.unwrap()));
    let changed = page.texts("ol.history li").join(" ");
    assert!(changed.contains("update tenants") && changed.contains(&id.to_string()), "{changed}");
    assert!(changed.contains("name Northwind → Northwind Ltd") && changed.contains("version 1 → 2"), "{changed}");
    let of_request = auditor.get(&page.link("all of it")).await;
    assert_eq!(of_request.texts("table.listing td:nth-child(3) a"), ["tenant.update"]);
}

#[actix_web::test]
async fn secrets_are_not_shown() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let hashes = app.texts("select secret_hash from control.user_credentials where secret_hash is not null").await;
    let sessions = app.texts("select encode(token_hash, 'hex') from control.sessions").await;
    let written = app.texts("select id from audit.events where not is_read").await;
    for event in &written {
        let page = auditor.get(&format!("/audit/{event}")).await;
        assert_eq!(page.status, 200);
        for secret in hashes.iter().chain(&sessions) {
            assert!(!page.text().contains(secret.as_str()), "a secret is on {}", page.path);
        }
    }
    let made = app.events("user.create").await.pop().expect("people were made");
    let page = auditor.get(&format!("/audit/{}", made.id)).await;
    assert!(page.texts("ol.history li").join(" ").contains("secret_hash secret, changed"), "{}", page.text());
}

#[actix_web::test]
async fn rows_are_paged_and_none_is_left_out() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.many_tenants(450).await;
    let event = app.texts("select distinct event_id from audit.changes where table_name = 'tenants'").await.remove(0);
    let mut page = auditor.get(&format!("/audit/{event}")).await;
    let mut seen = page.texts("ol.history li code");
    assert_eq!(page.texts("nav.pager a"), ["250 more"]);
    for (left, count) in [("50 more", 200), ("", 50)] {
        let reads = app.events("audit.view").await.len();
        page = auditor.get(&page.attributes("a#next", "href")[0]).await;
        assert_eq!(app.events("audit.view").await.len(), reads + 1, "each page is a read");
        let rows = page.texts("ol.history li > div > p code");
        assert_eq!(rows.len(), count);
        assert_eq!(page.texts("a#next").join(""), left);
        seen.extend(rows);
    }
    let before = auditor.htmx_get(&page.attributes("a#previous", "href")[0]).await;
    assert_eq!((before.texts("ol.history li").len(), before.is_whole()), (200, false));
    let all = app.texts("select row_id from audit.changes where table_name = 'tenants'").await;
    assert!(all.iter().all(|id| seen.contains(id)));
    assert_eq!(auditor.get(&format!("/audit/{event}?sort=op")).await.status, 400);
}

#[actix_web::test]
async fn what_leaves_the_system_is_among_the_rows() {
    let app = TestApp::start().await;
    let (support, auditor) = (app.support().await, app.auditor().await);
    let id = app.tenant("northwind").await;
    app.member(id, "owner@northwind.example", "owner").await;
    let form = support.get(&format!("/tenants/{id}/suspension/new")).await.form();
    support.submit(&form.with("reason", "Unpaid").with("confirm", "northwind")).await;
    let event = app.event("tenant.suspend").await;
    let rows = auditor.get(&format!("/audit/{}", event.id)).await.texts("ol.history li").join("\n");
    for row in ["update tenants", "update sessions", "insert outbox", "recipient owner@northwind.example"] {
        assert!(rows.contains(row), "{row} is not in {rows}");
    }
    app.leaves_jobs();
}

#[actix_web::test]
async fn who_has_a_scope_sees_the_rows_of_it() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let event = Uuid::new_v4();
    app.execute(&format!(
        "insert into audit.events (id, occurred_at, action, actor_kind, target_kind, tenant_id)
            values ('{event}', now(), 'test.both', 'job', 'tenant', '{own}');
        insert into audit.changes (event_id, occurred_at, table_name, row_id, op, after, tenant_id)
            select '{event}', now(), 'tenants', t.id, 'insert', jsonb_build_object('slug', t.slug), t.id
            from control.tenants t"
    ))
    .await;
    let manager = app.scoped_to_tenant(&["audit.view"], own).await;
    let rows = manager.get(&format!("/audit/{event}")).await.texts("ol.history li").join(" ");
    assert!(rows.contains(&own.to_string()) && !rows.contains(&foreign.to_string()), "{rows}");
    assert!(!rows.contains("slug foreign"), "{rows}");
}

#[actix_web::test]
async fn what_is_not_there_is_not_found() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    assert_eq!(auditor.get(&format!("/audit/{}", Uuid::new_v4())).await.status, 404);
    assert_eq!(auditor.get("/audit/nothing").await.status, 404);
}
