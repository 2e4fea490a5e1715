//! Finding events: by every facet, by words, by a pasted id, and counted.

use uuid::Uuid;

use crate::support::{TestApp, actions};

#[actix_web::test]
async fn client_severity_and_reason_narrow() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let (client, other) = (Uuid::now_v7(), Uuid::now_v7());
    app.happened("test.of_client", "client_id", &format!("'{client}'")).await;
    app.happened("test.of_other", "client_id", &format!("'{other}'")).await;
    app.happened("test.warned", "severity", "'warning'").await;
    app.happened("test.critical", "severity", "'critical'").await;
    app.happened("test.billed", "reason_code, reason", "'billing', 'the invoice'").await;
    app.happened("test.supported", "reason_code", "'support_case'").await;
    for (query, found) in [
        (format!("client={client}"), vec!["test.of_client"]),
        (format!("client={client},{other}"), vec!["test.of_other", "test.of_client"]),
        ("severity=critical".into(), vec!["test.critical"]),
        ("severity=critical,warning&reason=none".into(), vec!["test.critical", "test.warned"]),
        ("reason_code=billing".into(), vec!["test.billed"]),
        ("reason_code=billing,support_case".into(), vec!["test.supported", "test.billed"]),
        ("reason_code=billing,support_case&reason=none".into(), vec!["test.supported"]),
        ("reason_code=billing,support_case&reason=given".into(), vec!["test.billed"]),
        (format!("client={client}&severity=critical"), vec![]),
    ] {
        assert_eq!(actions(&auditor.get(&format!("/audit?{query}")).await), found, "{query}");
    }
}

#[actix_web::test]
async fn words_are_looked_for_in_reasons_and_in_names_of_targets() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let tenant = app.tenant("northwind").await;
    app.happened("test.reasoned", "reason", "'Asked for in ticket 4711, 100% sure (a+b)*'").await;
    app.happened("test.both", "reason, target_id", &format!("'Northwind asked', '{tenant}'")).await;
    app.happened("test.on_target", "target_id", &format!("'{tenant}'")).await;
    app.happened("test.other", "reason", "'something else'").await;
    for (q, found) in [
        ("TICKET 47", vec!["test.reasoned"]),
        ("4711, 100%25", vec!["test.reasoned"]),
        ("tick_t", vec![]),
        ("sure (a%2Bb)*", vec!["test.reasoned"]),
        ("sure.*", vec![]),
        ("northwind", vec!["test.on_target", "test.both"]),
        ("northwind&reason=given", vec!["test.both"]),
        ("nothing of the kind", vec![]),
    ] {
        assert_eq!(actions(&auditor.get(&format!("/audit?q={q}")).await), found, "{q}");
    }
    assert_eq!(auditor.get("/audit.csv?q=ticket").await.text().lines().count(), 2);
    for wrong in ["ab", "%25%25%25", &"a".repeat(10_000), "%00abc", "%ff"] {
        assert_eq!(auditor.get(&format!("/audit?q={wrong}")).await.status, 400, "{wrong:.20}");
    }
}

#[actix_web::test]
async fn where_words_are_in_too_many_names_the_page_says_what_it_leaves_out() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    for number in 0..10 {
        app.tenant(&format!("crowded-{number}")).await;
    }
    let leaves_out = async |q: &str| auditor.get(&format!("/audit?q={q}")).await.text().contains("More than ten");
    assert!(!leaves_out("crowded").await);
    app.tenant("crowded-10").await;
    assert!(leaves_out("crowded").await);
    assert!(!leaves_out("crowded-10").await);
}

/// A file that is on its way can refuse nothing any more, and what was refused was not read.
#[actix_web::test]
async fn a_refused_search_is_refused_in_every_form_and_is_no_read() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let reads = "select count(*) from audit.events where is_read";
    let before = app.number(reads).await;
    for log in ["/audit", "/security-events"] {
        for form in ["", "/summary", ".csv", ".json", ".ndjson"] {
            for q in ["ab", "%25%25%25", "a-b_c.d"] {
                let page = founder.get(&format!("{log}{form}?q={q}")).await;
                assert_eq!(page.status, 400, "{log}{form} {q}");
                let said = if page.is_whole() { page.message() } else { page.text().to_owned() };
                assert!(said.contains("q needs 3 letters or digits in a row"), "{log}{form} {q}: {said}");
            }
        }
    }
    assert_eq!(app.number(reads).await, before);
}

