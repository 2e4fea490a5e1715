//! `/tenants` and `/tenants.csv`.

use crate::support::TestApp;

#[actix_web::test]
async fn an_empty_list_says_what_to_do() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let page = founder.get("/tenants").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.texts(".empty p"), ["There are no tenants yet. Make the first one with New tenant."]);
    assert_eq!(page.link("New tenant"), "/tenants/new");

    let page = founder.get("/tenants?status=closed").await;
    assert_eq!(page.texts(".empty p"), ["Nothing matches these filters."]);
    assert_eq!(page.link("Clear all filters"), "/tenants");
}

#[actix_web::test]
async fn filters_narrow_and_their_values_are_alternatives() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for slug in ["alpha", "beta", "gamma"] {
        app.tenant(slug).await;
    }
    app.execute("update control.tenants set region = 'us-east', created_at = '2026-01-15 12:00Z' where slug = 'beta'")
        .await;
    app.execute(
        "update control.tenants set status = 'suspended', suspended_at = now(), suspension_reason = 'x' where slug = 'gamma'",
    )
    .await;
    let found = async |query: &str| {
        let mut names = founder.get(&format!("/tenants?sort=name&{query}")).await.names();
        names.sort();
        names.join(" ")
    };
    assert_eq!(found("status=active").await, "Alpha Beta");
    assert_eq!(found("status=active,suspended").await, "Alpha Beta Gamma");
    assert_eq!(found("status=active&status=suspended").await, "Alpha Beta Gamma");
    assert_eq!(found("status=active&region=us-east").await, "Beta");
    assert_eq!(found("created=2026-01-15").await, "Beta");
    assert_eq!(found("created=..2026-01-15").await, "Beta");
    assert_eq!(found("created=2026-01-16..").await, "Alpha Gamma");
    assert_eq!(found("created=2026-01-14..2026-01-15").await, "Beta");
    assert_eq!(found("status=").await, "Alpha Beta Gamma");
}

#[actix_web::test]
async fn search_finds_name_slug_and_domain_and_takes_wildcards_as_text() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let northwind = app.tenant_named("nw-main", "Northwind Traders").await;
    app.tenant_named("fabrikam", "100% Fabrikam_Inc").await;
    app.execute(&format!(
        "insert into control.tenant_domains (id, tenant_id, domain, verification_token)
        values (gen_random_uuid(), '{northwind}', 'Shop.Example.org', 'token-of-sixteen-letters')"
    ))
    .await;
    let found = async |q: &str| founder.get(&format!("/tenants?q={q}")).await.names().join(" ");
    assert_eq!(found("wind").await, "Northwind Traders");
    assert_eq!(found("NORTHWIND").await, "Northwind Traders");
    assert_eq!(found("nw-ma").await, "Northwind Traders");
    assert_eq!(found("shop.example").await, "Northwind Traders");
    assert_eq!(found("0%25").await, "100% Fabrikam_Inc");
    assert_eq!(found("%25").await, "100% Fabrikam_Inc");
    assert_eq!(found("m_I").await, "100% Fabrikam_Inc");
    assert_eq!(found("a_b").await, "");
    assert_eq!(found("%5C").await, "");
    assert_eq!(found("%27").await, "");
}

#[actix_web::test]
async fn chips_take_one_filter_away_and_sorting_keeps_them() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.tenant("alpha").await;
    let page = founder.get("/tenants?status=active&region=eu-west&q=alp&sort=name").await;
    let mut chips = page.attributes(".chip a", "href");
    chips.sort();
    assert_eq!(
        chips,
        [
            "/tenants?region=eu-west&q=alp&sort=name",
            "/tenants?status=active&q=alp&sort=name",
            "/tenants?status=active&region=eu-west&sort=name",
        ]
    );
    assert_eq!(page.attributes("th[aria-sort]", "aria-sort"), ["ascending"]);
    assert_eq!(page.link("Name"), "/tenants?status=active&region=eu-west&q=alp&sort=-name");
    assert_eq!(page.link("Export CSV"), "/tenants.csv?status=active&region=eu-west&q=alp&sort=name");
}

