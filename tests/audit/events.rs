//! The list of events: filters, pages, export, scope, and that reading it is an event.

use uuid::Uuid;

use crate::support::{ACTIONS, Page, Person, TestApp, actions};

#[actix_web::test]
async fn every_filter_narrows() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let [actor, target, tenant, request] = [(); 4].map(|()| Uuid::now_v7());
    app.happened("test.by_actor", "actor_id", &format!("'{actor}'")).await;
    app.happened("test.by_job", "actor_label", "'mail.send'").await;
    app.happened("test.on_target", "target_id", &format!("'{target}'")).await;
    app.happened("test.of_tenant", "tenant_id", &format!("'{tenant}'")).await;
    app.happened("test.failed", "outcome", "'failure'").await;
    app.happened("test.denied", "outcome", "'denied'").await;
    app.happened("test.read", "is_read, request_id", &format!("true, '{request}'")).await;
    app.happened("test.long_ago", "occurred_at", "date_trunc('month', now()) - interval '1 day'").await;
    let today = "occurred=2000-01-01T00:00Z..";
    for (query, found) in [
        (format!("actor={actor}"), vec!["test.by_actor"]),
        ("actor=mail.send".into(), vec!["test.by_job"]),
        (format!("actor={actor},mail.send"), vec!["test.by_job", "test.by_actor"]),
        ("action=test.failed".into(), vec!["test.failed"]),
        ("action=test.failed,test.by_job".into(), vec!["test.failed", "test.by_job"]),
        (format!("target={target}"), vec!["test.on_target"]),
        (format!("tenant={tenant}"), vec!["test.of_tenant"]),
        ("outcome=failure".into(), vec!["test.failed"]),
        ("outcome=failure,denied".into(), vec!["test.denied", "test.failed"]),
        ("kind=reads".into(), vec!["test.read"]),
        ("action=test.read".into(), vec!["test.read"]),
        (format!("request={request}"), vec!["test.read"]),
        (format!("request={request}&kind=changes"), vec![]),
        (format!("actor={actor}&outcome=denied"), vec![]),
        (format!("outcome=success,denied&tenant={tenant}"), vec!["test.of_tenant"]),
    ] {
        assert_eq!(actions(&auditor.get(&format!("/audit?{query}")).await), found, "{query}");
    }
    assert_eq!(actions(&auditor.get(&format!("/audit?{today}&kind=changes,reads")).await).len(), 8);
}

#[actix_web::test]
async fn a_stretch_of_time_is_days_or_moments() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let at = "date_trunc('month', now()) - interval '1 month' + interval '1 day 10 hours 30 minutes'";
    app.happened("test.then", "occurred_at", at).await;
    app.happened("test.now", "reason", "'now'").await;
    let then = app.text(&format!("select to_char({at}, 'YYYY-MM-DD')")).await;
    for (occurred, found) in [
        (format!("{then}..{then}"), vec!["test.then"]),
        (then.clone(), vec!["test.then"]),
        (format!("..{then}"), vec!["test.then"]),
        (format!("{then}T10:30Z.."), vec!["test.now", "test.then"]),
        (format!("{then}T10:31Z.."), vec!["test.now"]),
        (format!("{then}T10:31.."), vec!["test.now"]),
        (format!("{then}T10:30..{then}T10:31"), vec!["test.then"]),
        (format!("{then}T10:00Z..{then}T10:30Z"), vec![]),
        (format!("{then}T10:00Z..{then}T10:31Z"), vec!["test.then"]),
    ] {
        assert_eq!(actions(&auditor.get(&format!("/audit?occurred={occurred}")).await), found, "{occurred}");
    }
    for wrong in [
        "yesterday",
        "2026-02-30",
        "..",
        "2026-02-01T10:00Z..2026-02-01T10:00Z",
        "2026-02-01T25:00..",
        "2026-02-02..2026-02-01",
    ] {
        let page = auditor.get(&format!("/audit?occurred={wrong}")).await;
        assert_eq!(page.status, 400, "{wrong}");
        assert!(page.message().contains("moments as in"), "{}", page.message());
    }
}

