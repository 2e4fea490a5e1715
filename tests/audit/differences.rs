//! What changed in a tenant between two moments.

use uuid::Uuid;

use crate::support::{Page, TestApp};

/// Writes a change of a tenant's row as it may have happened so many minutes ago.
async fn happened(app: &TestApp, tenant: Uuid, kind: &str, row: Uuid, minutes: i64, op: &str, values: [&str; 2]) {
    let text = |json: &str| if json.is_empty() { "null".to_owned() } else { format!("'{json}'") };
    app.execute(&format!(
        "insert into audit.changes (event_id, occurred_at, table_name, row_id, op, before, after, tenant_id)
        values (gen_random_uuid(), date_trunc('second', now()) - interval '{minutes} minutes', '{kind}', '{row}', '{op}', {}, {}, '{tenant}')",
        text(values[0]),
        text(values[1])
    ))
    .await;
}

async fn moment(app: &TestApp, minutes: i64) -> String {
    let at = format!("date_trunc('second', now()) - interval '{minutes} minutes'");
    app.text(&format!("select to_char(({at}) at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")).await
}

/// What became of each object of a kind.
fn objects(page: &Page, kind: &str) -> Vec<String> {
    assert_eq!(page.status, 200, "{}: {}", page.path, page.message());
    page.texts(&format!("#{kind} ol.history > li"))
}

