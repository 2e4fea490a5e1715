//! The list of refusals and sign-in trouble.

use castellan::db::SecurityKind;
use uuid::Uuid;

use crate::support::TestApp;

#[actix_web::test]
async fn trouble_is_listed_and_filtered() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    app.anonymous().sign_in("stranger@example.com", "wrong").await;
    assert_eq!(support.get("/audit").await.status, 403);
    app.execute(
        "insert into audit.security_events (kind, severity, occurred_at) values
            ('session_use_after_expire', 'critical', date_trunc('month', now()) - interval '1 day')",
    )
    .await;
    let kinds = async |query: &str| -> Vec<String> {
        let page = auditor.get(&format!("/security-events{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        page.rows().into_iter().map(|row| row[1].clone()).collect()
    };
    assert_eq!(kinds("").await, ["authz_fail", "authn_login_fail", "session_use_after_expire"]);
    assert_eq!(kinds("?kind=authz_fail").await, ["authz_fail"]);
    assert_eq!(kinds("?kind=authz_fail,authn_login_fail").await, ["authz_fail", "authn_login_fail"]);
    assert_eq!(kinds("?severity=critical").await, ["session_use_after_expire"]);
    let month = app.text("select to_char(date_trunc('month', now()), 'YYYY-MM-DD')").await;
    assert_eq!(kinds(&format!("?occurred={month}..")).await, ["authz_fail", "authn_login_fail"]);
    let page = auditor.get("/security-events?kind=authz_fail").await;
    let row = page.rows().remove(0).join(" ");
    assert!(row.contains(&support.email) && row.contains("why audit.view"), "{row}");
    assert!(!auditor.get("/security-events").await.text().contains("stranger@example.com"));
}

#[actix_web::test]
async fn nothing_refused_is_said() {
    let app = TestApp::start().await;
    let page = app.auditor().await.get("/security-events").await;
    assert!(page.texts(".empty").join("").contains("Nothing was refused yet"), "{}", page.text());
}

#[actix_web::test]
async fn a_network_or_person_leads_to_its_other_events() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    app.execute(
        "insert into audit.security_events (kind, severity, network_hash)
            select 'authn_login_fail', 'warning', case when n < 4 then '\\xabcdef0123'::bytea else '\\x99' end
            from generate_series(1, 5) n",
    )
    .await;
    support.get("/audit").await;
    let page = auditor.get("/security-events").await;
    let networks = page.attributes("#list td:nth-child(5) a", "href");
    assert!(networks.contains(&"/security-events?network=abcdef0123".to_owned()), "{networks:?}");
    let page = auditor.get("/security-events?network=abcdef0123").await;
    assert_eq!((page.rows().len(), page.texts(".chip b")), (3, vec!["abcdef01".to_owned()]));
    let who = format!("/security-events?actor={}", support.id.expect("somebody"));
    assert_eq!(page.attributes("#list td:nth-child(4) a", "href").len(), 0);
    let page = auditor.get(&who).await;
    assert_eq!((page.rows().len(), page.texts(".chip b")), (1, vec![support.email.clone()]));
    for odd in ["zz", "a", "é", "%2500", "0123456789abcdef"] {
        let page = auditor.get(&format!("/security-events?network={odd}")).await;
        assert_eq!((page.status, page.rows().len()), (200, 0), "{odd}");
    }
    for (query, said) in [("kind=nothing", "authz_fail"), ("actor=me", "an id"), ("network=%00", "text")] {
        let page = auditor.get(&format!("/security-events?{query}")).await;
        assert_eq!((page.status, page.message().contains(said)), (400, true), "{query}: {}", page.message());
    }
}