#[actix_web::test]
async fn people_and_tenants_are_asked_for_by_name_and_written_down_by_id() {
    let app = TestApp::start().await;
    let (auditor, admin) = (app.auditor().await, app.admin().await);
    let (admin_id, tenant) = (admin.id.expect("signed in"), app.tenant("northwind").await);
    let page = auditor.get(&format!("/audit?actor={}&tenant=northwind&kind=changes", admin.email.to_uppercase())).await;
    assert_eq!(page.status, 303);
    assert_eq!(page.location(), format!("/audit?kind=changes&actor={admin_id}&tenant={tenant}"));
    let page = auditor.follow(&page).await;
    let chips = page.texts(".chip b");
    assert!(chips.contains(&admin.email) && chips.contains(&"northwind".to_owned()), "{chips:?}");
    let csv = auditor.get(&format!("/audit.csv?actor={},mail.send", admin.email)).await;
    assert_eq!(csv.location(), format!("/audit.csv?actor={admin_id},mail.send"));
    for query in ["actor=nobody@example.com", "tenant=nowhere"] {
        let page = auditor.get(&format!("/audit?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        assert!(page.message().contains("there is none of that name"), "{}", page.message());
    }
    assert_eq!(app.number("select count(*) from audit.events where details::text like '%@%'").await, 0);
}

#[actix_web::test]
async fn a_page_that_is_read_is_one_event_and_the_list_does_not_fill_with_them() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let id = app.happened("test.done", "reason", "'test'").await;
    let before = app.log_size().await;
    for path in ["/audit?action=test.done", &format!("/audit/{id}"), "/security-events"] {
        assert_eq!(auditor.get(path).await.status, 200, "{path}");
        let event = app.events("audit.view").await.pop().expect("the read is an event");
        assert!(event.is_read && event.actor_id == auditor.id, "{event:?}");
        assert_eq!(event.details["asked_for"], path);
    }
    assert_eq!(auditor.htmx_get("/audit?kind=reads").await.rows().len(), 4);
    assert_eq!(auditor.get("/audit?sort=reason").await.status, 400);
    assert_eq!(app.events("audit.view").await.len(), 4, "one for each page, none for a refusal");
    let page = auditor.get("/audit").await;
    assert!(
        !page.texts(ACTIONS).contains(&"audit.view".to_owned()) && actions(&page) == ["test.done"],
        "reads are kept out unasked"
    );
    assert_eq!(page.link("Reads of logs and exports"), "/audit?kind=changes,reads");
    assert_eq!(app.log_size().await, before, "a read is no change");
}

#[actix_web::test]
async fn pages_go_there_and_back_also_for_several_values() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.execute(
        "insert into audit.events (occurred_at, action, actor_kind, target_kind)
        select now() - (n / 4) * interval '1 second', 'test.' || chr(97 + n % 3), 'job', 'thing'
        from generate_series(1, 180) n",
    )
    .await;
    for query in ["action=test.a,test.b", "action=test.a,test.b&sort=occurred_at"] {
        let mut page = auditor.get(&format!("/audit?{query}")).await;
        let first = ids(&page);
        let (mut seen, mut pages) = (first.clone(), 1);
        while let Some(next) = page.attributes("a#next", "href").pop() {
            page = auditor.get(&next).await;
            (seen, pages) = ([seen, ids(&page)].concat(), pages + 1);
        }
        assert_eq!((seen.len(), pages), (120, 3), "{query}");
        let order = if query.contains("sort") { "occurred_at, id" } else { "occurred_at desc, id desc" };
        let all = "select id from audit.events where action in ('test.a', 'test.b') order by";
        assert_eq!(seen, app.texts(&format!("{all} {order}")).await, "{query}");
        for _ in 1..pages {
            page = auditor.get(&page.attributes("a#previous", "href").pop().expect("a page before")).await;
        }
        assert_eq!(ids(&page), first, "{query}");
    }
    let newest = auditor.get("/audit?action=test.a").await.texts("nav.pager .btn");
    assert_eq!(newest, ["Newer", "Older"]);
    assert_eq!(auditor.get("/audit?sort=occurred_at").await.texts("nav.pager .btn"), ["Older", "Newer"]);
}

fn ids(page: &Page) -> Vec<String> {
    page.attributes("table.listing tbody tr", "id")
}

#[actix_web::test]
async fn the_export_has_every_column_and_is_one_event() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let id = app.happened("test.done", "reason, details", "'=1+1', '{\"a\": 1}'").await;
    app.happened("test.other", "reason", "'other'").await;
    let csv = auditor.get("/audit.csv?action=test.done").await;
    assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
    let lines: Vec<&str> = csv.text().lines().collect();
    assert!(lines[0].starts_with("id,occurred_at,actor_kind,actor_id,actor_label,"), "{}", lines[0]);
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with(&id.to_string()) && lines[1].contains(",'=1+1,"), "{}", lines[1]);
    let event = app.event("audit.export").await;
    assert!(event.is_read && event.details["asked_for"] == "/audit.csv?action=test.done", "{event:?}");
    assert!(app.events("audit.view").await.is_empty());
}