#[actix_web::test]
async fn every_sort_pages_through_all_rows_and_back() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    // All made at the same moment, three of each name: only the id tells them apart.
    app.many_tenants(120).await;
    for sort in ["name", "-name", "created_at", "-created_at", "last_activity_at", "-last_activity_at"] {
        let (forth, last) = founder.walk(founder.get(&format!("/tenants?sort={sort}")).await, "next").await;
        assert_eq!(forth.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20], "{sort}");
        let mut ids = forth.concat();
        let (back, first) = founder.walk(last, "prev").await;
        let again: Vec<Vec<String>> = back.into_iter().rev().collect();
        assert_eq!(again, forth, "{sort} backwards");
        assert!(first.attributes("a[rel=prev]", "href").is_empty(), "{sort}: the first page has none before it");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 120, "{sort} leaves out or repeats rows");
    }
    let page = founder.get("/tenants?sort=-name").await;
    let mut sorted = page.names();
    sorted.sort_by(|a, b| b.cmp(a));
    assert_eq!(page.names(), sorted);
    assert_eq!(page.texts(".pager span").first().map(String::as_str), Some("50 of 120"));
}

#[actix_web::test]
async fn what_the_list_does_not_know_is_refused_by_name() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.many_tenants(60).await;
    let next = founder.get("/tenants?sort=name").await.attributes("a[rel=next]", "href").remove(0);
    let cursor = next.split("after=").nth(1).expect("a cursor").to_owned();
    for (query, words) in [
        ("colour=red", vec!["“colour”", "status", "region", "created"]),
        ("sort=region", vec!["sort", "“region”", "name", "created_at", "last_activity_at"]),
        ("status=asleep", vec!["status", "“asleep”", "active", "suspended"]),
        ("region=mars", vec!["region", "“mars”", "eu-west"]),
        ("created=yesterday", vec!["created", "2026-01-01..2026-01-31"]),
        ("created=2026-02-01..2026-01-01", vec!["created"]),
        ("after=nonsense", vec!["after"]),
        (&format!("sort=-created_at&after={cursor}"), vec!["after"]),
    ] {
        let page = founder.get(&format!("/tenants?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        for word in words {
            assert!(page.message().contains(word), "{query} should name {word}: {}", page.message());
        }
    }
}

#[actix_web::test]
async fn export_has_the_column_names_and_the_rows_of_the_list() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("alpha").await;
    app.tenant("beta").await;
    app.execute("update control.tenants set region = 'us-east' where slug = 'beta'").await;
    let page = founder.get("/tenants.csv?region=eu-west&sort=name").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(page.header("content-disposition"), "attachment; filename=\"tenants.csv\"");
    let lines: Vec<&str> = page.text().lines().collect();
    assert_eq!(lines[0], "id,slug,name,region,status,isolation,created_at,last_activity_at");
    assert!(lines[1].starts_with(&format!("{id},alpha,Alpha,eu-west,active,row,20")), "{}", lines[1]);
    assert_eq!(lines.len(), 2);

    let read = app.event("tenants.export").await;
    assert!(read.is_read);
    assert_eq!(read.details["asked_for"], "/tenants.csv?region=eu-west&sort=name");
}

#[actix_web::test]
async fn htmx_gets_the_list_alone_and_everybody_else_the_page() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.tenant("alpha").await;
    let whole = founder.get("/tenants").await;
    let fragment = founder.htmx_get("/tenants").await;
    assert!(whole.is_whole() && !fragment.is_whole());
    assert!(fragment.text().trim_start().starts_with("<div id=\"list\">"), "{}", fragment.text());
    assert_eq!(fragment.names(), whole.names());
    assert!(whole.text().contains(fragment.text().trim()), "the fragment is a part of the page");
    assert!(whole.header("vary").contains("HX-Request"));
}

#[actix_web::test]
async fn a_slug_leads_to_the_one_address_of_its_tenant() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let id = app.tenant("alpha").await;
    let page = founder.get("/tenants/alpha").await;
    assert_eq!((page.status, page.location()), (308, format!("/tenants/{id}")));
    assert_eq!(founder.follow(&page).await.title(), "Alpha");
    assert_eq!(founder.get("/tenants/nobody").await.status, 404);
    assert_eq!(founder.get("/tenants/019a0000-0000-7000-8000-000000000000").await.status, 404);
}