#[actix_web::test]
async fn they_are_drawn_over_time_and_counted_by_value() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let tenant = app.tenant("northwind").await;
    app.execute(&format!(
        "insert into audit.security_events (kind, severity, occurred_at, tenant_id, network_hash) values
            ('authn_login_fail', 'warning', now() - interval '2 hours', '{tenant}', '\\xabcdef0123'),
            ('malicious_burst', 'critical', now() - interval '2 hours', null, null)"
    ))
    .await;
    let page = auditor.get("/security-events").await;
    let counted = auditor.get(&page.attributes("#summary a", "href")[0]).await;
    assert_eq!(counted.status, 200);
    assert!(counted.texts("#summary h2").join("").starts_with("2 events of the last 30 days"), "{}", counted.text());
    assert_eq!(
        (counted.attributes("svg .warn", "height").len(), counted.attributes("svg .bad", "height").len()),
        (1, 1)
    );
    assert_eq!(counted.attributes("svg", "data-brush"), ["/security-events"]);
    let facets = counted.texts(".facets section");
    for said in ["kind", "authn_login_fail 1", "malicious_burst 1", "northwind 1", "critical 1", "abcdef0123 1"] {
        assert!(facets.iter().any(|facet| facet.contains(said)), "{said} is not in {facets:?}");
    }
    let bar = counted.attributes("svg a", "href").pop().expect("a bar");
    assert!(bar.starts_with("/security-events?occurred=20"), "{bar}");
    let link = counted.link("northwind");
    assert_eq!(link, format!("/security-events?tenant={tenant}"));
    let page = auditor.get(&link).await;
    assert_eq!((page.rows().len(), page.texts(".chip b")), (1, vec!["northwind".to_owned()]));
    let one = auditor.get("/security-events/summary?occurred=2000-01-01..&kind=authn_login_fail").await;
    assert_eq!(one.texts("#summary h2"), ["1 event"]);
    let none = auditor.get("/security-events/summary?severity=info&kind=malicious_burst").await;
    assert!(none.text().contains("Nothing to count"));
    assert_eq!(auditor.get("/security-events/summary?kind=nothing").await.status, 400);
    assert_eq!(app.support().await.get("/security-events/summary").await.status, 403);
    let list = auditor.htmx_get("/security-events").await;
    assert!(!list.is_whole() && list.text().contains("/security-events/summary"));
}

#[actix_web::test]
async fn words_are_looked_for_in_kinds_and_details() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.execute(
        "insert into audit.security_events (kind, severity, details) values
            ('authn_login_fail', 'warning', '{\"path\": \"/tenants/Northwind\", \"why\": \"100% (a+b)*\"}'),
            ('authz_fail', 'warning', '{\"why\": \"audit.view\"}'),
            ('malicious_csrf', 'critical', '{}')",
    )
    .await;
    for (q, found) in [
        ("northwind", vec!["authn_login_fail"]),
        ("100%25", vec!["authn_login_fail"]),
        ("(a%2Bb)*%20100", vec![]),
        ("audit.view", vec!["authz_fail"]),
        ("MALICIOUS", vec!["malicious_csrf"]),
        ("authn", vec!["authn_login_fail"]),
        ("fail", vec!["authz_fail", "authn_login_fail"]),
        ("fail&severity=critical", vec![]),
        ("nowhere", vec![]),
    ] {
        let page = auditor.get(&format!("/security-events?q={q}")).await;
        let kinds: Vec<String> = page.rows().into_iter().map(|row| row[1].clone()).collect();
        assert_eq!((page.status, kinds), (200, found.into_iter().map(str::to_owned).collect()), "{q}");
    }
    for odd in ["a", "%25%25%25", "%00abc"] {
        for list in ["/security-events", "/security-events.csv", "/security-events.json", "/audit.csv"] {
            assert_eq!(auditor.get(&format!("{list}?q={odd}")).await.status, 400, "{list} {odd}");
        }
    }
}

