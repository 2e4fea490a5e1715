//! `/clients`, `/tenants/{id}/clients` and their exports.

use crate::support::TestApp;

#[actix_web::test]
async fn an_empty_list_says_what_to_do() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let page = founder.get("/clients").await;
    assert_eq!(page.texts(".empty p"), ["There are no clients yet. Make the first one with New client."]);
    assert_eq!(page.link("New client"), "/clients/new");
    let tenant = app.tenant("northwind").await;
    let page = founder.get(&format!("/tenants/{tenant}/clients")).await;
    assert_eq!(page.texts(".empty p"), ["This tenant has no clients yet."]);
    assert_eq!(page.link("New client"), format!("/tenants/{tenant}/clients/new"));
    app.execute("update control.tenants set status = 'closed', closed_at = now()").await;
    let page = founder.get(&format!("/tenants/{tenant}/clients")).await;
    assert_eq!(page.link("New client"), "", "a closed tenant takes none");
}

#[actix_web::test]
async fn filters_narrow_and_the_tenant_is_named_and_linked() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    app.client(north, "bakery", "active").await;
    app.client(north, "florist", "draft").await;
    let butcher = app.client(south, "butcher", "active").await;
    app.execute(&format!("update control.clients set created_at = '2026-01-15 12:00Z' where id = '{butcher}'")).await;
    let found = async |path: &str| founder.get(path).await.names().join(" ");
    assert_eq!(found("/clients?sort=name").await, "Bakery Butcher Florist");
    assert_eq!(found("/clients?sort=name&status=active").await, "Bakery Butcher");
    assert_eq!(found(&format!("/clients?tenant={south}")).await, "Butcher");
    assert_eq!(
        found(&format!("/clients?sort=name&tenant={south},{north}&status=draft,active&q=b")).await,
        "Bakery Butcher"
    );
    let chips = founder.get(&format!("/clients?tenant={south}")).await.texts(".chip b");
    assert_eq!(chips, ["South"], "nobody reads an id");
    assert_eq!(found("/clients?created=2026-01-15").await, "Butcher");
    assert_eq!(found("/clients?q=FLOR").await, "Florist");
    assert_eq!(found("/clients?q=%25").await, "");
    assert_eq!(found(&format!("/tenants/{north}/clients?sort=-name")).await, "Florist Bakery");

    let page = founder.get("/clients?status=draft").await;
    assert_eq!(page.link("North"), format!("/tenants/{north}"));
    let viewer = app.person_with(&["clients.view"]).await;
    let page = viewer.get("/clients?status=draft").await;
    assert_eq!((page.link("North").as_str(), page.rows()[0][2].as_str()), ("", "North"), "a link would be refused");
    assert!(page.link("New client").is_empty() && page.link("Export CSV").is_empty() && page.link("Edit").is_empty());
}

#[actix_web::test]
async fn every_sort_pages_through_all_rows_and_back() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("north").await;
    app.execute(&format!(
        "insert into control.clients (id, tenant_id, slug, name)
        select gen_random_uuid(), '{tenant}', 'client-' || n, 'Client ' || n / 3 from generate_series(1, 120) n"
    ))
    .await;
    for list in ["/clients".to_owned(), format!("/tenants/{tenant}/clients")] {
        for sort in ["name", "-name", "created_at", "-created_at", "last_activity_at", "-last_activity_at"] {
            let (forth, last) = founder.walk(founder.get(&format!("{list}?sort={sort}")).await, "next").await;
            assert_eq!(forth.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20], "{list} {sort}");
            let (back, _) = founder.walk(last, "prev").await;
            assert_eq!(back.into_iter().rev().collect::<Vec<_>>(), forth, "{list} {sort} backwards");
        }
    }
    assert_eq!(founder.get("/clients").await.texts(".pager span").first().map(String::as_str), Some("50 of 120"));
}

#[actix_web::test]
async fn what_the_lists_do_not_know_is_refused_by_name() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("north").await;
    for (path, word) in [
        ("/clients?colour=red".to_owned(), "“colour”"),
        ("/clients?sort=slug".to_owned(), "“slug”"),
        ("/clients?status=asleep".to_owned(), "“asleep”"),
        ("/clients?tenant=north".to_owned(), "“north”"),
        (format!("/tenants/{tenant}/clients?tenant={tenant}"), "“tenant”"),
        ("/deployments?q=v1".to_owned(), "search"),
    ] {
        let page = founder.get(&path).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(page.message().contains(word), "{path}: {}", page.message());
    }
    assert_eq!(founder.get("/tenants/019a0000-0000-7000-8000-000000000000/clients").await.status, 404);
}

#[actix_web::test]
async fn exports_have_the_column_names_and_the_rows_of_their_list() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    let id = app.client(north, "bakery", "active").await;
    app.client(south, "butcher", "active").await;
    app.execute("update control.clients set contact_name = '=1+1' where slug = 'bakery'").await;
    let header =
        "id,tenant_id,slug,name,status,industry,website,contact_name,contact_email,created_at,last_activity_at";
    for path in [format!("/clients.csv?tenant={north}"), format!("/tenants/{north}/clients.csv")] {
        let page = founder.get(&path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/csv; charset=utf-8"));
        let lines: Vec<&str> = page.text().lines().collect();
        assert_eq!((lines[0], lines.len()), (header, 2));
        assert!(lines[1].starts_with(&format!("{id},{north},bakery,Bakery,active,,,'=1+1,,20")), "{}", lines[1]);
    }
    assert_eq!(app.events("clients.export").await.len(), 2);
    for nothing in [format!("/tenants/{id}/clients.csv"), format!("/clients/{north}/deployments.csv")] {
        assert_eq!(founder.get(&nothing).await.status, 404, "{nothing}");
    }
    assert_eq!(app.support().await.get("/clients.csv").await.status, 403);
}

#[actix_web::test]
async fn htmx_gets_the_list_alone() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let tenant = app.tenant("north").await;
    let client = app.client(tenant, "bakery", "active").await;
    app.deployment(client, "live").await;
    let url = format!("/clients/{client}");
    for path in [
        "/clients".to_owned(),
        format!("/tenants/{tenant}/clients"),
        format!("{url}/history"),
        format!("{url}/customizations"),
        format!("{url}/deployments"),
        "/deployments".to_owned(),
    ] {
        let (whole, fragment) = (founder.get(&path).await, founder.htmx_get(&path).await);
        assert!(whole.is_whole() && !fragment.is_whole(), "{path}");
        assert!(fragment.text().trim_start().starts_with("<div id=\"list\">"), "{path}: {}", fragment.text());
        assert!(whole.text().contains(fragment.text().trim()), "{path}: the fragment is a part of the page");
    }
}

#[actix_web::test]
async fn a_slug_leads_to_its_client_while_only_one_has_it() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    let id = app.client(north, "bakery", "active").await;
    let page = founder.get("/clients/bakery").await;
    assert_eq!((page.status, page.location()), (308, format!("/clients/{id}")));
    assert_eq!(founder.follow(&page).await.title(), "Bakery");
    let other = app.client(south, "bakery", "active").await;
    assert_eq!(founder.get("/clients/bakery").await.status, 404, "two have it");
    app.execute(&format!("update control.clients set deleted_at = now() where id = '{id}'")).await;
    assert_eq!(founder.get("/clients/bakery").await.location(), format!("/clients/{other}"));
    assert_eq!(founder.get("/clients/nobody").await.status, 404);
}
