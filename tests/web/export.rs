//! Lists as CSV.

use std::collections::BTreeSet;

use crate::support::TestApp;

#[actix_web::test]
async fn three_thousand_rows_come_whole_and_once() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.many_tenants(3000).await;
    for sort in ["name", "-created_at"] {
        let page = founder.get(&format!("/tenants.csv?sort={sort}")).await;
        assert_eq!(page.status, 200);
        let mut reader = csv::Reader::from_reader(page.body.as_slice());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("readable CSV");
        assert_eq!(rows.len(), 3000, "{sort}");
        let ids: BTreeSet<&str> = rows.iter().map(|row| &row[0]).collect();
        assert_eq!(ids.len(), 3000, "{sort}");
    }
    let found = founder.get("/tenants.csv?q=tenant-299").await;
    assert_eq!(found.text().lines().count(), 1 + 11, "the export is of the list as it is narrowed");
    assert_eq!(app.events("tenants.export").await.len(), 3, "one event each, however many batches");
}

#[actix_web::test]
async fn cells_are_no_formulas_and_keep_their_quotes() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let names = ["=1+1", "+1", "-1", "@x", "a,b", "say \"hi\"", "plain", "'=quoted"];
    for (number, name) in names.into_iter().enumerate() {
        app.tenant_named(&format!("t{number}"), name).await;
    }
    let page = founder.get("/tenants.csv?sort=created_at").await;
    let mut reader = csv::Reader::from_reader(page.body.as_slice());
    let shown: Vec<String> = reader.records().map(|row| row.expect("readable CSV")[2].to_owned()).collect();
    assert_eq!(shown, ["'=1+1", "'+1", "'-1", "'@x", "a,b", "say \"hi\"", "plain", "'=quoted"]);
}

#[actix_web::test]
async fn an_empty_export_is_its_header() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let page = founder.get("/tenants.csv?status=closed").await;
    assert_eq!(page.text(), "id,slug,name,region,status,isolation,created_at,last_activity_at\n");
}

#[actix_web::test]
async fn taking_lists_out_is_a_right_of_its_own() {
    let app = TestApp::start().await;
    let support = app.support().await;
    assert_eq!(support.get("/tenants").await.status, 200);
    assert_eq!(support.get("/tenants").await.link("Export CSV"), "");
    assert_eq!(support.get("/tenants.csv").await.status, 403);
    assert_eq!(app.auditor().await.get("/tenants.csv").await.status, 200);
    assert_eq!(app.anonymous().get("/tenants.csv").await.status, 303);
}

/// Every list has both forms, of the same rows and columns.
#[actix_web::test]
async fn json_has_the_columns_of_the_csv_and_goes_on_by_cursor() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    app.many_tenants(2500).await;
    let (mut ids, mut after, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = founder.get(&format!("/tenants.json?sort=name{after}")).await;
        assert_eq!((page.status, page.header("content-type")), (200, "application/json"));
        let body: serde_json::Value = serde_json::from_slice(&page.body).expect("JSON");
        for row in body["rows"].as_array().expect("rows") {
            assert!(ids.insert(row["id"].as_str().expect("an id").to_owned()), "a row comes twice");
        }
        pages += 1;
        match body["next"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => break,
        }
    }
    assert_eq!((ids.len(), pages), (2500, 3));
    let page = founder.get("/tenants.json?q=tenant-2499").await;
    let header = founder.get("/tenants.csv?q=nothing").await.text().trim().replace(',', "\":\"");
    let columns: Vec<&str> = header.split("\":\"").collect();
    let places: Vec<usize> = columns.iter().filter_map(|name| page.text().find(&format!("\"{name}\":"))).collect();
    assert_eq!(places.len(), columns.len(), "{}", page.text());
    assert!(places.is_sorted(), "in the order of the CSV");
    assert_eq!(app.events("tenants.export").await.len(), 5, "each page that is taken out is an event");
}

#[actix_web::test]
async fn json_says_in_json_what_is_wrong() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    for (path, status, said) in [
        ("/tenants.json?status=gone", 400, "status"),
        ("/tenants.json?after=x", 400, "cursor"),
        ("/tenants/019a0000-0000-7000-8000-000000000000/people.json", 404, "nothing at this address"),
    ] {
        let page = founder.get(path).await;
        let body: serde_json::Value = serde_json::from_slice(&page.body).expect("JSON");
        assert_eq!(page.status, status, "{path}");
        assert!(body["error"].as_str().is_some_and(|error| error.contains(said)), "{path}: {body}");
        assert_eq!(body["request_id"], page.header("x-request-id"));
    }
    let page = app.anonymous().get("/tenants.json").await;
    assert_eq!((page.status, page.header("www-authenticate")), (401, "Bearer realm=\"castellan\""));
    assert!(page.text().contains("Authorization: Bearer"), "{}", page.text());
}
