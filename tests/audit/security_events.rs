//! The list of refusals and sign-in trouble.

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
async fn the_last_day_is_drawn_by_hour_and_severity() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    app.execute(
        "insert into audit.security_events (kind, severity, occurred_at) values
            ('authn_login_fail', 'warning', now()), ('malicious_burst', 'critical', now()),
            ('authn_login_fail', 'warning', now() - interval '25 hours')",
    )
    .await;
    let page = auditor.get("/security-events").await;
    let series: serde_json::Value =
        serde_json::from_str(&page.attributes(".chart", "data-series")[0]).expect("a series");
    let sum =
        |line: usize| series["y"][line].as_array().map(|line| line.iter().filter_map(|count| count.as_i64()).sum());
    assert_eq!((sum(0), sum(1), sum(2)), (Some(0), Some(1), Some(1)));
    assert_eq!(page.texts("details table tbody tr").len(), 24, "the same as a table");
    let list = auditor.htmx_get("/security-events").await;
    assert!(!list.text().contains("data-series"), "the list alone is asked for");
}

#[actix_web::test]
async fn events_are_taken_out_as_csv_and_json() {
    let app = TestApp::start().await;
    let (auditor, support) = (app.auditor().await, app.support().await);
    assert_eq!(support.get("/security-events.csv").await.status, 403);
    let csv = auditor.get("/security-events.csv?kind=authz_fail").await;
    assert!(csv.text().starts_with("id,occurred_at,kind,severity,actor_id,request_id,network,details\n"));
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
        format!("/tenants/{}", uuid::Uuid::now_v7()),
        "/tenants/nothing".into(),
        format!("/tenants/{own}/domains/{}", uuid::Uuid::now_v7()),
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
    assert_eq!(founder.get(&format!("/tenants/{}", uuid::Uuid::now_v7())).await.status, 404);
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
    let unknown: Vec<&String> =
        written.iter().filter(|kind| !castellan::db::SecurityKind::NAMES.contains(&kind.as_str())).collect();
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