#[actix_web::test]
async fn a_search_goes_on_from_page_to_page() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.execute(
        "insert into audit.events (occurred_at, action, actor_kind, target_kind, reason)
        select now() - n * interval '1 second', 'test.paged', 'job', 'thing', 'because of the flood'
        from generate_series(1, 120) n",
    )
    .await;
    app.execute(
        "insert into audit.events (occurred_at, action, actor_kind, target_kind, reason)
        select now() - interval '1 hour' - n * interval '1 second', 'test.more', 'job', 'thing', 'out of the drought'
        from generate_series(1, 4100) n",
    )
    .await;
    let many = auditor.get("/audit?q=DROUGHT").await;
    assert_eq!(
        (many.rows().len(), many.attributes("a#next", "href").len()),
        (50, 1),
        "too many to name are read in order"
    );
    let mut page = auditor.get("/audit?q=flood").await;
    let mut seen = page.attributes("table.listing tbody tr", "id");
    while let Some(next) = page.attributes("a#next", "href").pop() {
        page = auditor.get(&next).await;
        seen.extend(page.attributes("table.listing tbody tr", "id"));
    }
    let all = app.texts("select id from audit.events where action = 'test.paged' order by occurred_at desc, id desc");
    assert_eq!(seen, all.await);
}

#[actix_web::test]
async fn a_pasted_id_leads_to_what_has_it() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let (request, target) = (Uuid::now_v7(), Uuid::now_v7());
    let id = app.happened("test.done", "request_id, target_id", &format!("'{request}', '{target}'")).await;
    let to = async |id: Uuid| auditor.get(&format!("/audit?q={id}")).await.location();
    assert_eq!(to(id).await, format!("/audit/{id}"));
    assert_eq!(to(request).await, format!("/audit?request={request}"));
    assert_eq!(to(target).await, format!("/audit?target={target}"));
    let unknown = auditor.get(&format!("/audit?q={}", Uuid::new_v4())).await;
    assert_eq!((unknown.status, actions(&unknown)), (200, vec![]));
}

#[actix_web::test]
async fn values_are_counted_and_lead_on() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    for severity in ["info", "info", "critical"] {
        app.happened("test.counted", "severity", &format!("'{severity}'")).await;
    }
    let list = auditor.get("/audit?action=test.counted").await;
    let address = list.attributes("#summary", "hx-get").remove(0);
    assert_eq!(list.link("Counts and a histogram of these"), address);
    let reads = app.events("audit.view").await.len();
    let page = auditor.get(&address).await;
    assert!(page.is_whole() && page.texts("#summary h2")[0].starts_with("3 events"), "{}", page.text());
    let info = page.link("info");
    assert_eq!(info, "/audit?action=test.counted&severity=info");
    assert_eq!(actions(&auditor.get(&info).await).len(), 2);
    assert_eq!(page.attributes("#summary a[aria-current]", "href"), ["/audit"], "what is chosen is taken away");
    let bars = page.attributes(".histogram a", "href");
    let mut found = 0;
    for bar in &bars[bars.len() - 2..] {
        found += actions(&auditor.get(bar).await).len();
    }
    assert_eq!(found, 3, "bars lead to their events");
    assert_eq!(page.attributes(".histogram rect.bad", "height").len(), 1);
    assert_eq!(app.events("audit.view").await.len(), reads + 4, "the counts, opened by themselves, and three lists");
    let nothing = auditor.get("/audit/summary?action=test.nothing").await;
    assert_eq!((nothing.status, nothing.texts(".histogram").len()), (200, 0));
    for (query, status) in [("who=me", 400), ("occurred=2026-02-02..2026-02-01", 400), ("occurred=1900-01-01..", 200)] {
        assert_eq!(auditor.get(&format!("/audit/summary?{query}")).await.status, status, "{query}");
    }
}

#[actix_web::test]
async fn no_more_than_ten_thousand_are_counted_and_it_is_said() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.execute(
        "insert into audit.events (occurred_at, action, actor_kind, target_kind)
        select now() - n * interval '1 second', 'test.many', 'job', 'thing' from generate_series(1, 10001) n",
    )
    .await;
    let page = auditor.get("/audit/summary?action=test.many").await;
    assert!(page.texts("#summary h2")[0].starts_with("The newest 10,000 events"), "{:?}", page.texts("#summary h2"));
    assert!(page.texts("#summary p")[0].contains("not counted"));
}