/// Both logs lead to each other: what was refused to what was done in the same request, and back.
#[actix_web::test]
async fn what_belongs_to_one_request_is_shown_on_both_sides() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let (refusal, other, request) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::now_v7());
    let event = app.happened("test.done", "request_id", &format!("'{request}'")).await;
    app.execute(&format!(
        "insert into audit.security_events (id, kind, severity, request_id) values
            ('{refusal}', 'authz_fail', 'warning', '{request}'), ('{other}', 'malicious_burst', 'critical', null)"
    ))
    .await;
    let page = auditor.get(&format!("/audit/{event}")).await;
    assert_eq!(page.attributes("#related a", "href"), [format!("/security-events/{refusal}")]);
    let page = auditor.get(&format!("/security-events/{refusal}")).await;
    assert_eq!(page.attributes("#related a", "href"), [format!("/audit/{event}")]);
    assert_eq!(page.attributes("a[rel=bookmark]", "href"), [format!("/security-events/{refusal}")]);
    assert!(page.texts("dl.facts").join(" ").contains("Not yet"), "it has no leaf");
    app.seal().await;
    let leaf = app.text(&format!("select leaf from audit.leaves where event_id = '{refusal}'")).await;
    let page = auditor.get(&format!("/security-events/{refusal}")).await;
    assert!(page.texts("dl.facts").join(" ").contains(&format!("leaf {leaf}")), "{}", page.text());
    let alone = auditor.get(&format!("/security-events/{other}")).await;
    assert_eq!(alone.attributes("#related a", "href").len(), 0);
    for id in [refusal, other] {
        let found = auditor.get(&format!("/audit?q={id}")).await;
        assert_eq!(found.location(), format!("/security-events/{id}"), "a pasted id is found in either log");
    }
}

#[actix_web::test]
async fn events_are_taken_out_as_csv_and_json() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    assert_eq!(support.get("/security-events.csv").await.status, 403);
    let csv = auditor.get("/security-events.csv?kind=authz_fail").await;
    assert!(
        csv.text()
            .starts_with("id,occurred_at,kind,severity,actor_id,session_id,request_id,tenant_id,network,details\n")
    );
    assert_eq!(csv.text().lines().count(), 2);
    let json: serde_json::Value =
        serde_json::from_slice(&auditor.get("/security-events.json").await.body).expect("JSON");
    assert_eq!(json["rows"][0]["kind"], "authz_fail");
    assert_eq!(app.events("audit.export").await.len(), 2);
}