#[actix_web::test]
async fn of_each_object_there_is_one_difference() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let tenant = app.tenant("northwind").await;
    let [changed, made, gone, passing, back, hidden] = [(); 6].map(|()| Uuid::now_v7());
    let of = async |row, minutes, op, values| happened(&app, tenant, "things", row, minutes, op, values).await;
    of(changed, 70, "insert", ["", r#"{"name": "Old", "hue": 1}"#]).await;
    of(changed, 50, "update", [r#"{"hue": 1, "version": 1}"#, r#"{"hue": 2, "version": 2}"#]).await;
    of(changed, 40, "update", [r#"{"hue": 2, "name": "Old"}"#, r#"{"hue": 3, "name": "New"}"#]).await;
    of(changed, 10, "update", [r#"{"hue": 3}"#, r#"{"hue": 4}"#]).await;
    of(made, 45, "insert", ["", r#"{"name": "Fresh"}"#]).await;
    of(gone, 45, "delete", [r#"{"name": "Lost"}"#, ""]).await;
    of(passing, 45, "insert", ["", r#"{"name": "Short"}"#]).await;
    of(passing, 44, "delete", [r#"{"name": "Short"}"#, ""]).await;
    of(back, 45, "update", [r#"{"hue": 1}"#, r#"{"hue": 2}"#]).await;
    of(back, 44, "update", [r#"{"hue": 2}"#, r#"{"hue": 1}"#]).await;
    of(hidden, 45, "update", [r#"{"deleted_at": null}"#, r#"{"deleted_at": "2026-11-21T09:12:03+00:00"}"#]).await;

    let (from, until) = (moment(&app, 60).await, moment(&app, 30).await);
    let page = auditor.get(&format!("/audit/tenants/{tenant}?between={from}..{until}")).await;
    assert_eq!(page.title(), "What changed in Northwind");
    let objects = objects(&page, "things");
    assert_eq!(objects[0], "changed New hue 1 → 3 name Old → New", "from before the first to after the last");
    assert!(objects[1].starts_with("created Fresh") && objects[2].starts_with("deleted Lost"), "{objects:?}");
    assert!(objects[3].starts_with("deleted") && objects[3].contains(&hidden.to_string()), "{objects:?}");
    assert_eq!(objects.len(), 4, "what was changed back is no difference: {objects:?}");
    assert!(page.text().contains("1 object was made and removed again"));
    assert!(page.texts(".panel h2").iter().all(|kind| kind.starts_with("things")), "the tenant itself was made later");
    let state = auditor.get(&page.attributes("#things li a", "href")[0]).await;
    assert_eq!(state.rows()[0][..2], ["hue", "3"], "as it was at the end");

    let page = auditor.get(&format!("/audit/tenants/{tenant}")).await;
    assert_eq!(page.texts("#tenants li p"), ["Northwind"]);
    assert!(page.texts("#things li")[0].contains("hue 4"), "unasked, it is the last thirty days: {}", page.text());
    let one = auditor.get(&format!("/audit/tenants/{tenant}?kind=tenants")).await;
    assert_eq!((one.texts("#tenants li").len(), one.texts("#things li").len()), (1, 0));
}

#[actix_web::test]
async fn many_changes_are_shown_in_parts_and_none_is_left_out() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let tenant = app.tenant("northwind").await;
    app.execute(&format!(
        "insert into audit.changes (event_id, occurred_at, table_name, row_id, op, after, tenant_id)
        select gen_random_uuid(), now() - n * interval '1 second', case when n < 4 then 'few' else 'many' end,
            gen_random_uuid(), 'insert', jsonb_build_object('name', 'Thing ' || n), '{tenant}'
        from generate_series(1, 10050) n"
    ))
    .await;
    let page = auditor.get(&format!("/audit/tenants/{tenant}")).await;
    assert!(page.texts(".banner").join("").contains("More than 10,000 changes"), "{:?}", page.texts(".banner"));
    assert_eq!((objects(&page, "few").len(), objects(&page, "many").len()), (3, 50));
    let all = page.attributes("#many .more a", "href");
    let page = auditor.get(&all[0]).await;
    assert_eq!(objects(&page, "many").len(), 1000);
    assert!(page.texts("#many .more").join("").contains("first 1000"), "{:?}", page.texts("#many .more"));

    let parts = async |kind: &str| {
        let (mut page, mut counts) = (auditor.get(&format!("/audit/tenants/{tenant}?kind={kind}")).await, Vec::new());
        loop {
            counts.push(page.texts(&format!("#{kind} h2 span")).concat());
            let Some(earlier) = page.attributes("a[rel=prev]", "href").pop() else { return counts };
            page = auditor.get(&earlier).await;
        }
    };
    assert_eq!(parts("many").await, ["10,000", "47"]);
    // What one event did is never in two parts.
    app.execute(&format!(
        "insert into audit.changes (event_id, occurred_at, table_name, row_id, op, after, tenant_id)
        select gen_random_uuid(), now() - least(n / 10005, 1) * interval '1 hour' - interval '1 second', 'bulk',
            gen_random_uuid(), 'insert', '{{}}', '{tenant}'
        from generate_series(0, 10006) n"
    ))
    .await;
    assert_eq!(parts("bulk").await, ["10,005", "2"]);
}

#[actix_web::test]
async fn a_stretch_that_ends_before_it_begins_is_refused_by_name() {
    let app = TestApp::start().await;
    let auditor = app.auditor().await;
    let tenant = app.tenant("northwind").await;
    let url = format!("/audit/tenants/{tenant}");
    for between in ["2026-02-02..2026-02-01", "yesterday", "..", "2026-02-01T10:00Z..2026-02-01T10:00Z"] {
        let page = auditor.get(&format!("{url}?between={between}")).await;
        assert_eq!(page.status, 400, "{between}");
        assert!(page.message().starts_with("between cannot be"), "{between}: {}", page.message());
    }
    assert_eq!(auditor.get(&format!("{url}?since=2026-01-01")).await.status, 400);
    assert!(app.events("audit.view").await.is_empty(), "nothing was read");
    let page = auditor.get(&format!("{url}?between=2020-01-01..2020-01-31")).await;
    assert!(page.texts(".empty").join("").contains("Nothing differs"), "{}", page.text());
    assert!(app.event("audit.view").await.is_read);
}

#[actix_web::test]
async fn it_is_reached_from_the_tenant_and_from_the_log() {
    let app = TestApp::start().await;
    let founder = app.founder().await;
    let (own, foreign) = (app.tenant("own").await, app.tenant("foreign").await);
    let page = format!("/audit/tenants/{own}");
    for path in [format!("/tenants/{own}"), format!("/tenants/{own}/history")] {
        assert_eq!(founder.get(&path).await.link("between two moments"), page, "{path}");
        assert_eq!(app.support().await.get(&path).await.link("between two moments"), "");
    }
    let summary = founder.get(&format!("/audit/summary?tenant={own}")).await;
    let link = summary.link("What changed in this tenant between these moments");
    assert!(link.starts_with(&format!("{page}?between=")), "{link}");
    assert_eq!(founder.get(&link).await.texts("#tenants li p"), ["Own"]);
    assert_eq!(founder.get("/audit/summary").await.link("What changed in this tenant between these moments"), "");
    let manager = app.scoped_to_tenant(&["audit.view"], own).await;
    assert_eq!(manager.get(&page).await.texts("#tenants li p"), ["Own"]);
    assert_eq!(manager.get(&format!("/audit/tenants/{foreign}")).await.status, 404);
}