#[actix_web::test]
async fn the_log_is_for_those_who_may_read_it() {
    let app = TestApp::start().await;
    let (support, auditor) = (app.support().await, app.auditor().await);
    let id = app.happened("test.done", "reason", "'test'").await;
    for path in ["/audit", "/audit.csv", "/security-events", &format!("/audit/{id}")] {
        assert_eq!(support.get(path).await.status, 403, "{path}");
        assert_eq!(app.anonymous().get(path).await.status, 303, "{path}");
        assert_eq!(auditor.get(path).await.status, 200, "{path}");
    }
    let reader = app.person_with(&["audit.view"]).await;
    assert_eq!((reader.get("/audit").await.status, reader.get("/audit.csv").await.status), (200, 403));
    assert!(reader.get("/audit").await.link("Export CSV").is_empty());
    assert!(!support.get("/tenants").await.texts(".side a").contains(&"Audit log".to_owned()));
}

#[actix_web::test]
async fn who_has_a_scope_sees_the_events_of_it() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let canary = app.happened("test.foreign", "tenant_id, reason", &format!("'{foreign}', 'canary'")).await;
    let nowhere = app.happened("test.nowhere", "reason", "'canary'").await;
    app.happened("test.own", "tenant_id", &format!("'{own}'")).await;
    let manager = app.scoped_to_tenant(&["audit.view", "audit.export"], own).await;
    assert_eq!(actions(&manager.get("/audit?kind=changes,reads").await), ["test.own"]);
    assert_eq!(actions(&manager.get(&format!("/audit?tenant={foreign}")).await), [""; 0]);
    assert_eq!(manager.get("/audit?tenant=foreign").await.status, 400, "not even that it exists");
    for id in [canary, nowhere] {
        assert_eq!(manager.get(&format!("/audit/{id}")).await.status, 404);
    }
    let csv = manager.get("/audit.csv").await;
    assert!(csv.text().contains("test.own") && !csv.text().contains("canary"), "{}", csv.text());
}

#[actix_web::test]
async fn what_was_done_lately_is_offered() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.happened("test.done", "reason", "'test'").await;
    let offered = auditor.get("/audit").await.attributes("#known-action option", "value");
    assert!(offered.contains(&"test.done".to_owned()) && offered.contains(&"session.sign_in".to_owned()));
    assert!(offered.is_sorted(), "{offered:?}");
}

/// A name of what is done elsewhere would say that it is done.
#[actix_web::test]
async fn who_has_a_scope_is_offered_what_was_done_in_it() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let client = Uuid::now_v7();
    app.happened("test.own", "tenant_id", &format!("'{own}'")).await;
    app.happened("test.own", "tenant_id", &format!("'{own}'")).await;
    app.happened("test.foreign", "tenant_id", &format!("'{foreign}'")).await;
    app.happened("test.of_client", "tenant_id, client_id", &format!("'{foreign}', '{client}'")).await;
    app.happened("test.nowhere", "reason", "'test'").await;
    app.execute(&format!(
        "insert into control.clients (id, tenant_id, slug, name) values ('{client}', '{foreign}', 'bakery', 'Bakery')"
    ))
    .await;
    let offered = async |person: &Person| {
        let offered = person.get("/audit").await.attributes("#known-action option", "value");
        offered.into_iter().filter(|name| name.starts_with("test.")).collect::<Vec<_>>()
    };
    assert_eq!(offered(&app.auditor().await).await, ["test.foreign", "test.nowhere", "test.of_client", "test.own"]);
    let manager = app.scoped_to_tenant(&["audit.view"], own).await;
    assert_eq!(offered(&manager).await, ["test.own"]);
    let manager = app.scoped_to_client(&["audit.view"], foreign, client).await;
    assert_eq!(offered(&manager).await, ["test.of_client"]);
    for role in ["castellan_scoped", "castellan_viewing", "castellan_acting"] {
        assert!(app.try_as(role, "select audit.known_actions()").await.is_err(), "{role}");
    }
}

/// The keys for rows open the first link of this kind, which is not that of the person.
#[actix_web::test]
async fn a_row_opens_its_event() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let page = auditor.get("/audit").await;
    let rows = page.attributes("table.listing tbody tr", "id");
    let opened: Vec<String> = rows.iter().map(|id| format!("/audit/{id}")).collect();
    assert!(!rows.is_empty());
    assert_eq!(page.attributes("table.listing tbody tr a.name", "href"), opened);
}

#[actix_web::test]
async fn what_is_not_known_is_refused_by_name() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    for (query, said) in [
        ("who=me", "There is no filter"),
        ("outcome=good", "success, failure, denied"),
        ("target=7", "an id such as"),
        ("request=x", "an id such as"),
        ("actor=%ff", "UTF-8"),
        ("action=a%00b", "text"),
        ("after=nonsense", "not a cursor"),
        ("client=bakery", "there is none of that name"),
        ("severity=fatal", "info, warning, critical"),
        ("reason_code=fun", "customer_request"),
        ("reason=maybe", "given, none"),
        ("q=.*", "letters or digits in a row"),
        ("q=a%00bc", "text"),
    ] {
        let page = auditor.get(&format!("/audit?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        assert!(page.message().contains(said), "{query}: {}", page.message());
    }
}