/// Whoever has a scope and asks for what lies outside of it is told that there is nothing, and it is noted.
#[actix_web::test]
async fn asking_for_foreign_rows_is_noted_and_a_typing_mistake_is_not() {
    let app = TestApp::start().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let (client, other) = (app.client(own, "bakery", "active").await, app.client(foreign, "canary", "active").await);
    let manager = app.manager_of_tenant(own).await;
    let keeper = app.scoped_to_client(&["clients.view", "tenants.view"], own, client).await;
    let sibling = app.client(own, "sibling", "active").await;
    let noted = async || app.number("select count(*) from audit.security_events where kind = 'authz_fail'").await;
    for path in
        [format!("/tenants/{own}"), format!("/clients/{client}"), format!("/tenants/{own}/people"), "/tenants".into()]
    {
        assert_eq!(manager.get(&path).await.status, 200, "{path}");
    }
    for path in [
        format!("/tenants/{}", Uuid::now_v7()),
        "/tenants/nothing".into(),
        format!("/tenants/{own}/domains/{}", Uuid::now_v7()),
    ] {
        assert_eq!(manager.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(noted().await, 0);
    for path in [
        format!("/tenants/{foreign}"),
        format!("/tenants/{foreign}/people"),
        format!("/tenants/{foreign}/clients.csv"),
        format!("/clients/{other}"),
        format!("/clients/{other}/deployments.json"),
        format!("/tenants/{foreign}/suspension/new"),
    ] {
        let before = noted().await;
        assert_eq!(manager.get(&path).await.status, 404, "{path}");
        assert_eq!(noted().await, before + 1, "{path}");
    }
    let before = noted().await;
    assert_eq!(manager.post_form(&format!("/tenants/{foreign}/suspension"), &[("reason", "x")]).await.status, 404);
    assert_eq!(keeper.get(&format!("/clients/{client}")).await.status, 200);
    assert_eq!(keeper.get(&format!("/clients/{sibling}")).await.status, 404);
    assert_eq!(noted().await, before + 2);
    let latest = app.text("select details from audit.security_events order by occurred_at desc limit 1").await;
    assert!(latest.contains("outside of their scope") && latest.contains("\"table\": \"clients\""), "{latest}");
    let founder = app.founder().await;
    assert_eq!(founder.get(&format!("/tenants/{}", Uuid::now_v7())).await.status, 404);
    assert_eq!(noted().await, before + 2, "who sees everything leaves nothing");
}

/// The enum is the only way to write one; this looks at what the whole walk of refusals really wrote.
#[actix_web::test]
async fn nothing_is_written_that_the_list_does_not_name() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    founder.make_token(&["tenants.export"], &[]).await;
    app.read_with("cst_", "/tenants.json").await;
    app.read_with("cst_", "/tenants").await;
    app.support().await.get("/audit").await;
    app.anonymous().sign_in("stranger@example.com", "wrong").await;
    founder.send(founder.request(reqwest::Method::POST, "/sign-out")).await;
    founder.post_body("/tenants", "application/json", b"{}".to_vec()).await;
    founder.post_form("/account/tokens", &[("scopes", "everything")]).await;
    let written = app.texts("select distinct kind from audit.security_events order by 1").await;
    let unknown: Vec<&String> = written.iter().filter(|kind| !SecurityKind::NAMES.contains(&kind.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert_eq!(
        written,
        [
            "authn_login_fail",
            "authn_token_created",
            "authn_token_fail",
            "authz_fail",
            "input_validation_discrete_fail",
            "input_validation_fail",
            "malicious_csrf"
        ]
    );
}

/// The rows of the tables in the documentation, cell by cell.
fn documented() -> Vec<Vec<&'static str>> {
    let lines = include_str!("../../docs/security-events.md").lines().filter(|line| line.starts_with("| `"));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_documentation_says_of_each_entry_of_the_vocabulary_where_it_is() {
    let levels = [("INFO", "info"), ("WARN", "warning"), ("CRITICAL", "critical")];
    let (rows, mut seen) = (documented(), Vec::new());
    for row in &rows {
        let [name, level, here] = row[..] else { panic!("{row:?} has other cells") };
        let Some(kind) = SecurityKind::named(quoted(name)[0]) else {
            assert!(!here.starts_with("Security event"), "{name} is no kind");
            continue;
        };
        seen.push(kind);
        let severity = levels.iter().find(|(theirs, _)| *theirs == level).map_or(level, |(_, ours)| ours);
        let is_said = quoted(here).contains(&kind.severity());
        assert!(kind.severity() == severity || is_said, "{name} is {}", kind.severity());
    }
    for kind in SecurityKind::ALL {
        assert!(seen.contains(kind), "{} is not documented", kind.name());
        assert!(kind.meaning().ends_with('.') && kind.meaning().len() > 20, "{}", kind.name());
    }
    assert!(rows.len() > 55, "the whole vocabulary is there");
}

#[test]
fn the_actions_that_the_documentation_names_are_those_of_routes() {
    // The walk through all routes signs in at once, where the golden table says what it left.
    let known = format!("{}\n POST /sign-in session.first_step", include_str!("../golden/elevation.txt"));
    for row in documented() {
        for word in quoted(row[2]).into_iter().filter(|word| word.contains('.') && !word.contains(' ')) {
            assert!(known.lines().any(|line| line.ends_with(&format!(" {word}"))), "{word} is no action");
        }
    }
}

#[actix_web::test]
async fn each_kind_is_explained_in_words() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    auditor.get("/roles/new").await;
    let page = auditor.get("/security-events").await;
    assert_eq!(page.texts(".kinds dt"), SecurityKind::NAMES);
    let meanings: Vec<&str> = SecurityKind::ALL.iter().map(|kind| kind.meaning()).collect();
    assert_eq!(page.texts(".kinds dd"), meanings);
    assert_eq!(auditor.get(&page.attributes(".kinds dt a", "href")[0]).await.status, 200);
    assert!(!auditor.htmx_get("/security-events").await.text().contains("What the kinds mean"));
    let id = app.text("select id from audit.security_events where kind = 'authz_fail'").await;
    let facts = auditor.get(&format!("/security-events/{id}")).await.texts("dl.facts").join(" ");
    assert!(facts.contains(SecurityKind::AuthzFail.meaning()), "{facts}");
}