#[actix_web::test]
async fn counts_are_of_what_the_asker_may_see() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    app.happened("test.foreign", "tenant_id, reason", &format!("'{foreign}', 'canary'")).await;
    app.happened("test.own", "tenant_id, reason", &format!("'{own}', 'songbird'")).await;
    let manager = app.scoped_to_tenant(&["audit.view"], own).await;
    let page = manager.get("/audit/summary").await;
    assert!(page.text().contains("test.own") && !page.text().contains("test.foreign"), "{}", page.text());
    assert_eq!(actions(&manager.get("/audit?q=canary").await), [""; 0]);
    assert_eq!(actions(&manager.get("/audit?q=songbird").await), ["test.own"]);
    assert_eq!(app.support().await.get("/audit/summary").await.status, 403);
}

#[actix_web::test]
async fn an_event_knows_its_neighbours_its_request_and_its_leaf() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let (target, request) = (Uuid::now_v7(), Uuid::now_v7());
    let columns = "target_id, request_id, occurred_at";
    let at = |seconds: i32| format!("'{target}', '{request}', now() - interval '{seconds} seconds'");
    let first = app.happened("test.first", columns, &at(3)).await;
    let second = app.happened("test.second", columns, &at(2)).await;
    let third = app.happened("test.third", "target_id", &format!("'{target}'")).await;
    app.execute(&format!(
        "insert into audit.leaves (leaf, log, event_id, occurred_at)
        select 4711, 'events', id, occurred_at from audit.events where id = '{second}'"
    ))
    .await;
    let page = auditor.get(&format!("/audit/{second}")).await;
    assert_eq!(page.attributes("a#before", "href"), [format!("/audit/{first}")]);
    assert_eq!(page.attributes("a#after", "href"), [format!("/audit/{third}")]);
    assert_eq!(page.texts("#related a"), ["test.first"]);
    assert!(page.texts("dl.facts").join(" ").contains("leaf 4,711"), "{}", page.text());
    let page = auditor.get(&format!("/audit/{third}")).await;
    assert!(page.texts("dl.facts").join(" ").contains("Not yet"), "{}", page.text());
    assert!(page.attributes("a#after", "href").is_empty() && page.texts("#related").is_empty());
}

#[actix_web::test]
async fn what_was_erased_is_said_and_ids_have_names() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let tenant = app.tenant("northwind").await;
    let id = Uuid::new_v4();
    app.execute(&format!(
        "insert into audit.events (id, occurred_at, action, actor_kind, target_kind, commitments)
            values ('{id}', now(), 'test.erased', 'job', 'thing', '{{\"reason\": \"00\"}}');
        insert into audit.changes (event_id, occurred_at, table_name, op, after, commitments)
            values ('{id}', now(), 'things', 'insert',
                '{{\"tenant_id\": \"{tenant}\", \"is_primary\": true}}', '{{\"email\": \"00\"}}')"
    ))
    .await;
    let page = auditor.get(&format!("/audit/{id}")).await;
    assert_eq!(page.texts("dl.facts em"), ["erased"]);
    let rows = page.texts("ol.history .diff div");
    assert!(rows.contains(&"email erased".to_owned()) && rows.contains(&"is_primary yes".to_owned()), "{rows:?}");
    assert!(rows.contains(&"tenant_id northwind".to_owned()), "{rows:?}");
}

#[actix_web::test]
async fn a_security_event_has_a_page() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    support.get("/audit").await;
    let list = auditor.get("/security-events").await;
    let address = list.attributes("table.listing tbody tr td:first-child a", "href").remove(0);
    let page = auditor.get(&address).await;
    assert_eq!((page.status, page.title()), (200, "authz_fail".to_owned()));
    let facts = page.texts("dl.facts").join(" ");
    assert!(facts.contains(&support.email) && facts.contains("Sealed"), "{facts}");
    let request = page.link("its events").replace("/audit?request=", "");
    assert_eq!(auditor.get(&format!("/security-events?request={request}")).await.rows().len(), 1);
    assert_eq!(support.get(&address).await.status, 403);
    assert_eq!(auditor.get(&format!("/security-events/{}", Uuid::new_v4())).await.status, 404);
    let read = app.events("audit.view").await.into_iter().filter(|event| event.details["asked_for"] == address);
    assert_eq!(read.count(), 1, "the page is a read");
}
